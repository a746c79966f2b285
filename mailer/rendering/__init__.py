"""HOW it looks: cut for an audience, composed to MJML, HTML, plain text and page."""
