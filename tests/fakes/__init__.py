"""Stand-ins that keep their port's contract, for tests of the flows."""
