"""Rules to unwind the stacks of traced processes by, for programs that walk them (dw_ustack)."""
