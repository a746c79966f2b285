"""What comes back: bounces, complaints, mails that unsubscribe."""
