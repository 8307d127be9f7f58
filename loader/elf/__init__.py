"""ELF files of user space, read with the standard library alone."""
