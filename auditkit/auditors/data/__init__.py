"""Data: who is in the table, and what is missing from it."""
