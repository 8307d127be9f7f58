"""Reading JSON without importing the json package.

json.decoder imports re, and that enum: together as long as all the rest of the loader. The scanner
that json itself runs on lies in a C module and needs neither; a Python that has no such module
takes json.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SPACE = " \t\r\n"


class _Settings:
    """What the scanner wants to know (json.decoder.JSONDecoder)."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")


def loads(section: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises ValueError, RecursionError when it is too deep."""
    try:
        from _json import make_scanner
    except ImportError:
        import json

        return json.loads(section)
    text = section.decode().strip(_SPACE)
    try:
        value, end = make_scanner(_Settings)(text, 0)  # type: ignore[arg-type]
    except StopIteration:
        raise ValueError("no JSON value") from None
    if end != len(text):
        raise ValueError(f"more than one JSON value, at {end}")
    return value
