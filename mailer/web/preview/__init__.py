"""`mailer preview` in a browser."""
