"""How an edition begins: a text full of gaps, from a shape or from the last edition."""
