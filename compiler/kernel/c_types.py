"""C types written out, as formats and system call tables have them: to BTF type ids and back."""

from __future__ import annotations

import re

from .btf import Btf
from .btf_kinds import BtfKind
from .btf_types import Array, BtfType, Enum, Fwd, Modifier, Ptr, Struct
from .errors import KernelDataError

_TOKEN = re.compile(r"\w+|\*")
# A struct or union may also be declared only; an enum may be wide.
_TAGGED = {
    "struct": (BtfKind.STRUCT, BtfKind.FWD),
    "union": (BtfKind.UNION, BtfKind.FWD),
    "enum": (BtfKind.ENUM, BtfKind.ENUM64),
}
_QUALIFIERS = {
    "const": BtfKind.CONST,
    "volatile": BtfKind.VOLATILE,
    "restrict": BtfKind.RESTRICT,
}
_SIZE_WORDS = ("char", "short", "int", "long")


def find_c_type(btf: Btf, text: str) -> int | None:
    """Id of the type `text` names ('const char *', 'struct pollfd *', 'umode_t').

    A qualifier that this BTF has no type for is dropped; None if the type itself, or the
    pointer to it, is not in this BTF, or if `text` is more than names and stars.
    """
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s", "", text) or not tokens:
        return None
    head, stars = _split_head(tokens)
    qualifiers = [token for token in head if token in _QUALIFIERS]
    found = _find_named(btf, [token for token in head if token not in _QUALIFIERS])
    for token in [*qualifiers, *stars]:
        if found is None:
            return None
        found = _derive(btf, token, found)
    return found


def _split_head(tokens: list[str]) -> tuple[list[str], list[str]]:
    first_star = tokens.index("*") if "*" in tokens else len(tokens)
    return tokens[:first_star], tokens[first_star:]


def _derive(btf: Btf, token: str, target: int) -> int | None:
    if token == "*":
        return btf.find_pointing(BtfKind.PTR, target)
    if token in _QUALIFIERS:
        return btf.find_pointing(_QUALIFIERS[token], target) or target
    return None


def _find_named(btf: Btf, words: list[str]) -> int | None:
    if words == ["void"]:
        return 0
    if len(words) == 2 and words[0] in _TAGGED:
        found = (btf.find(kind, words[1]) for kind in _TAGGED[words[0]])
        return next((type_id for type_id in found if type_id is not None), None)
    if words and all(word in (*_SIZE_WORDS, "signed", "unsigned") for word in words):
        return btf.find(BtfKind.INT, _int_name(words))
    return btf.find(BtfKind.TYPEDEF, words[0]) if len(words) == 1 else None


def _int_name(words: list[str]) -> str:
    """The name that compilers give an integer type, however its words were written."""
    unsigned = "unsigned" in words
    if "char" in words:
        sign = "unsigned " if unsigned else "signed " if "signed" in words else ""
        return f"{sign}char"
    if "short" in words:
        return "short unsigned int" if unsigned else "short int"
    longs = "long " * words.count("long")
    return f"{longs}unsigned int" if unsigned else f"{longs}int"


def c_type_text(btf: Btf, type_id: int, depth: int = 32) -> str:
    """The type written in C without a name: 'const char *', 'char[16]', 'struct sock *'.

    KernelDataError after `depth` pointers and qualifiers: then the type contains itself.
    """
    if not depth:
        raise KernelDataError(f"malformed BTF: type {type_id} contains itself")
    found = btf.type(type_id)
    if isinstance(found, Ptr):
        target = c_type_text(btf, found.target, depth - 1)
        return target + ("*" if target.endswith("*") else " *")
    if isinstance(found, Array):
        # The outer dimension stands first: an array of 2 char[4] is char[2][4].
        elem, bracket, inner = c_type_text(btf, found.elem, depth - 1).partition("[")
        return f"{elem}[{found.count}]{bracket}{inner}"
    if isinstance(found, Modifier):
        target = c_type_text(btf, found.target, depth - 1)
        word = found.kind.name.lower()
        if found.kind == BtfKind.TYPE_TAG:
            return target
        return f"{target}{word}" if target.endswith("*") else f"{word} {target}"
    return f"{_tag(found)}{found.name}".strip() or "function"


def _tag(found: BtfType) -> str:
    if isinstance(found, (Struct, Fwd)):
        return "union " if found.is_union else "struct "
    return "enum " if isinstance(found, Enum) else ""
