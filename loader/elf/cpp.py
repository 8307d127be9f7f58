"""Which symbols a C++ name means: `app::Server::handle` all overloads, with parameters the one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aotrace.loader.elf.symbols import Symbol

_MANGLED = ("_Z", "____Z")


def matching(
    symbols: Iterable[Symbol], wanted: str, demangle: Callable[[str], str]
) -> list[Symbol]:
    """The functions of that demangled name, which may hold wildcards; a name that is not mangled
    stands for itself. Parameters count only where the name has them."""
    from aotrace.runtime.members import Pattern

    pattern, whole = Pattern(wanted), "(" in wanted
    found = []
    for symbol in symbols:
        shown = symbol.name
        if shown.startswith(_MANGLED) and not pattern.matches(shown):
            demangled = demangle(shown)
            shown = demangled if whole else without_parameters(demangled)
        if pattern.matches(shown):
            found.append(symbol)
    return found


def without_parameters(name: str) -> str:
    """A demangled name up to its parameter list, which is the last parenthesis that closes."""
    at, depth = name.rfind(")"), 0
    while at >= 0:
        depth += (name[at] == ")") - (name[at] == "(")
        if depth == 0:
            return name[:at]
        at -= 1
    return name
