"""How messages leave and arrive: SMTP to the relay, and a trial inbox."""
