"""Commands about the machine: services, database, keys, relays, settings, the look over it all."""
