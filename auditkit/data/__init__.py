"""Tables: read from files, taken from frames, and handed out as codes, numbers, hashes or pandas frames."""
