"""The semantic passes, one per file."""
