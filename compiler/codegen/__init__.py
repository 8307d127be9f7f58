"""Typed AST to an LLVM module and LLVM's object."""
