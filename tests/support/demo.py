"""`make demo`: compile tcpconnect, run the object, make real connections, show what it printed.

With --vm the object runs in an emulated guest with another kernel than the one it was built for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.kernels.catalog import Kernel, kernel
from tests.kernels.vm import Vm, VmError
from tests.support.observe import Job, JobError, Result, observe
from tests.support.packs import EXPECTATIONS, Expectation
from tests.support.places import BUILD, console_script
from tests.support.requirements import missing
from tests.support.tracefs import mount_tracing

_GUEST_KERNEL = "6.12"
_NEEDS = ("root", "bpf", "btf", "libbpf", "ipv6")


def _compile(expectation: Expectation) -> Path:
    target = BUILD / "demo" / f"{expectation.script}.bpf.o"
    target.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(console_script("aotracec")), "build", str(expectation.source), "-o", str(target)]
    print(f"$ aotracec build {expectation.source.name} -o {target.name}")
    subprocess.run(argv, check=True)
    print(f"  {target.stat().st_size:,} bytes; copy it to any host with BTF and libbpf.so.1")
    return target


def _run_here(expectation: Expectation, target: Path) -> Result:
    mount_tracing()
    return observe(expectation.job([str(console_script("aotrace")), "run", str(target)]))


def _run_in_guest(expectation: Expectation, target: Path, guest: Kernel) -> Result:
    print(f"  booting Linux {guest.version} in QEMU (emulated, about ten seconds)", flush=True)
    with Vm(guest) as vm:
        inside = vm.shared / target.name
        inside.write_bytes(target.read_bytes())
        job: Job = expectation.job(["aotrace", "run", str(inside)])
        return vm.run([job])[0]


def _show(target: Path, result: Result) -> None:
    print(f"$ aotrace run {target.name}")
    print(result.stderr + result.stdout, end="")
    print("\nthe connections that were made meanwhile:")
    for line in result.workload_stdout.splitlines():
        fact = json.loads(line)
        (laddr, lport), (raddr, rport) = fact["local"], fact["peer"]
        print(
            f"  IPv{fact['family']} {laddr} port {lport} -> {raddr} port {rport} ({fact['case']})"
        )


def _lacking() -> list[str]:
    return [reason for need in _NEEDS if (reason := missing(need))]


def main(arguments: list[str]) -> int:
    in_guest = "--vm" in arguments
    lacking = [] if in_guest else _lacking()
    if lacking:
        print("This machine cannot run BPF programs:", *lacking, sep="\n  ", file=sys.stderr)
        print("Try `make demo VM=1`: an emulated machine that can.", file=sys.stderr)
        return 1
    expectation = next(one for one in EXPECTATIONS if one.script == "tcpconnect")
    try:
        target = _compile(expectation)
        if in_guest:
            result = _run_in_guest(expectation, target, kernel(_GUEST_KERNEL)).check()
        else:
            result = _run_here(expectation, target).check()
    except (JobError, VmError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    _show(target, result)
    absent = expectation.missing(result)
    if absent:
        print("error: not shown: " + "; ".join(absent), file=sys.stderr)
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
