"""trace: fentry and fexit. The section names the function, which libbpf looks up when it loads."""

from __future__ import annotations

from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError


def attach(program: Program, target: Target, scope: Scope) -> Link:
    return program.attach_trace()


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    hint = "fentry and fexit need function tracing in the kernel; a kprobe may serve instead"
    return f"the kernel refused to attach: {error}", hint


MECHANISM = Mechanism(attach, explain, last_first=lambda target: True)
