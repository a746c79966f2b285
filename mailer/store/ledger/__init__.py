"""Runs and deliveries over SQL, and what operators and senders keep beside them."""
