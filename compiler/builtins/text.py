"""Strings from memory."""

from __future__ import annotations

from collections.abc import Sequence

from aotrace.compiler.builtins.accepts import INTEGER, TEXT
from aotrace.compiler.builtins.record import Constant, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg, keep_cut
from aotrace.compiler.syntax.nodes import Binary, Param, ParamCount, StrLit
from aotrace.compiler.types import Str, Type

#: From this max_strlen on, bpftrace does not tell a string that was cut from one that just fits.
_UNMARKED = 1024


def _fold(constants: Sequence[Constant]) -> Constant:
    """A literal, or a number as its digits, cut to a length that is a literal too."""
    data, *lengths = constants
    if data is None or isinstance(data, bool) or not all(isinstance(n, int) for n in lengths):
        return None
    text = data if isinstance(data, bytes) else str(data).encode()
    return text[: max(int(lengths[0] or 0), 0)] if lengths else text


def _nul(site: Site) -> int:
    """Bytes beyond the length asked for: in memory it counts the NUL, of a script's parameter and
    of a literal it does not (docs/stdlib.md of bpftrace, and its constant folding)."""
    data, *lengths = site.args
    given = isinstance(data.left if isinstance(data, Binary) else data, (Param, StrLit))
    settled = site.constants[1:] != (None,) or isinstance(lengths[0], (Param, ParamCount))
    return 1 if given and settled else 0


def _capacity(site: Site) -> int:
    """Bytes with the NUL: the length asked for, at most max_strlen."""
    folded = _fold(site.constants)
    if isinstance(folded, bytes):
        return len(folded) + 1
    limit = site.context.config.max_strlen
    asked = site.constants[1] if len(site.constants) > 1 else None
    known = isinstance(asked, int) and asked >= 0
    length = min(max(int(asked or 0) + _nul(site), 1), limit) if known else limit
    own = site.types[0]
    return min(length, own.capacity) if isinstance(own, Str) else length


def _str_type(site: Site) -> Type:
    own = site.types[0]
    return Str(_capacity(site), padded=False, whole=isinstance(own, Str) and own.whole)


def _check(site: Site) -> None:
    asked = site.constants[1] if len(site.constants) > 1 else None
    limit = site.context.config.max_strlen
    if isinstance(site.args[0], ParamCount):
        site.error("$# is a number, not an address", "print it with %d", arg=0)
    if isinstance(asked, int) and asked < 0:
        site.error(f"str() cannot give {asked} bytes", arg=1)
    elif isinstance(asked, int) and asked + _nul(site) > limit:
        site.warning(f"str() gives at most {limit} bytes", "raise max_strlen to get more", arg=1)


def _str(e: Emitter, site: Site, target: Reg | None) -> Reg:
    capacity = _capacity(site)
    target = e.slot(capacity) if target is None else target
    e.store(target, 0, 1, e.const(0))  # an unreadable string is empty
    (reader, address), asked = e.source(site.args[0]), _asked(e, site)
    length = e.const(capacity)
    if asked is not None and site.constants[1] is None:
        length = e.select(e.op("ult", asked, capacity), asked, capacity)
    with e.placed(site.reading(0)):
        got = e.helper(f"{reader}_str", target, length, address)
    if _keeps_last(site, capacity):
        whole = e.const(1) if asked is None else e.op("ugt", asked, capacity)
        last = e.offset(address, capacity - 1)
        keep_cut(e, reader, target, capacity, last, e.select(whole, got, 0))
    return target


def _keeps_last(site: Site, capacity: int) -> bool:
    """Whether a text that fills all of its place has no NUL there."""
    own, limit = site.types[0], site.context.config.max_strlen
    if isinstance(own, Str) and own.capacity <= limit:
        return capacity == own.capacity
    return own.scalar and capacity == limit < _UNMARKED


def _asked(e: Emitter, site: Site) -> Reg | None:
    """The length asked for, with the NUL."""
    return e.op("add", e.value(site.args[1]), _nul(site)) if len(site.args) > 1 else None


TEXT_FUNCTIONS = (
    Function(
        "str", "The string at an address, up to max_strlen or to a length of its own.",
        (Parameter("data", TEXT, text=True), Parameter("length", INTEGER, optional=True)),
        _str_type, _str, _check, fold=_fold,
    ),
)  # fmt: skip
