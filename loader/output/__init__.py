"""How events and maps become text or JSON."""
