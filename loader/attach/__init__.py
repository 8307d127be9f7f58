"""One attach mechanism per file; the object's metadata names it."""
