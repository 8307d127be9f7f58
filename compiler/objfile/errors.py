"""What can go wrong while an object is finished."""

from __future__ import annotations


class ObjectError(Exception):
    """LLVM's object is not what the object writer expects: a fault of the compiler's own."""
