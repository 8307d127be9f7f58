"""One record per probe type."""
