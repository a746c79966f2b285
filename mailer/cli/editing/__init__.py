"""Commands about an edition before it leaves: begun, gathered, checked, seen, rendered."""
