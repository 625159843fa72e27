"""Trees as games of the conditions on their paths: exact shares for many rows against many background rows."""
