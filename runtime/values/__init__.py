"""One file per kind of value: its layout and its formatting together."""
