"""What can go wrong while an object is finished."""

from __future__ import annotations

from aotrace.compiler.codegen.errors import CodegenError


class ObjectError(CodegenError):
    """LLVM's object is not what the object writer expects: a fault of the compiler's own."""
