"""Whether the predictions differ between groups."""
