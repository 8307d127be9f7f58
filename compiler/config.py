"""The settings of one build, as the compiler's passes ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from aotrace.compiler.frozen import dataclass
from aotrace.runtime import config

PAGE_BYTES = 4096
_RING_PAGES = 1024  # where the script asks for no number of pages


@dataclass(frozen=True)
class Config:
    """The settings of one build: those that differ from the defaults."""

    settings: Mapping[str, config.Setting] = field(default_factory=dict)
    #: whether functions that can do harm are allowed; not for a script to say
    unsafe: bool = False

    def of(self, name: str) -> config.Setting:
        """The setting of a variable, its default where nothing sets it."""
        return self.settings.get(name, config.BY_NAME[name].default)

    @property
    def max_strlen(self) -> int:
        return int(self.of("max_strlen"))

    @property
    def on_stack_limit(self) -> int:
        return int(self.of("on_stack_limit"))

    @property
    def stack_mode(self) -> str:
        return str(self.of("stack_mode"))

    @property
    def max_map_keys(self) -> int:
        return int(self.of("max_map_keys"))

    @property
    def missing_probes(self) -> str:
        return str(self.of("missing_probes"))

    @property
    def max_bpf_progs(self) -> int:
        return int(self.of("max_bpf_progs"))

    @property
    def ring_bytes(self) -> int:
        """Size of the ring buffer: the pages asked for, rounded up to a power of two."""
        pages = int(self.of("perf_rb_pages")) or _RING_PAGES
        return PAGE_BYTES << (pages - 1).bit_length()

    @property
    def license(self) -> str:
        return str(self.of("license"))

    def unstable(self, variable: str) -> str:
        """What is said of an unstable feature: error, warn or enable."""
        return str(self.of(variable))

    @property
    def on_target(self) -> dict[str, config.Setting]:
        """What the loader must know, where it is not the default."""
        known = config.BY_NAME
        return {n: v for n, v in sorted(self.settings.items()) if known[n].on_target}


def from_environment(environment: Mapping[str, str]) -> Config:
    """What the environment sets. Raises ValueError naming the variable."""
    return Config(config.from_environment(environment))
