"""Attach points as words between colons: what the compiler reads where the script says all of it,
and the loader where parameters complete it.

`parts` are those words, the probe type first: ["interval", "ms", "10"].
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    #: one part: text, and the numbers of parameters that stand in it
    Part = list[str | int]

#: unit -> period of one in nanoseconds
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_CLASSIC = ("s", "ms", "us", "hz")
_SECOND = 1_000_000_000
_LONGEST = 1 << 63  # perf_event_open's limit, in nanoseconds
_NAME_START = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_NAME = _NAME_START + "0123456789.$"


def period_ns(parts: Sequence[str]) -> int | None:
    """Nanoseconds between two events, from `:s:5`, `:5s` or `:5000000000`.

    None: no such form. Raises ValueError, which says what is wrong, for a number or unit that is
    none.
    """
    given = parts[1:]
    if len(given) == 2:
        unit, count = given
        if unit not in _CLASSIC:
            raise ValueError(f"`{unit}` is not a unit of {parts[0]}")
    elif len(given) == 1 and given[0][:1].isdigit():
        digits = len(given[0]) - len(given[0].lstrip("0123456789_"))
        count, unit = given[0][:digits], given[0][digits:] or "ns"
        if unit not in _UNITS:
            return None
    else:
        return None
    number = count.replace("_", "")
    period = _period(unit, int(number)) if number.isdecimal() and number.isascii() else 0
    if not 0 < period < _LONGEST:
        raise ValueError(f"`{count}` is not a period")
    return period


def _period(unit: str, count: int) -> int:
    if unit == "hz":
        return _SECOND // count if count else 0
    return count * _UNITS[unit]


def function_of(parts: Sequence[str]) -> tuple[str, int] | None:
    """Function and byte offset of `:FUNCTION` and `:FUNCTION+OFFSET`; None for any other form."""
    if len(parts) != 2:
        return None
    name, plus, offset = parts[1].partition("+")
    if name[:1] not in _NAME_START or not name or name.strip(_NAME):
        return None
    if not plus:
        return name, 0
    base, digits = (16, offset[2:]) if offset[:2] == "0x" else (10, offset)
    valid = digits and not digits.strip("0123456789abcdefABCDEF"[: base if base == 10 else None])
    return (name, int(digits, base)) if valid else None


def fill(point: Sequence[Part], values: Sequence[str]) -> list[str]:
    """The parts of an attach point with its parameters in place: values[0] is that of `$1`.

    A value may hold colons and so become several parts, as in bpftrace; one that is not given is
    empty.
    """
    text = ":".join("".join(_piece(piece, values) for piece in part) for part in point)
    return text.split(":")


def _piece(piece: str | int, values: Sequence[str]) -> str:
    if isinstance(piece, str):
        return piece
    return values[piece - 1] if piece <= len(values) else ""


def parameters(point: Sequence[Part]) -> list[int]:
    """The numbers of the parameters that stand in an attach point."""
    return sorted({piece for part in point for piece in part if isinstance(piece, int)})
