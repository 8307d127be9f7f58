"""Files of user space on the build host: types, parameters and lines, from their DWARF."""
