"""Every kernel of the catalog boots, and a guest is what the other tests take it for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.sharing import Guests, Suite
from tests.support.observe import Job

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels")]

_LOOK = "uname -r; ls -d /sys/kernel/tracing/events /sys/fs/bpf /sys/kernel/btf/vmlinux; ip a"
_LIBBPF = "import ctypes; ctypes.CDLL('libbpf.so.1').libbpf_version_string()"


def _prepare(kernel: Kernel, folder: Path) -> list[Job]:
    return [
        Job("look", ["/bin/sh", "-c", _LOOK], interrupt=False),
        Job("libbpf", ["/usr/bin/python3", "-c", _LIBBPF], interrupt=False),
        Job("write", ["/bin/sh", "-c", f"echo seen > {folder}/note"], interrupt=False),
    ]


SUITE = Suite("boot", _prepare)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_guest_runs_the_kernel_with_tracing_and_loopback(kernel: Kernel, guests: Guests) -> None:
    assert kernel.version.startswith(kernel.name + ".")
    ran = guests.ran(SUITE, kernel)
    seen, *_ = [result.check() for result in ran.results.values()]
    assert (ran.folder / "note").read_text() == "seen\n"
    assert seen.stdout.splitlines()[0] == kernel.version
    assert "LOOPBACK,UP" in seen.stdout
    assert "::1/128" in seen.stdout
