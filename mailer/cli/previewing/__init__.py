"""The preview: an edition on a local page, and what can be done from there."""
