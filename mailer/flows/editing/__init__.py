"""The edition before it leaves: read, filled with material, rendered, looked at."""
