"""Commands about runs: approval, calendar, sending, what became of whom, a hand on the brake."""
