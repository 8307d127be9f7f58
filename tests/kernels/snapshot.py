"""Copies a kernel's BTF and tracepoint formats out of a guest: input for the compiler's options."""

from __future__ import annotations

import json
import os

from tests.kernels.catalog import Kernel
from tests.kernels.vm import Vm
from tests.support.observe import Job

# The formats travel as one file: thousands of small ones are slow over 9p.
_COPY = """
import json, os, shutil, sys
folder, root = sys.argv[1], '/sys/kernel/tracing'
shutil.copyfile('/sys/kernel/btf/vmlinux', folder + '/vmlinux.btf')
formats = {}
for place, _, names in os.walk(root + '/events'):
    if 'format' in names:
        with open(place + '/format') as file:
            formats[os.path.relpath(place, root)] = file.read()
with open(folder + '/formats.json', 'w') as file:
    json.dump(formats, file)
"""


def take_snapshot(kernel: Kernel) -> None:
    """Boots the kernel once; leaves vmlinux.btf and events/SYSTEM/EVENT/format in its folder.

    Raises VmError if the guest did not come up, JobError if it could not copy.
    """
    with Vm(kernel) as vm:
        copy = Job("snapshot", ["/usr/bin/python3", "-c", _COPY, str(vm.shared)], interrupt=False)
        vm.run([copy])[0].check()
        formats = json.loads((vm.shared / "formats.json").read_text())
        for place, text in formats.items():
            folder = kernel.folder / place
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "format").write_text(text)
        kernel.btf.unlink(missing_ok=True)
        os.replace(vm.shared / "vmlinux.btf", kernel.btf)
