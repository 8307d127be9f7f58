"""The finished object: CO-RE relocations, local BTF and metadata added to LLVM's object."""
