"""Readers over SQL: who they are, what they take, chose, said, and what came back."""
