"""What claims to be fast, measured beside what it beats; see ``make bench``."""
