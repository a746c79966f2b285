"""``mailer doctor``: whether everything that a send needs is as it should be."""
