"""What addresses are called: those of the kernel, those of processes, those of call stacks."""
