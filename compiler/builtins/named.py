"""Numbers of the kernel's ABI by name: a table in .rodata, an entry for each number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from aotrace.compiler.builtins.accepts import INTEGER
from aotrace.compiler.builtins.record import Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.kernel import names
from aotrace.compiler.types import Str

_SIZE = 64  # bytes of the string that a script gets
_ALIGN = 8


def _table(known: Mapping[int, str], unknown: str) -> tuple[bytes, int, int]:
    """All entries, the last of them for what has no name; the size of one; how many there are."""
    texts = [known.get(number, unknown).encode() for number in range(max(known) + 1)]
    texts.append(unknown.encode())
    size = -(-(max(map(len, texts)) + 1) // _ALIGN) * _ALIGN
    return b"".join(text.ljust(size, b"\0") for text in texts), size, len(texts)


def _named(
    known: Mapping[int, str], unknown: str, negated: bool, e: Emitter, site: Site,
    target: Reg | None,
) -> Reg:  # fmt: skip
    """negated: a negative number stands for its positive one."""
    table, size, count = _table(known, unknown)
    number = e.op("ashr", e.op("shl", e.value(site.args[0]), 32), 32)
    if negated:
        number = e.select(e.op("slt", number, 0), e.op("sub", 0, number), number)
    place = e.bounded(number, count - 1)  # below 0 it is a very large number
    entry = e.offset(e.blob(table), e.op("mul", place, size), step=_ALIGN)
    target = e.slot(_SIZE) if target is None else target
    e.copy(target, entry, size)
    return target


def _syscall(e: Emitter, site: Site, target: Reg | None) -> Reg:
    known = names.syscall_names(e.arch)
    return _named(known, names.UNKNOWN_SYSCALL, False, e, site, target)


def _function(name: str, doc: str, emit: object) -> Function:
    return Function(
        name,
        doc,
        (Parameter("number", INTEGER),),
        lambda _: Str(_SIZE, padded=False),
        emit,  # type: ignore[arg-type]
    )


NAMED = (
    _function(
        "strerror", "What an error number means, negative or not.",
        partial(_named, names.ERRORS, names.UNKNOWN_ERROR, True),
    ),
    _function(
        "signal_name", "What a signal means.",
        partial(_named, names.SIGNALS, names.UNKNOWN_SIGNAL, False),
    ),
    _function("syscall_name", "The name of a system call.", _syscall),
)  # fmt: skip
