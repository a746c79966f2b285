"""WHOM we write to: addresses, subscribers, suppressions, tokens, rosters."""
