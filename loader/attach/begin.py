"""begin: a raw_tp program, run once before anything is attached."""

from __future__ import annotations

from aotrace.loader.attach.mechanism import BEFORE, Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Program
    from aotrace.loader.libbpf.lib import BpfError


def run(program: Program, target: Target, scope: Scope) -> None:
    """Run the program in this process (BPF_PROG_TEST_RUN of raw_tp programs: kernel 5.10)."""
    program.run()


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    return f"the kernel cannot run it once: {error}", "this needs Linux 5.10 or newer"


MECHANISM = Mechanism(run, explain, phase=BEFORE)
