"""How long kprobes by a wildcard take to attach, and how much memory: in guests, by their number.

Linux 6.12 attaches them at once (kprobe.multi), 6.1 one by one.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import NamedTuple

from tests.kernels.catalog import kernel
from tests.kernels.vm import Vm
from tests.support.observe import Job
from tests.support.places import console_script

NUMBERS = (100, 300, 1000)
#: Kernels, and how often each measurement is made there; the quickest counts.
KERNELS = {"6.12": 3, "6.1": 1}
SCRIPT = "config = { max_probes = 100000 } kprobe:$1 { @[probe] = count(); }"

# In the guest: finds a wildcard that stands for about so many functions, none of them called
# often, and times the loader.
_MEASURE = r"""
import fnmatch, json, subprocess, sys, time
number, built = int(sys.argv[1]), sys.argv[2]
lines = open('/sys/kernel/tracing/available_filter_functions').read().splitlines()
names = [line for line in set(lines) if ' ' not in line and '.part.' not in line]
words = ('acpi blk drm fb hid inet input intel ip6 kobj md mmc netlink nfs pci pm scsi snd tcp udp'
         ' usb virtio xfrm xhci').split()
wildcards = [form % word for word in words for form in ('%s_*', '*%s*', '*_%s_*')]
counts = {len(fnmatch.filter(names, wildcard)): wildcard for wildcard in wildcards}
wildcard = counts[min(counts, key=lambda count: abs(count - number))]
start = time.monotonic()
argv = ['aotrace', 'run', built, wildcard]
tracer = subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
said = tracer.stderr.readline()
attached = time.monotonic() - start
status = open(f'/proc/{tracer.pid}/status').read()
tracer.send_signal(2)
tracer.wait()
print(json.dumps({'said': said, 'seconds': attached, 'rss': status.split('VmHWM:')[1].split()[0],
                  'detach': time.monotonic() - start - attached}))
"""


class Attached(NamedTuple):
    """Seconds from exec to attached, and to detach; peak memory in MB."""

    number: int
    seconds: float
    detach: float
    memory: float


def measure(name: str) -> list[Attached]:
    """The figures of one kernel, in one boot."""
    with Vm(kernel(name)) as vm:
        source, built = vm.shared / "wildcard.bt", vm.shared / "wildcard.bpf.o"
        source.write_text(SCRIPT)
        build = [str(console_script("aotracec")), "build", str(source), "-o", str(built)]
        subprocess.run(build, check=True)
        jobs = [
            Job(
                str(number), ["/usr/bin/python3", "-c", _MEASURE, str(number), str(built)],
                interrupt=False, timeout=600,
            )
            for number in NUMBERS * KERNELS[name]
        ]  # fmt: skip
        best: dict[int, Attached] = {}
        for got in (_read(result.check().stdout) for result in vm.run(jobs)):
            best[got.number] = min(got, best.get(got.number, got))
        return list(best.values())


def _read(output: str) -> Attached:
    said = json.loads(output)
    number = re.search(r"\d+", said["said"])
    assert number, said
    return Attached(int(number[0]), said["seconds"], said["detach"], int(said["rss"]) / 1024)


def main() -> None:
    """Print the figures of both kernels."""
    print("\nkprobes by one wildcard, in an emulated guest: exec to attached")
    print(f"  {'kernel':8}{'kprobes':>9}{'seconds':>9}{'detach':>9}{'memory MB':>11}")
    for name in KERNELS:
        for got in measure(name):
            figures = f"{got.seconds:>9.2f}{got.detach:>9.2f}{got.memory:>11.1f}"
            print(f"  {name:8}{got.number:>9}{figures}", flush=True)


if __name__ == "__main__":
    main()
