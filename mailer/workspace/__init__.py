"""The newsroom's folder: editions, pictures, themes and snippets on disk."""
