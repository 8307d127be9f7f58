"""The kernels that the tests boot: one record each, newest package by pattern, never pinned."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import CACHE

KERNEL_CACHE = Path(os.environ.get("AOTRACE_KERNELS", CACHE / "kernels"))


@dataclass(frozen=True)
class Kernel:
    """One Debian kernel: its short name, the suite it comes from, and its packages' names.

    The cloud images are no use: they lack 9p, over which the guest reads its root.
    """

    name: str
    suite: str
    packages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """boot/vmlinuz-VERSION, lib/modules/VERSION, vmlinux.btf and events/ lie here."""
        return KERNEL_CACHE / self.name

    @property
    def image(self) -> Path:
        """The bootable image; FileNotFoundError before the kernel was fetched."""
        for path in self.folder.glob("boot/vmlinuz-*"):
            return path
        raise FileNotFoundError(f"no kernel image in {self.folder}/boot")

    @property
    def version(self) -> str:
        """As `uname -r` prints it."""
        return self.image.name.partition("-")[2]

    @property
    def btf(self) -> Path:
        """The kernel's own BTF, copied out of the running guest."""
        return self.folder / "vmlinux.btf"

    @property
    def events(self) -> Path:
        """SYSTEM/EVENT/format of every tracepoint, copied out of the running guest."""
        return self.folder / "events"

    @property
    def is_fetched(self) -> bool:
        return any(self.folder.glob("boot/vmlinuz-*"))

    @property
    def is_complete(self) -> bool:
        return self.is_fetched and self.btf.is_file() and self.events.is_dir()


KERNELS = (
    Kernel("5.10", "bullseye-security", (r"linux-image-5\.10\.[^a-z]*-amd64-unsigned",)),
    Kernel("6.1", "bookworm-security", (r"linux-image-6\.1\.[^a-z]*-amd64-unsigned",)),
    Kernel(
        "6.12", "bookworm-security", (r"linux-image-6\.12\.[^a-z]*\+deb12[.\d]*-amd64-unsigned",)
    ),
    Kernel(
        "7.2",
        "forky",
        (
            r"linux-binary-7\.2\.[^a-z]*\+deb14[.\d]*-amd64",
            r"linux-modules-7\.2\.[^a-z]*\+deb14[.\d]*-amd64",
        ),
    ),
)


def kernel(name: str) -> Kernel:
    """The record of that short name; KeyError if there is none."""
    return {known.name: known for known in KERNELS}[name]
