"""The ledger and the readers on SQLite or PostgreSQL: one schema, two dialects."""
