"""Structs of another kernel, copied here: what this kernel lacks is zero, the rest is where it is.

The object is built with the types of each kernel that the tests know, and run on this one.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from aotrace.compiler.arch import ARCHES
from aotrace.compiler.build import machine
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options
from aotrace.compiler.source import Source

from tests.kernels.catalog import KERNELS, Kernel
from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "kernels")]

# On the right is read directly what the copy has on the left; a task has some 1,000 values.
SCRIPT = """
begin {
  $task = *curtask; $signal = *curtask->signal; $cred = *curtask->cred; $mm = *curtask->mm;
  print(($task.pid == curtask->pid, $task.comm == curtask->comm, $task.cred == curtask->cred));
  print(($task.cred->uid.val == uid, $cred.uid.val == uid, $cred == *$task.cred));
  print(($signal.oom_score_adj == curtask->signal->oom_score_adj, $signal.nr_threads > 0));
  print(($mm.total_vm > 0, $mm.arg_start == curtask->mm->arg_start, $mm.env_end > $mm.arg_start));
  print($task.se.load.weight == curtask->se.load.weight);
  $i = (uint64)3; print($signal.rlim[$i].rlim_max == curtask->signal->rlim[3].rlim_max);
  @ = $cred; $p = &$cred; print((@.uid.val == $p->uid.val, *$p == $cred));
  exit();
}
"""


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_copies_of_another_kernels_structs(kernel: Kernel, tmp_path: Path) -> None:
    options, path = Options(ARCHES[machine()]), tmp_path / "copies.bpf.o"
    with Compiler(open_sources(kernel.btf, kernel.events), options, Backend()) as compiler:
        source = Source("copies.bt", SCRIPT)
        path.write_bytes(compiler.emit(source, compiler.analyse(source)).object)
    argv = [console_script("aotrace"), "run", "-q", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.partition("@")[0].split("\n")
    told = [line for line in shown if line]
    assert len(told) == 7
    assert not any("false" in line for line in told), done.stdout
