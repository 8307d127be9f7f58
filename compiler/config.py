"""Configuration variables: what a script may set in its config block, one record each.

Names, defaults and meanings are those of bpftrace 0.27 (docs/language.md, "Config Variables").
What the target needs travels in the metadata; the environment may set a variable where it
matters, as AOTRACE_NAME or BPFTRACE_NAME.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from aotrace.compiler.frozen import dataclass

Value = int | bytes | bool | str  # as written: a number, a string, true or false, a bare word
Setting = int | bool | str

PAGE_BYTES = 4096
LICENSES = (
    "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
)  # fmt: skip
_UNSTABLE = ("error", "warn", "enable")
_PREFIXES = ("AOTRACE_", "BPFTRACE_")


@dataclass(frozen=True)
class ConfigVariable:
    """One variable. read: a value as written to a setting; raises ValueError with the reason."""

    name: str
    default: Setting
    read: Callable[[Value], Setting]
    #: whether the loader needs it
    on_target: bool = False
    #: False: it is accepted, and nothing that it would change is there yet
    effective: bool = True


def _number(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expecting a number, got {_shown(value)}")
    return value


def _switch(value: Value) -> bool:
    if not isinstance(value, (bool, int)):
        raise ValueError(f"expecting true or false, got {_shown(value)}")
    return bool(value)


def _text(value: Value) -> str:
    if isinstance(value, (bool, int)):
        raise ValueError(f"expecting a string, got {_shown(value)}")
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _one_of(*known: str) -> Callable[[Value], str]:
    def read(value: Value) -> str:
        if _shown(value) not in known:
            raise ValueError(f"`{_shown(value)}` is not one of {', '.join(known)}")
        return _shown(value)

    return read


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


VARIABLES: tuple[ConfigVariable, ...] = (
    ConfigVariable(
        "cache_user_symbols", "", _one_of("PER_PROGRAM", "PER_PID", "NONE"), True, False
    ),
    ConfigVariable("cpp_demangle", True, _switch, True, False),
    ConfigVariable("lazy_symbolication", False, _switch, True, False),
    ConfigVariable("license", "GPL", _one_of(*LICENSES)),
    ConfigVariable("log_size", 1_000_000, _number, True, False),
    ConfigVariable("max_bpf_progs", 1024, _number, effective=False),
    ConfigVariable("max_cat_bytes", 10240, _number, True, False),
    ConfigVariable("max_map_keys", 4096, _number),
    ConfigVariable("max_probes", 1024, _number, True, False),
    ConfigVariable("max_strlen", 1024, _number),
    ConfigVariable("missing_probes", "error", _one_of("error", "warn", "ignore"), True),
    ConfigVariable("on_stack_limit", 32, _number, effective=False),
    ConfigVariable("perf_rb_pages", 1024, _number),
    ConfigVariable("print_maps_on_exit", True, _switch, True),
    ConfigVariable("show_debug_info", True, _switch, True, False),
    ConfigVariable(
        "stack_mode", "bpftrace", _one_of("bpftrace", "perf", "raw", "build_id"), True, False
    ),
    ConfigVariable("str_trunc_trailer", "..", _text, True),
    ConfigVariable("unstable_dw_ustack", "warn", _one_of(*_UNSTABLE), effective=False),
    ConfigVariable("unstable_tseries", "warn", _one_of(*_UNSTABLE), effective=False),
)
BY_NAME = {variable.name: variable for variable in VARIABLES}


def find_variable(written: str) -> ConfigVariable | None:
    """The variable of a name as written: `max_strlen`, `MAX_STRLEN` or `BPFTRACE_MAX_STRLEN`."""
    name = written
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return BY_NAME.get(name.lower())


@dataclass(frozen=True)
class Config:
    """The settings of one build: those that differ from the defaults."""

    settings: Mapping[str, Setting] = field(default_factory=dict)

    def _of(self, name: str) -> Setting:
        return self.settings.get(name, BY_NAME[name].default)

    @property
    def max_strlen(self) -> int:
        return int(self._of("max_strlen"))

    @property
    def max_map_keys(self) -> int:
        return int(self._of("max_map_keys"))

    @property
    def ring_bytes(self) -> int:
        """Size of the ring buffer: the pages asked for, rounded up to a power of two."""
        pages = max(int(self._of("perf_rb_pages")), 1)
        return PAGE_BYTES << (pages - 1).bit_length()

    @property
    def license(self) -> str:
        return str(self._of("license"))

    @property
    def on_target(self) -> dict[str, Setting]:
        """What the loader must know, where it is not the default."""
        return {n: v for n, v in sorted(self.settings.items()) if BY_NAME[n].on_target}


def from_environment(environment: Mapping[str, str]) -> Config:
    """What the environment sets. Raises ValueError naming the variable."""
    settings: dict[str, Setting] = {}
    for name, text in sorted(environment.items()):
        if not name.startswith(_PREFIXES):
            continue
        variable = find_variable(name)
        if variable is None:
            continue  # others of that prefix are not of this program
        try:
            settings[variable.name] = variable.read(_parsed(text))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return Config(settings)


def _parsed(text: str) -> Value:
    words = {"true": True, "false": False}
    return int(text) if text.isdecimal() else words.get(text, text)
