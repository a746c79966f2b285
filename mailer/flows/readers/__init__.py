"""What readers do and what is done for them: joining, choosing, leaving, voting, reading on the web."""
