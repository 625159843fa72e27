"""Evidence that others can check: statements about a report folder, their signatures, and the check of both."""
