"""Chaos: the real command is killed, stopped, starved; what its readers got is counted."""
