"""What an editor should know before sending: one module per group of rules."""
