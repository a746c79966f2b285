"""How Markdown becomes an edition: text in, a tree or every fault of it out."""
