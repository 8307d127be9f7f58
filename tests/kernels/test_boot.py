"""Every kernel of the catalog boots, and a guest is what the other tests take it for."""

from __future__ import annotations

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.vm import Vm
from tests.support.observe import Job

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels")]

_LOOK = "uname -r; ls -d /sys/kernel/tracing/events /sys/fs/bpf /sys/kernel/btf/vmlinux; ip a"


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_guest_runs_the_kernel_with_tracing_and_loopback(kernel: Kernel) -> None:
    assert kernel.version.startswith(kernel.name + ".")
    with Vm(kernel) as vm:
        look = Job("look", ["/bin/sh", "-c", _LOOK], interrupt=False)
        libbpf = "import ctypes; ctypes.CDLL('libbpf.so.1').libbpf_version_string()"
        load = Job("libbpf", ["/usr/bin/python3", "-c", libbpf], interrupt=False)
        write = Job("write", ["/bin/sh", "-c", f"echo seen > {vm.shared}/note"], interrupt=False)
        seen, *_ = [result.check() for result in vm.run([look, load, write])]
        assert (vm.shared / "note").read_text() == "seen\n"
    assert seen.stdout.splitlines()[0] == kernel.version
    assert "LOOPBACK,UP" in seen.stdout
    assert "::1/128" in seen.stdout
