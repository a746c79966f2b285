"""The command line: what operators and editors type."""
