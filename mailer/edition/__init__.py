"""WHAT we publish: the edition as an immutable tree, and how it is read from Markdown."""
