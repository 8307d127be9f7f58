"""From a script's C definitions to a BTF that has them beside its kernel's types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aotrace.compiler.cdecl.cursor import Cursor
from aotrace.compiler.cdecl.declarations import TAGS, Declarations
from aotrace.compiler.cdecl.errors import DeclarationError
from aotrace.compiler.cdecl.layout import RULES
from aotrace.compiler.cdecl.scope import Scope
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.declared import DeclaredBtf
from aotrace.compiler.syntax.cdefs import typedef_names
from aotrace.compiler.syntax.ctokens import CToken
from aotrace.compiler.syntax.nodes import CDefinition

_KINDS = {"struct": BtfKind.STRUCT, "union": BtfKind.UNION, "enum": BtfKind.ENUM}


def declare_types(
    definitions: Sequence[CDefinition], btf: Btf, arch: str, diagnostics: Diagnostics
) -> Btf:
    """The kernel's BTF with what the script defines; as it is where the script defines nothing.

    Each definition that cannot be read is reported once; those that build on it are left out.
    """
    definitions = [each for each in definitions if not _known(each, btf)]
    if not definitions:
        return btf
    declared = DeclaredBtf(btf)
    defined = {name.text: name.span for each in definitions for name in _defined(each.words)}
    scope = Scope(declared, defined)
    declarations = Declarations(scope, RULES[arch])
    for each in definitions:
        try:
            declarations.definition(Cursor(each.words, each.span))
        except DeclarationError as error:
            scope.failed.update(name.text for name in _defined(each.words))
            scope.failed.update(typedef_names(each.text))
            if not error.silent and not each.span.source.system:
                diagnostics.error(str(error), error.span, *error.hints)
    return declared


def _known(definition: CDefinition, btf: Btf) -> bool:
    """Whether it is a system header's, and the kernel has the type itself."""
    if not definition.span.source.system:
        return False
    tagged = ((_KINDS[tag], name) for tag, name in _tags(definition.words))
    named = ((BtfKind.TYPEDEF, name) for name in typedef_names(definition.text))
    return any(btf.find(kind, name) is not None for kind, name in (*tagged, *named))


def _tags(words: Sequence[CToken]) -> Iterator[tuple[str, str]]:
    """The first body's tag, where it has one."""
    for name in _defined(words):
        index = words.index(name)
        tag = next((w.text for w in reversed(words[:index]) if w.text in TAGS), "struct")
        yield tag, name.text
        return


def _defined(words: Sequence[CToken]) -> Iterator[CToken]:
    """The tags whose bodies stand in a definition."""
    for index, word in enumerate(words):
        if word.text == "{" and index > 1 and _names_body(words, index - 1):
            yield words[index - 1]


def _names_body(words: Sequence[CToken], index: int) -> bool:
    """Whether the word before a `{` is the name after struct, union or enum."""
    if words[index].kind != "word":
        return False
    before = index - 1
    while words[before].text == ")" and before > 0:  # attributes between the two
        depth = 0
        while before >= 0:
            depth += (words[before].text == ")") - (words[before].text == "(")
            before -= 1
            if depth == 0:
                break
        before -= 1
    return before >= 0 and words[before].text in TAGS
