"""The names of a script's C definitions: tags, typedefs and enumerators, and the kernel's behind.

Structs, unions and enums share one set of tags, as in C. A struct that is mentioned before it is
defined gets its id at once, so that pointers to it are complete when it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from aotrace.compiler.cdecl import ctype
from aotrace.compiler.cdecl.ctype import CType
from aotrace.compiler.cdecl.errors import DeclarationError
from aotrace.compiler.diagnostics import did_you_mean
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.declared import DeclaredBtf
from aotrace.compiler.source import Span
from aotrace.compiler.syntax.ctokens import CToken

_KERNEL_KINDS = {
    "struct": (BtfKind.STRUCT, BtfKind.FWD),
    "union": (BtfKind.UNION, BtfKind.FWD),
    "enum": (BtfKind.ENUM, BtfKind.ENUM64),
}


class Scope:
    """What is known so far. `defined`: the tags that the script defines anywhere."""

    def __init__(self, btf: DeclaredBtf, defined: dict[str, Span]) -> None:
        self.btf = btf
        self.defined = defined
        self.failed: set[str] = set()  # tags and typedefs whose definition was refused
        self.open: set[str] = set()  # tags whose bodies are being read
        self.values: dict[str, int] = {}  # of enumerators, from where they stand on
        self._tags: dict[str, tuple[str, CType]] = {}
        self._typedefs: dict[str, CType] = {}
        self._places: dict[str, Span] = {}  # where enumerators, tags and typedefs were defined

    # --- tags

    def tag(self, tag: str, name: CToken) -> CType:
        """What `struct name` stands for where it is mentioned."""
        text = name.text
        if text in self._tags:
            known, found = self._tags[text]
            if known != tag:
                raise DeclarationError(f"`{text}` is a {known}, not a {tag}", name.span)
            return found
        if text not in self.defined:
            for kind in _KERNEL_KINDS[tag]:
                type_id = self.btf.find(kind, text)
                if type_id is not None:
                    return ctype.of_kernel(self.btf, type_id, f"{tag} {text}")
        if tag == "enum":
            raise self.unknown(f"enum {text}", text, name.span, BtfKind.ENUM)
        return self._declare(tag, text)

    def _declare(self, tag: str, name: str) -> CType:
        forward = bt.Fwd(self.btf.next_id, name, tag == "union")
        found = CType(self.btf.add(forward), None, 1, f"{tag} {name}")
        self._tags[name] = (tag, found)
        return found

    def begin(self, tag: str, name: CToken) -> int | None:
        """The body of that tag begins: the id that it has already, if it was mentioned."""
        self.open.add(name.text)
        if name.text in self._tags:
            known, found = self._tags[name.text]
            if known != tag:
                raise DeclarationError(f"`{name.text}` is a {known}, not a {tag}", name.span)
            self.define_once(f"{tag} {name.text}", name.span)
            return found.id
        self.define_once(f"{tag} {name.text}", name.span)
        return None if tag == "enum" else self._declare(tag, name.text).id

    def complete(self, tag: str, name: str, found: CType) -> None:
        """The body that `begin` announced is read."""
        self.open.discard(name)
        self._tags[name] = (tag, found)

    def define_once(self, what: str, place: Span) -> None:
        """Raises DeclarationError where `what` is defined already."""
        earlier = self._places.setdefault(what, place)
        if earlier is not place:
            raise DeclarationError(
                f"`{what}` is defined twice", place, f"the first one is at {earlier}"
            )

    # --- typedefs

    def typedef(self, name: CToken, target: CType) -> None:
        """Give a type another name; the same name for the same type may be given again."""
        known = self._typedefs.get(name.text)
        if known is not None:
            if self.btf.resolve(known.id) == self.btf.resolve(target.id):
                return
            self.define_once(name.text, name.span)
        self._places[name.text] = name.span
        type_id = self.btf.add(bt.Typedef(self.btf.next_id, name.text, target.id))
        self._typedefs[name.text] = target._replace(id=type_id, text=name.text)

    def named(self, name: CToken) -> CType:
        """The type that a plain name stands for."""
        found = self._find_named(name.text)
        if found is not None:
            return found
        if name.text in self.failed:
            raise DeclarationError("", name.span, silent=True)
        raise self.unknown(name.text, name.text, name.span, BtfKind.TYPEDEF)

    def is_type(self, name: str) -> bool:
        return self._find_named(name) is not None

    def _find_named(self, name: str) -> CType | None:
        if name in self._typedefs:
            return self.completed(self._typedefs[name])
        type_id = self.btf.find(BtfKind.TYPEDEF, name)
        if type_id is not None and name != "bool":
            return ctype.of_kernel(self.btf, type_id, name)
        if name in ctype.LIBC:
            return ctype.basic(self.btf, ctype.LIBC[name])._replace(text=name)
        return None

    # --- both

    def completed(self, found: CType) -> CType:
        """The type with what has become known since: a typedef of a struct defined later."""
        if found.size is None:
            name = self.btf.resolve(found.id).name
            known = self._tags.get(name)
            if known and known[1].size is not None:
                return known[1]._replace(id=found.id, text=found.text)
        return found

    def unknown(self, shown: str, name: str, place: Span, kind: BtfKind) -> DeclarationError:
        """Neither the script nor the kernel has the type."""
        hints: Iterable[str] = did_you_mean(name, self.btf.names(kind))
        return DeclarationError(f"unknown type `{shown}`", place, *hints)

    def incomplete(self, found: CType, place: Span) -> DeclarationError:
        """The size of a type is asked, and not known here."""
        name = self.btf.resolve(found.id).name
        if name in self.failed:
            return DeclarationError("", place, silent=True)
        where = self.defined.get(name)
        if name in self.open:
            hint = "a struct cannot hold itself, only point to itself"
        elif found.text in self._places:
            hint = f"it has no members: see {where}"
        else:
            hint = f"it is defined at {where}: move that up" if where else "define it before"
        return DeclarationError(f"the size of `{found.text}` is not known here", place, hint)

    # --- enumerators

    def enumerator(self, name: CToken) -> None:
        """Raises DeclarationError where the script has one of that name already."""
        earlier = self._places.setdefault(f"enumerator {name.text}", name.span)
        if earlier is not name.span:
            raise DeclarationError(
                f"the enumerator `{name.text}` is defined twice", name.span,
                f"the first one is at {earlier}",
            )  # fmt: skip
