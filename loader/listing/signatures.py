"""The parameters of functions in user space: a file's DWARF, if pyelftools is here to read it."""

from __future__ import annotations

from aotrace.loader.binary import Binary
from aotrace.loader.errors import PlaceError
from aotrace.loader.symbols.lines import open_dwarf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_known: dict[str, dict[str, list[str]]] = {}
_TAGGED = {
    "DW_TAG_structure_type": "struct ", "DW_TAG_union_type": "union ",
    "DW_TAG_enumeration_type": "enum ", "DW_TAG_class_type": "class ",
    "DW_TAG_base_type": "", "DW_TAG_typedef": "", "DW_TAG_unspecified_type": "",
}  # fmt: skip
_QUALIFIED = {
    "DW_TAG_const_type": "const", "DW_TAG_volatile_type": "volatile",
    "DW_TAG_restrict_type": "restrict",
}  # fmt: skip
_POINTING = {
    "DW_TAG_pointer_type": "*", "DW_TAG_reference_type": "&",
    "DW_TAG_rvalue_reference_type": "&&", "DW_TAG_array_type": "*",
}  # fmt: skip
_ORIGINS = ("DW_AT_abstract_origin", "DW_AT_specification")
_UNKNOWN = "<unknown type>"
_DEEPEST = 32  # types of types; a damaged file may have circles


def parameters(entry: str) -> list[str]:
    """`TYPE NAME` of each parameter of PATH:FUNCTION, as bpftrace lists them; none where nothing
    tells of them."""
    path, _, name = entry.rpartition(":")
    if path not in _known:
        _known[path] = _read(path)
    return _known[path].get(name, [])


def _read(path: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        with Binary(path) as binary:
            dwarf = open_dwarf(binary.elf)
            for unit in dwarf.iter_CUs() if dwarf else ():
                for entry in unit.get_top_DIE().iter_children():
                    if entry.tag == "DW_TAG_subprogram":
                        _add(entry, found)
    except PlaceError:
        return found
    except Exception:  # damaged DWARF makes pyelftools raise anything
        return found
    return found


def _add(function: Any, found: dict[str, list[str]]) -> None:
    names = {_text(function, key) for key in ("DW_AT_linkage_name", "DW_AT_name")} - {""}
    if not names - found.keys():
        return
    shown = [f"{_type(each)} {_text(each, 'DW_AT_name')}" for each in _taken(function)]
    found.update(dict.fromkeys(names - found.keys(), shown))


def _taken(function: Any) -> Iterator[Any]:
    return (e for e in function.iter_children() if e.tag == "DW_TAG_formal_parameter")


def _text(entry: Any, key: str) -> str:
    """An attribute that is a string, of the entry itself or of the one that it completes."""
    for _ in range(_DEEPEST):
        if key in entry.attributes:
            value: bytes = entry.attributes[key].value
            return value.decode("utf-8", "replace")
        origin = next((each for each in _ORIGINS if each in entry.attributes), None)
        if origin is None:
            break
        entry = entry.get_DIE_from_attribute(origin)
    return ""


def _type(entry: Any, depth: int = 0) -> str:
    """The type that an entry says it has; without one, it is void."""
    for origin in _ORIGINS:
        if "DW_AT_type" not in entry.attributes and origin in entry.attributes:
            entry = entry.get_DIE_from_attribute(origin)
    if "DW_AT_type" not in entry.attributes:
        return "void"
    of = entry.get_DIE_from_attribute("DW_AT_type")
    if depth > _DEEPEST:
        return _UNKNOWN
    if of.tag in _TAGGED:
        name = _text(of, "DW_AT_name")
        return _TAGGED[of.tag] + (name or "<anonymous>")
    if of.tag in _POINTING:
        return _type(of, depth + 1) + _POINTING[of.tag]
    if of.tag in _QUALIFIED:
        inner, word = _type(of, depth + 1), _QUALIFIED[of.tag]
        return f"{inner} {word}" if inner.endswith(("*", "&")) else f"{word} {inner}"
    return _UNKNOWN
