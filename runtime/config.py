"""Configuration variables: names, defaults and the values that they take, one record each.

Names, defaults and meanings are those of bpftrace 0.27 (docs/language.md, "Config Variables"). A
script's config block and the environment of the compiler say what an object is built with; those
that matter on the target travel in the metadata, and the loader's own environment may change them.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Union

    Value = Union[int, bytes, bool, str]  # as written: a number, a string, true or false, a word
    Setting = Union[int, bool, str]

LICENSES = (
    "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
)  # fmt: skip
PREFIXES = ("AOTRACE_", "BPFTRACE_")
_YES = ("1", "true", "on", "yes")
_NO = ("0", "false", "off", "no")
_NUMBER = re.compile(r"(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0([0-7]+)|([1-9])[eE]([0-9]+)|([0-9]+))")


class Variable:
    """One variable. read: a value as written to a setting; raises ValueError with the reason.

    on_target: the loader goes by it.
    """

    __slots__ = ("default", "name", "on_target", "read")

    def __init__(
        self, name: str, default: Setting, read: Callable[[Value], Setting], on_target: bool = False
    ) -> None:
        self.name = name
        self.default = default
        self.read = read
        self.on_target = on_target


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(value: Value) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _NUMBER.fullmatch(_shown(value).replace("_", ""))
    if match is None:
        raise ValueError(f"expecting a number, got {_shown(value)}")
    hexadecimal, binary, octal, digit, exponent, decimal = match.groups()
    if digit:
        return int(digit + "0" * min(int(exponent), 20))
    for digits, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)):
        if digits:
            return int(digits, base)
    return 0


def _switch(value: Value) -> bool:
    if isinstance(value, int):
        return bool(value)
    word = _shown(value).lower()
    if word not in _YES + _NO:
        raise ValueError(f"expecting true or false, got {_shown(value)}")
    return word in _YES


def _text(value: Value) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return _shown(value)


def _one_of(*known: str, fold: bool = False) -> Callable[[Value], str]:
    """One of these words; fold: in upper case as well as in lower."""

    def read(value: Value) -> str:
        word = _shown(value).lower() if fold else _shown(value)
        if word not in known or (isinstance(value, int) and not isinstance(value, bool)):
            raise ValueError(f"`{_shown(value)}` is not one of {', '.join(known)}")
        return word

    return read


_CACHES = _one_of("per_program", "per_pid", "none", fold=True)


def _cache(value: Value) -> str:
    """Numbers as of old: 0 is none; any other leaves the choice to the loader."""
    word = _shown(value)
    if word == "0":
        return "none"
    if word == "1" or (isinstance(value, int) and not isinstance(value, bool)):
        return ""
    return _CACHES(value)


_STATES = _one_of("error", "warn", "enable", fold=True)


def _unstable(value: Value) -> str:
    if isinstance(value, int) or _shown(value).lower() in _YES + _NO:
        return "enable" if _switch(value) else "error"
    return _STATES(value)


VARIABLES = (
    Variable("cache_user_symbols", "", _cache, True),
    Variable("cpp_demangle", True, _switch, True),
    Variable("lazy_symbolication", True, _switch, True),
    Variable("license", "GPL", _one_of(*LICENSES)),
    Variable("log_size", 1_000_000, _number, True),
    Variable("max_bpf_progs", 1024, _number),
    Variable("max_cat_bytes", 10240, _number, True),
    Variable("max_map_keys", 4096, _number),
    Variable("max_probes", 1024, _number, True),
    Variable("max_strlen", 1024, _number),
    Variable("missing_probes", "error", _one_of("error", "warn", "ignore", fold=True), True),
    Variable("on_stack_limit", 32, _number),
    Variable("perf_rb_pages", 0, _number, True),
    Variable("print_maps_on_exit", True, _switch, True),
    Variable("show_debug_info", False, _switch, True),
    Variable("stack_mode", "bpftrace", _one_of("bpftrace", "raw", "perf", "build_id"), True),
    Variable("str_trunc_trailer", "..", _text, True),
    Variable("unstable_dw_ustack", "warn", _unstable),
    Variable("unstable_import_statement", "error", _unstable),
    Variable("unstable_tseries", "warn", _unstable),
    Variable("unstable_typeinfo", "error", _unstable),
    Variable("use_blazesym", False, _switch, True),
)
BY_NAME = {variable.name: variable for variable in VARIABLES}

#: old names of variables
RENAMED = {
    "strlen": "max_strlen",
    "no_cpp_demangle": "cpp_demangle",
    "cat_bytes_max": "max_cat_bytes",
    "map_keys_max": "max_map_keys",
}
#: what older versions had: nothing depends on them any more
DEPRECATED = frozenset((
    "symbol_source", "max_type_res_iterations", "unstable_addr", "unstable_import",
    "unstable_macro", "unstable_map_decl",
))  # fmt: skip
#: of the environment alone
ENVIRONMENT_ONLY = frozenset(("btf", "kernel_build", "kernel_source", "vmlinux"))


def plain_name(written: str) -> str:
    """A name as written: `max_strlen`, `MAX_STRLEN` or `BPFTRACE_MAX_STRLEN`; by its plain name."""
    name = written.upper()
    for prefix in PREFIXES:
        if name.startswith(prefix):
            name = name[len(prefix) :]
    return name.lower()


def _refuse_misspelt(name: str) -> None:
    import difflib  # for a name that is hardly ever there

    close = difflib.get_close_matches(plain_name(name), BY_NAME, 1, 0.8)
    if close and plain_name(name) not in RENAMED:
        prefix = name[: name.index("_") + 1]
        raise ValueError(f"{name}: no such variable; did you mean {prefix}{close[0].upper()}?")


def from_environment(environment: Mapping[str, str]) -> dict[str, Setting]:
    """What the environment sets. Raises ValueError naming the variable.

    Names that are no configuration variable's belong to others; one that is nearly such a name is
    an error.
    """
    found: dict[str, Setting] = {}
    for name, text in sorted(environment.items(), reverse=True):  # AOTRACE_ counts before BPFTRACE_
        if not name.startswith(PREFIXES):
            continue
        variable = BY_NAME.get(plain_name(name))
        if variable is None:
            _refuse_misspelt(name)
            continue
        try:
            found[variable.name] = variable.read(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return found
