"""Limits and switches that a build works under, with bpftrace's names and defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """See bpftrace's docs/language.md, "Config Variables", for each."""

    max_strlen: int = 1024
    max_map_keys: int = 4096
    license: str = "GPL"
    print_maps_on_exit: bool = True
    ring_pages: int = 0  # 0: chosen by the loader's default
