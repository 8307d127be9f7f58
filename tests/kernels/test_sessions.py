"""The entry and the return of a function, attached as one where the kernel has sessions."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.sharing import Guests, Suite
from tests.support.observe import Job
from tests.support.places import console_script

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]

_HAVE_SESSIONS = ("6.12", "7.2")
_PAIR = """kprobe:FUNCTION
/comm == "dd" && arg2 == 4321/
{
	@at[tid] = nsecs;
	printf("%s %s %d\\n", probetype, func, arg2);
	if (arg2 > 0) { return; }
	printf("never\\n");
}
kretprobe:FUNCTION
/@at[tid]/
{
	printf("%s %d after %d\\n", probetype, retval, nsecs >= @at[tid]);
	_ = delete(@at, tid);
	printf("%d\\n", 10 / ((int64)retval - 4321));
}
"""
_SAID = "kprobe vfs_read 4321\nkretprobe 4321 after 1\n1\n"
_DIVISION = "WARNING: Divide or modulo by 0"
#: What the loader holds, then the reads that are traced.
_WORKLOAD = (
    "grep -hE '^(link|prog)_type' /proc/[0-9]*/fdinfo/*;"
    " dd if=/dev/zero of=/dev/null bs=4321 count=1"
)


def _job(name: str, path: Path, *flags: str) -> Job:
    argv = ["aotrace", "run", *flags, str(path)]
    return Job(name, argv, ready="^Attached", workload=["/bin/sh", "-c", _WORKLOAD], settle=0.1)


def _prepare(kernel: Kernel, folder: Path) -> list[Job]:
    sources = [folder / "one.bt", folder / "many.bt"]
    for source, function in zip(sources, ("vfs_read", "vfs_rea*")):
        source.write_text(_PAIR.replace("FUNCTION", function))
    subprocess.run([console_script("aotracec"), "build", *sources, "-o", folder], check=True)
    one, many = (source.with_suffix(".bpf.o") for source in sources)
    without = ("--no-feature", "kprobe_session")
    return [_job("one", one), _job("one without", one, *without), _job("many", many)]


SUITE = Suite("sessions", _prepare)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_sessions(kernel: Kernel, guests: Guests) -> None:
    results = guests.ran(SUITE, kernel).results
    for name, has in (
        ("one", kernel.name in _HAVE_SESSIONS),
        ("one without", False),
        ("many", kernel.name in _HAVE_SESSIONS),
    ):
        result = results[name].check()
        assert result.stdout.strip() == _SAID.strip(), name
        assert f"{name.split()[0]}.bt:14:" in result.stderr.partition(_DIVISION)[0], name
        held = result.workload_stdout
        assert len(re.findall(r"^link_type:\tkprobe_multi$", held, re.MULTILINE)) == has, name
        # of a session nothing else is left: no program without a link
        programs = len(re.findall(r"^prog_type:\t2$", held, re.MULTILINE))
        assert programs == (0 if has else 2), name
        if name != "many":
            assert result.stderr.startswith(f"Attached {1 if has else 2} probe"), name
