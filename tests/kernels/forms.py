"""Probe forms: one script for each way to write an attach point, which reads a real value.

The table form x kernel of docs/probes.md comes from them (`python -m tests.kernels.forms_table`),
and test_forms.py holds every kernel to it. To add rows, add a Form to one of the lists below, or a
list in a file of its own (forms_NAME.py) to FORMS. form.py says what a Form has.

Scripts are compiled on the build host, once, and run everywhere. A workload runs on this machine
and in the guests alike, which have busybox, Python and the programs of PROGRAMS (C, linked
statically), to be found in {programs}. What a script reads must come from the workload: compare
comm and print the value.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.form import HERE, Form
from tests.kernels.forms_kernel import KERNEL_FORMS
from tests.kernels.forms_perf import PERF_FORMS
from tests.kernels.forms_user import TARGET, USER_FORMS
from tests.kernels.forms_wrong import WRONG_FORMS
from tests.kernels.sharing import Suite
from tests.support.observe import Job, Result, observe
from tests.support.places import console_script
from tests.support.tracefs import mount_tracing

FORMS: tuple[Form, ...] = (*KERNEL_FORMS, *USER_FORMS, *PERF_FORMS)
#: Attach points that no kernel takes; they are in no table, but each kernel is held to the words.
WRONG: tuple[Form, ...] = (*WRONG_FORMS,)
#: C programs that workloads run.
PROGRAMS: tuple[Path, ...] = (TARGET,)


def build(folder: Path) -> None:
    """Compile the programs of the workloads and the scripts, as SLUG.bpf.o, in their folder."""
    for program in PROGRAMS:
        flags = ["-static", "-g", "-O1", "-fno-inline", "-fno-omit-frame-pointer"]
        subprocess.run(["gcc", *flags, program, "-o", folder / program.stem], check=True)
    for unsafe, flags in ((False, []), (True, ["--unsafe"])):
        sources = [folder / f"{form.slug}.bt" for form in _all() if form.unsafe == unsafe]
        for form in _all():
            (folder / f"{form.slug}.bt").write_text(form.script)
        options = [*flags, "-o", str(folder)]
        compiler = [str(console_script("aotracec")), "build", *map(str, sources), *options]
        path = f"{os.environ['PATH']}:{folder}"
        if sources:
            subprocess.run(compiler, check=True, cwd=folder, env={**os.environ, "PATH": path})


def of_kernel(name: str) -> list[Form]:
    """The forms that there are on a kernel."""
    return [form for form in _all() if not form.only or name in form.only]


def tested_on(name: str) -> list[Form]:
    """Those that the tests try there: all on the oldest kernel and on the newest."""
    every = FORMS if name == KERNELS[0].name else _all() if name == KERNELS[-1].name else ()
    return [form for form in of_kernel(name) if form in every or form.between]


def _all() -> tuple[Form, ...]:
    return (*FORMS, *WRONG)


def run_here(folder: Path) -> dict[str, Result]:
    """Results by the forms' names, on this machine's own kernel."""
    mount_tracing()
    loader = str(console_script("aotrace"))
    return {
        form.name: observe(form.job(HERE, loader, _names(form, folder))) for form in of_kernel(HERE)
    }


def _prepare(choose: Callable[[str], list[Form]], kernel: Kernel, folder: Path) -> list[Job]:
    build(folder)
    forms = choose(kernel.name)
    return [form.job(kernel.name, "aotrace", _names(form, folder)) for form in forms]


#: All of them on another kernel; and those that the tests run.
ALL = Suite("all-forms", partial(_prepare, of_kernel))
SUITE = Suite("forms", partial(_prepare, tested_on))


def _names(form: Form, folder: Path) -> dict[str, str]:
    return {"programs": str(folder), "object": str(folder / f"{form.slug}.bpf.o")}
