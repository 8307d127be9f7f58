"""Every field of some kernel structs, read by both tracers at one and the same event."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aotrace.compiler.kernel import btf_types as bt
from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.pipeline import Compiler

from tests.differential.pair import Ended, Pair
from tests.differential.tracers import new_token, workload

pytestmark = [pytest.mark.differential, pytest.mark.needs("root", "bpf", "btf", "bpftrace27")]

_STRUCTS = {
    "task_struct": "curtask",
    "mm_struct": "curtask->mm",
    "signal_struct": "curtask->signal",
    "cred": "curtask->cred",
    "fs_struct": "curtask->fs",
    "files_struct": "curtask->files",
    "uts_namespace": "curtask->nsproxy->uts_ns",
    "dentry": "curtask->fs->pwd.dentry",
    "inode": "curtask->fs->pwd.dentry->d_inode",
    "super_block": "curtask->fs->pwd.dentry->d_sb",
    "net": "curtask->nsproxy->net_ns",
}
_AT_ONCE = 40  # fields to a script: bpftrace takes long for more
_MOST = 120  # fields of one struct
# What passes between the two programs that see the event.
_MOVING = re.compile(
    r"time|runtime|clock|exec|sched_info|last_|avg|csw|counter|slack|flips|vtime|seq|refs|count"
)
_LONGEST = 40  # elements of an array
_TRIES = 6


@pytest.mark.parametrize("struct", list(_STRUCTS))
def test_fields(struct: str, compiler: Compiler, tmp_path: Path) -> None:
    base = _STRUCTS[struct]
    btf = compiler.sources.btf
    type_id = btf.find(BtfKind.STRUCT, struct)
    assert type_id is not None
    names = [name for name in _fields(btf, type_id, "", 2) if not _MOVING.search(name)]
    assert names
    for start in range(0, min(len(names), _MOST), _AT_ONCE):
        _compare(base, names[start : start + _AT_ONCE], compiler, tmp_path)


def _compare(base: str, names: list[str], compiler: Compiler, folder: Path) -> None:
    """A field that changes between the two reads of one event does not do so every time.

    Only those that differed are read again: of many fields, one or another always changes.
    """
    for _ in range(_TRIES):
        theirs, ours = _read(base, names, compiler, folder)
        assert f"{names[-1]}: " in theirs.stdout
        if ours == theirs:
            return
        names = [name for name in names if _value(name, theirs) != _value(name, ours)] or names
    assert ours == theirs


def _value(name: str, ended: Ended) -> str:
    return ended.stdout.partition(f"\n{name}: ")[2].partition("\n")[0]


def _read(base: str, names: list[str], compiler: Compiler, folder: Path) -> list[Ended]:
    token = new_token()
    reads = "\n".join(f'  printf("{name}: "); print($s->{name});' for name in names)
    script = f"""begin {{ @n = (int64)0; printf("begin\\n"); }}
tracepoint:syscalls:sys_enter_getppid / comm == "w{token}" && @n == 0 / {{
  @n++; $s = {base};
{reads}
}}
"""
    with Pair(compiler, folder, script) as pair:
        subprocess.run(workload("parent", token), check=True)
        time.sleep(0.2)
        pair.send(signal.SIGINT)
        return pair.ends()


def _fields(btf: Btf, type_id: int, prefix: str, depth: int) -> Iterator[str]:
    """The members that both print alike, and those of members `depth` structs down."""
    struct = btf.resolve(type_id)
    assert isinstance(struct, bt.Struct)
    for member in struct.members:
        kind = btf.resolve(member.type_id)
        path = prefix + member.name
        if isinstance(kind, bt.Struct) and depth:
            deeper = f"{path}." if member.name else prefix
            yield from _fields(btf, member.type_id, deeper, depth - bool(member.name))
        elif isinstance(kind, (bt.Int, bt.Ptr, bt.Enum)) or _is_printed(btf, kind):
            yield path


def _is_printed(btf: Btf, kind: bt.BtfType) -> bool:
    """Arrays of numbers and text; arrays of unsigned bytes are in differences.txt."""
    if not isinstance(kind, bt.Array) or not 0 < kind.count <= _LONGEST:
        return False
    element = btf.resolve(kind.elem)
    return isinstance(element, bt.Int) and (element.size > 1 or element.signed)
