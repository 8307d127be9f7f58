"""Strings taken apart and put together: their length, what they hold, how they compare.

What looks through a string goes over a copy of it, padded with zeros, in the program's own
memory: a word at each place is then compared without a look at where the string ends. Results are
kept in a region, too: of a number on the stack the verifier would know which turn of the loop it
came from, and follow each to the end of the program.
"""

from __future__ import annotations

from collections.abc import Sequence

from aotrace.compiler.builtins.accepts import INTEGER, PRINTABLE, STRING
from aotrace.compiler.builtins.record import Accepts, Constant, Function, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import INT64, NONE, UINT64, Array, Bool, Int, Pointer, Str, Type

_JOINED = 1024  # bytes of str_concat()
_WORD = 8
_MOST = 2048  # bytes of both strings of a search for what is not known at build
_CHARACTERS = "a string, an array of characters or a pointer to them"


def _is_character(kind: Type) -> bool:
    return isinstance(kind, Int) and kind.width == 1


def _is_string_like(kind: Type) -> bool:
    if isinstance(kind, (Array, Pointer)):
        return _is_character(kind.element if isinstance(kind, Array) else kind.target)
    return isinstance(kind, Str)


_TEXT = Accepts(_CHARACTERS, _is_string_like)
_HAYSTACK, _NEEDLE = Parameter("haystack", _TEXT), Parameter("needle", _TEXT)


def _text_of(constant: Constant) -> bytes | None:
    """A literal up to its NUL."""
    return constant.partition(b"\0")[0] if isinstance(constant, bytes) else None


def _capacity(site: Site, index: int) -> int:
    """Most bytes that a string has, its NUL included where it has one."""
    kind = site.types[index]
    return site.context.config.max_strlen if isinstance(kind, Pointer) else kind.size


def _copied(e: Emitter, site: Site, index: int, room: int) -> tuple[Reg, Reg]:
    """A copy of a string with zeros behind it, `room` bytes in all; and its length."""
    capacity, copy = _capacity(site, index), e.region(room)
    e.zero(copy, room)
    text = _text_of(site.constants[index])
    if text is not None:
        e.copy(copy, e.blob(text + b"\0"), len(text) + 1)
        return copy, e.const(len(text))
    reader, address = e.source(site.args[index])
    with e.placed(site.reading(index)):
        got = e.helper(f"{reader}_str", copy, capacity + 1, address)
    length = e.select(e.op("sgt", got, 0), e.op("sub", got, 1), 0)
    return copy, e.bounded(length, capacity)


# --- length ----------------------------------------------------------------------------------


