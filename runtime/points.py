"""Attach points as words between colons: what the compiler reads where the script says all of it,
and the loader where parameters complete it.

`parts` are those words, the probe type first: ["interval", "ms", "10"].
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

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
UNITS = ("hz", "ms", "s", "us")
_SECOND = 1_000_000_000
_LEAST = 1_000  # nanoseconds of a period without a unit, as in bpftrace
_LONGEST = 1 << 63  # perf_event_open's limit, in nanoseconds
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_HUGE = 64  # a power of ten that is too large for anything
#: prefix, base, digits
_BASES = (("0x", 16, "0123456789abcdef"), ("0b", 2, "01"))
_NAME_START = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
NEEDS_UNSAFE = "probing by address requires --unsafe"
KERNEL = "vmlinux"  # the module that the kernel itself is
_NAME = _NAME_START + "0123456789.$"


def period_ns(parts: Sequence[str]) -> int | None:
    """Nanoseconds between two events, from `:s:5`, `:5s` or `:5000000000`.

    None: no such form. Raises ValueError, which says what is wrong, for a number or unit that is
    none.
    """
    given = parts[1:]
    if len(given) == 2:
        unit, count = given
        if unit not in UNITS:
            raise ValueError(f"`{unit}` is not a unit of {parts[0]}")
        period = _period(unit, number(count, f"a period of {parts[0]}"))
    elif len(given) == 1 and given[0][:1].isdigit():
        period = number(given[0], f"a period of {parts[0]}")
        if 0 < period < _LEAST:
            raise ValueError(f"{period} ns is too short a period: {_LEAST} ns (1us) at least")
    else:
        return None
    if not 0 < period < _LONGEST:
        raise ValueError(f"`{given[-1]}` is not a period of {parts[0]}")
    return period


def period_text(parts: Sequence[str]) -> str:
    """The attach point of a timer as `probe` says it: with its number in digits, and its unit."""
    if len(parts) == 3:
        return f"{parts[0]}:{parts[1]}:{number(parts[2], 'a period')}"
    return f"{parts[0]}:us:{number(parts[1], 'a period') // 1_000}"


def _period(unit: str, count: int) -> int:
    if unit == "hz":
        return _SECOND // count if count else 0
    return count * _UNITS[unit]


def number(text: str, what: str) -> int:
    """A number as scripts write it: 1000, 1_000, 0x3e8, 1e3, and durations: 5ms (nanoseconds).

    Raises ValueError: it is not `what`.
    """
    plain = text.replace("_", "").lower()
    found = _digits(plain)
    if found is None:
        raise ValueError(f"`{text}` is not {what}")
    if found >= 1 << 64:
        raise ValueError(f"`{text}` is too large for {what}")
    return found


def _digits(text: str) -> int | None:
    for prefix, base, allowed in _BASES:
        if text.startswith(prefix) and text[len(prefix) :]:
            digits = text[len(prefix) :]
            return None if digits.strip(allowed) else int(digits, base)
    mantissa, exponent, power = text.partition("e")
    if exponent:
        valid = len(mantissa) == 1 and mantissa in "123456789" and power.isdecimal()
        return int(mantissa) * 10 ** min(int(power), _HUGE) if valid and power.isascii() else None
    digits = text.rstrip(_LETTERS)
    unit = text[len(digits) :] or "ns"
    if not digits.isdecimal() or not digits.isascii() or unit not in _UNITS:
        return None
    if digits[0] == "0" and len(digits) > 1:
        return None if digits.strip("01234567") else int(digits, 8)
    return int(digits) * _UNITS[unit]


def kernel_place(parts: Sequence[str]) -> dict[str, Any] | None:
    """`:[MODULE:]FUNCTION[+OFFSET]` or `:ADDRESS` as function and offset, with the module if one is
    named; an address is an offset without a function. None for any other form.

    Raises ValueError, which says what is wrong, for an offset or address that is none.
    """
    if len(parts) not in (2, 3):
        return None
    *module, place = parts[1:]
    name, plus, offset = place.partition("+")
    if not plus and not module and place[:1].isdecimal():
        return {"function": "", "offset": number(place, "an address")}
    if not is_name(name) or not all(m and not m.strip(_NAME) for m in module):
        return None
    bytes_in = number(offset, "an offset") if plus else 0
    named = {"module": module[0]} if module and module[0] != KERNEL else {}
    return {"function": name, "offset": bytes_in, **named}


def kernel_text(parts: Sequence[str], place: dict[str, Any]) -> str:
    """An attach point as `probe` has it: numbers in decimal, no offset of 0."""
    offset = place["offset"]
    last = f"+{offset}" if offset else ""
    return ":".join((*parts[:-1], place["function"] + last if place["function"] else str(offset)))


def is_name(text: str) -> bool:
    """Whether a kernel function can be called that; modules may begin with a digit."""
    return text[:1] in _NAME_START and text != "" and not text.strip(_NAME)


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
