"""override() in a kernel where functions may fail: builds that kernel, runs both tracers there.

`python -m tests.kernels.injection` (`make injection-run`). No kernel of the catalog is built with
CONFIG_BPF_KPROBE_OVERRIDE. To build one takes some five minutes, so this is no part of the tests;
once built, it stays in the cache. The scripts are in injection.txt.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.differential.cases import Case, read
from tests.kernels.catalog import KERNEL_CACHE, Kernel
from tests.kernels.image import Extras
from tests.kernels.vm import Vm, VmError
from tests.support.forky import bpftrace27, guest_files
from tests.support.mirror import MirrorError, PrivateApt
from tests.support.observe import Job, Result
from tests.support.places import console_script

KERNEL = Kernel("injection", "bookworm-security", (r"linux-source-6\.12",))
CASES = read(Path(__file__).with_suffix(".txt"))
_CONFIG = Path(__file__).with_suffix(".config")
_SECONDS = 120.0
_TEXT = re.compile(r"^(?:Attach\w* .*|(?:WARNING|ERROR|HINT).*)\n", re.MULTILINE)


def build() -> None:
    """Debian's source with a small configuration; the folder appears when all of it is there."""
    work = KERNEL_CACHE / "injection.partial"
    shutil.rmtree(work, ignore_errors=True)
    apt = PrivateApt(KERNEL_CACHE / "apt-source", (KERNEL.suite,))
    apt.update()
    package = apt.download(apt.newest(KERNEL.packages[0]), KERNEL_CACHE / "archives")
    _run("dpkg-deb", "--extract", package, work)
    package.unlink()
    tree = work / "tree"
    tree.mkdir()
    archive = next(work.glob("usr/src/linux-source-*.tar.xz"))
    _run("tar", "--extract", "--strip-components=1", "--file", archive, cwd=tree)
    _run("make", "-s", "allnoconfig", f"KCONFIG_ALLCONFIG={_CONFIG}", cwd=tree)
    _check_config(tree / ".config")
    _run("make", "-s", "-j2", "bzImage", cwd=tree)
    _keep(tree, work / "kept")
    shutil.rmtree(KERNEL.folder, ignore_errors=True)
    (work / "kept").rename(KERNEL.folder)
    shutil.rmtree(work)


def _check_config(made: Path) -> None:
    """An option whose needs are not met falls away without a word."""
    lines = made.read_text().splitlines()
    wanted = (line for line in _CONFIG.read_text().splitlines() if line.startswith("CONFIG_"))
    missing = [line for line in wanted if line not in lines]
    if missing:
        raise ValueError(f"the kernel's configuration lacks {', '.join(missing)}")


def _keep(tree: Path, folder: Path) -> None:
    """What the catalog says a kernel's folder has; it needs no modules."""
    version = _run("make", "-s", "kernelrelease", cwd=tree).strip()
    modules = folder / "lib/modules" / version
    for place in (folder / "boot", modules):
        place.mkdir(parents=True)
    (modules / "modules.dep").touch()
    shutil.copy(tree / "arch/x86/boot/bzImage", folder / "boot" / f"vmlinuz-{version}")
    section = f".BTF={folder / 'vmlinux.btf'}"
    _run("objcopy", "--dump-section", section, tree / "vmlinux", "/dev/null")


def _run(*argv: str | Path, cwd: Path | None = None) -> str:
    return subprocess.run(argv, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


def _jobs(case: Case, folder: Path) -> list[Job]:
    """The script under either tracer, which start the workload themselves."""
    source, built = folder / f"{case}.bt", folder / f"{case}.bpf.o"
    source.write_text(case.script)
    options = ("--unsafe", "--no-warnings", "--btf", KERNEL.btf)
    _run(console_script("aotracec"), "build", *options, source, "-o", built)
    argvs = {
        "bpftrace": bpftrace27("--unsafe", "-c", case.workload or "", str(source)),
        "aotrace": ["aotrace", "run", "--unsafe", "-c", case.workload or "", str(built)],
    }
    return [
        Job(f"{case} {who}", argv, interrupt=False, timeout=_SECONDS) for who, argv in argvs.items()
    ]


def run() -> list[Result]:
    with Vm(KERNEL, memory="2G", extras=Extras(files=guest_files())) as vm:
        return vm.run([job for case in CASES for job in _jobs(case, vm.shared)])


def verdict(theirs: Result, ours: Result) -> str:
    """Alike in what was printed, by the workload too, and in how it ended; and what that was."""
    shown = _shown(theirs)
    if shown == _shown(ours) and theirs.status == ours.status and (shown or theirs.status):
        return f"same, status {ours.status}: {' | '.join(filter(None, shown.splitlines()))}"
    return f"DIFFERS\n--- bpftrace\n{theirs.to_json()}\n--- aotrace\n{ours.to_json()}"


def _shown(result: Result) -> str:
    return _TEXT.sub("", result.stdout + result.stderr).strip()


def main() -> int:
    try:
        if not KERNEL.is_fetched:
            print("building a kernel with error injection", flush=True)
            build()
        results = iter(run())
    except (MirrorError, VmError, ValueError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    verdicts = [verdict(next(results), next(results)) for _ in CASES]
    for case, said in zip(CASES, verdicts):
        print(f"{case.name}: {said}")
    return int(any(not said.startswith("same") for said in verdicts))


if __name__ == "__main__":
    sys.exit(main())