def _strlen(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    text = _text_of(site.constants[0])
    if text is not None:
        return e.const(len(text))
    return _copied(e, site, 0, _rounded(_capacity(site, 0) + 1))[1]


def _strlen_fold(constants: Sequence[Constant]) -> Constant:
    text = _text_of(constants[0])
    return len(text) if text is not None else None


def _strcap(e: Emitter, site: Site, target: Reg | None) -> Reg:
    known = _known_capacity(site)
    return e.const(int(known)) if known is not None else _strlen(e, site, target)


def _known_capacity(site: Site) -> int | None:
    kind = site.types[0]
    return None if isinstance(kind, Pointer) else kind.size


# --- search ----------------------------------------------------------------------------------


def _rounded(size: int) -> int:
    return -(-size // _WORD) * _WORD


def _find(e: Emitter, site: Site) -> Reg:
    """Where the needle begins, else -1."""
    needle = _text_of(site.constants[1])
    return _find_any(e, site) if needle is None else _find_literal(e, site, needle)


def _find_literal(e: Emitter, site: Site, needle: bytes) -> Reg:
    """Each place is compared with all of the needle, word by word."""
    capacity = _capacity(site, 0)
    haystack, length = _copied(e, site, 0, _rounded(capacity + 1) + _rounded(len(needle)))
    found = _Cell(e, e.const(-1))
    with e.turns(capacity + 1) as (place, stop):
        stop(e.op("ugt", place, length))
        at = e.offset(haystack, place, step=_WORD)  # x86 and arm64 load from anywhere
        difference = e.const(0)
        for start in range(0, len(needle), _WORD):
            part = needle[start : start + _WORD]
            word = e.op("xor", e.load(at, start, _WORD), int.from_bytes(part, "little"))
            kept = e.op("and", word, (1 << 8 * len(part)) - 1)
            difference = e.op("or", difference, kept)
        hit = e.op("eq", difference, 0)
        with e.if_(hit):
            found.set(place)
        stop(hit)
    return found.get()


def _find_any(e: Emitter, site: Site) -> Reg:
    """By Knuth, Morris and Pratt: no turn goes back, so the verifier follows few of them."""
    haystack, length = _masked(e, site, 0)
    needle, wanted = _masked(e, site, 1)
    found = _Cell(e, e.select(e.op("eq", wanted, 0), 0, -1))
    settled = e.op("or", e.op("eq", wanted, 0), e.op("ugt", wanted, _capacity(site, 0)))
    at, matched = _Cell(e, e.select(settled, length, 0)), _Cell(e, e.const(0))
    # What the verifier learns of them in a turn makes the state behind the loop one of its own
    ending, whole_length = _Cell(e, length), _Cell(e, wanted)
    borders = _borders(e, needle, whole_length, min(_capacity(site, 0), _capacity(site, 1)))
    with e.turns(2 * _capacity(site, 0) + 2) as (_, stop):
        i, j = at.get(), matched.get()
        stop(e.op("uge", i, ending.get()))
        further, longer = _step(e, haystack.byte(i), needle.byte(j), i, j, borders)
        at.set(further)
        matched.set(longer)
        whole = e.op("eq", longer, whole_length.get())
        with e.if_(whole):
            found.set(e.op("sub", further, whole_length.get()))
        stop(whole)
    return found.get()


def _borders(e: Emitter, needle: _Masked, wanted: _Cell, capacity: int) -> _Masked:
    """Of each start of the needle: how long an end of it is that is a start, too."""
    size = _power(capacity + 1)
    borders = _Masked(e, e.region(2 * size), size)
    e.zero(borders.address, 2 * size)
    at, matched = _Cell(e, e.const(1)), _Cell(e, e.const(0))
    with e.turns(2 * capacity) as (_, stop):
        i, j = at.get(), matched.get()
        stop(e.op("uge", i, wanted.get()))
        further, longer = _step(e, needle.byte(i), needle.byte(j), i, j, borders)
        borders.set_half(i, longer)  # it is written again until it is right
        at.set(further)
        matched.set(longer)
    return borders


def _step(e: Emitter, here: Reg, there: Reg, i: Reg, j: Reg, borders: _Masked) -> tuple[Reg, Reg]:
    """The next place, and how much of the needle matches before it.

    Without a branch: the verifier would follow both sides of it in each turn.
    """
    same, none = _is_zero(e, e.op("xor", here, there)), _is_zero(e, j)
    shorter = borders.half(e.op("sub", j, 1))
    kept = e.op("and", shorter, e.op("sub", e.op("or", same, none), 1))
    longer = e.op("and", e.op("add", j, 1), e.op("sub", 0, same))
    return e.op("add", i, e.op("or", same, none)), e.op("or", longer, kept)


def _is_zero(e: Emitter, small: Reg) -> Reg:
    """1 or 0, of a number that is not negative."""
    return e.op("lshr", e.hidden(e.op("sub", small, 1)), 63)


def _check_search(site: Site) -> None:
    """What the verifier would give up on."""
    if _text_of(site.constants[1]) is None and _capacity(site, 0) + _capacity(site, 1) > _MOST:
        site.error(
            f"{site.node.name}() cannot look for a string of up to {_capacity(site, 1)} bytes that "
            "is not known at build", "give it a length: str(…, 64)", arg=1,
        )  # fmt: skip


class _Cell:
    """A number in a region, where LLVM must leave it: the verifier knows nothing of it."""

    def __init__(self, e: Emitter, value: Reg) -> None:
        self.e = e
        self.place = e.region(_WORD)
        self.set(value)

    def set(self, value: Reg) -> None:
        self.e.store(self.e.opaque(self.place), 0, _WORD, value)

    def get(self) -> Reg:
        return self.e.load(self.e.opaque(self.place), 0, _WORD)


class _Masked:
    """Memory of a power of two of items, so that a mask keeps an index within it."""

    def __init__(self, e: Emitter, address: Reg, size: int) -> None:
        self.e = e
        self.address = address
        self.mask = size - 1

    def byte(self, index: Reg) -> Reg:
        e = self.e
        return e.load(e.offset(self.address, e.op("and", index, self.mask)), 0, 1)

    def half(self, index: Reg) -> Reg:
        return self.e.load(self._half_at(index), 0, 2)

    def set_half(self, index: Reg, value: Reg) -> None:
        self.e.store(self._half_at(index), 0, 2, value)

    def _half_at(self, index: Reg) -> Reg:
        e = self.e
        return e.offset(self.address, e.op("mul", e.op("and", index, self.mask), 2), step=2)


def _masked(e: Emitter, site: Site, index: int) -> tuple[_Masked, Reg]:
    size = _power(_capacity(site, index) + 2)
    copy, length = _copied(e, site, index, size)
    return _Masked(e, copy, size), length


def _power(least: int) -> int:
    return max(1 << (least - 1).bit_length(), _WORD)


def _strstr(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    known = _strstr_fold(site.constants)
    return e.const(int(known)) if isinstance(known, int) else _find(e, site)


def _strstr_fold(constants: Sequence[Constant]) -> Constant:
    haystack, needle = map(_text_of, constants)
    if needle == b"":
        return 0
    return haystack.find(needle) if haystack is not None and needle is not None else None


def _strcontains(e: Emitter, site: Site, target: Reg | None) -> Reg:
    return e.op("sge", _strstr(e, site, target), 0)


def _contains_fold(constants: Sequence[Constant]) -> Constant:
    place = _strstr_fold(constants)
    return None if place is None else int(place) >= 0


# --- comparison ------------------------------------------------------------------------------


def _strncmp(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    """0 where the first characters are the same up to a common end, else 1."""
    asked = site.constants[2]
    count = min(int(asked or 0), max(_capacity(site, 0), _capacity(site, 1)))
    room = _rounded(max(_capacity(site, 0), _capacity(site, 1), count) + 1)
    left, right = (_copied(e, site, index, room)[0] for index in (0, 1))
    differs = _Cell(e, e.const(0))
    with e.turns(count) as (place, stop):
        a, b = (e.load(e.offset(side, place), 0, 1) for side in (left, right))
        unequal = e.op("ne", a, b)
        with e.if_(unequal):
            differs.set(e.const(1))
        stop(e.op("or", unequal, e.op("eq", a, 0)))
    return differs.get()


def _check_strncmp(site: Site) -> None:
    asked = site.constants[2]
    if isinstance(asked, int) and asked < 0:
        site.error(f"strncmp() cannot compare {asked} characters", arg=2)


def _memcmp(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    """The first difference, of bytes without a sign."""
    most = min(site.types[0].size, site.types[1].size)
    asked = site.constants[2]
    sides = []
    for arg, kind in zip(site.args, site.types[:2], strict=False):
        sides.append(e.region(_rounded(kind.size)))
        e.into(arg, sides[-1], kind)
    length = e.const(min(int(asked), most)) if isinstance(asked, int) else e.value(site.args[2])
    result = _Cell(e, e.const(0))
    with e.turns(most) as (place, stop):
        stop(e.op("uge", place, length))
        a, b = (e.load(e.offset(side, place), 0, 1) for side in sides)
        unequal = e.op("ne", a, b)
        with e.if_(unequal):
            result.set(e.op("sub", a, b))
        stop(unequal)
    return result.get()


def _check_memcmp(site: Site) -> None:
    asked = site.constants[2]
    most = min(site.types[0].size, site.types[1].size)
    if isinstance(asked, int) and not 0 <= asked <= most:
        site.error(f"memcmp() cannot compare {asked} bytes of values of {most}", arg=2)


# --- joined ----------------------------------------------------------------------------------


def _concat(e: Emitter, site: Site, target: Reg | None) -> Reg:
    """Read one behind the other; with room for a second one that begins at the very end."""
    both = e.region(2 * _JOINED)
    e.store(both, 0, 1, e.const(0))
    length = e.const(0)
    for index in (0, 1):
        size = min(_capacity(site, index) + 1, _JOINED)
        reader, address = e.source(site.args[index])
        got = e.helper(f"{reader}_str", e.offset(both, length), size, address)
        more = e.select(e.op("sgt", got, 0), e.op("sub", got, 1), 0)
        length = e.bounded(e.op("add", length, more), _JOINED - 1)
    e.store(both, _JOINED - 1, 1, e.const(0))
    if target is None:
        return both
    e.copy(target, both, _JOINED)
    return target


STRINGS = (
    Function(
        "strlen", "How many characters a string has.", (Parameter("string", _TEXT),),
        lambda _: UINT64, _strlen, comptime=lambda site: _strlen_fold(site.constants),
    ),
    Function(
        "strcap", "How many characters a string has room for; of a pointer, how many it has.",
        (Parameter("string", _TEXT),), lambda _: UINT64, _strcap, comptime=_known_capacity,
    ),
    Function(
        "default_str_length", "How long a string is at most where nothing else says so.", (),
        lambda _: UINT64, lambda e, site, _: e.const(site.context.config.max_strlen),
        comptime=lambda site: site.context.config.max_strlen,
    ),
    Function(
        "strstr", "Where a string begins within another; -1 where it does not.",
        (_HAYSTACK, _NEEDLE), lambda _: INT64, _strstr, _check_search,
        comptime=lambda site: _strstr_fold(site.constants),
    ),
    Function(
        "strcontains", "Whether a string is within another.",
        (_HAYSTACK, _NEEDLE), lambda _: Bool(), _strcontains, _check_search,
        comptime=lambda site: _contains_fold(site.constants),
    ),
    Function(
        "str_concat", "Two strings, one behind the other.",
        (Parameter("first", _TEXT), Parameter("second", _TEXT)),
        lambda _: Str(_JOINED, padded=False), _concat,
    ),
    Function(
        "strncmp", "Whether the first characters of two strings differ: 0 or 1.",
        (
            Parameter("first", STRING), Parameter("second", STRING),
            Parameter("count", INTEGER, constant=True),
        ),
        lambda _: UINT64, _strncmp, _check_strncmp,
    ),
    Function(
        "memcmp", "The difference of the first bytes of two values that differ; 0 where none do.",
        (
            Parameter("left", PRINTABLE), Parameter("right", PRINTABLE),
            Parameter("count", INTEGER),
        ),
        lambda _: INT64, _memcmp, _check_memcmp,
    ),
    Function(
        "assert_str", "Refuse at build time what is no string, nor characters.",
        (Parameter("value", _TEXT),), lambda _: NONE, lambda e, _site, _target: e.const(0),
    ),
)  # fmt: skip
