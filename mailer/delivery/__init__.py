"""WHAT BECOMES of it: messages, replies, retries, pace, and the state table."""
