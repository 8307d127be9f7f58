"""typed_tracepoint: a raw tracepoint of which the verifier knows the types of the arguments.

The section names it, and libbpf looks it up in the kernel's BTF when it loads. Target: name.
"""

from __future__ import annotations

from aotrace.loader.attach.mechanism import Mechanism
from aotrace.loader.attach.raw_tracepoint import expand, locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target
    from aotrace.loader.libbpf.handles import Link, Program
    from aotrace.loader.libbpf.lib import BpfError


def attach(program: Program, target: Target, scope: Scope) -> Link:
    return program.attach_trace()


def explain(target: Target, error: BpfError) -> tuple[str, str]:
    return f"raw tracepoint {target['name']}: {error}", ""


MECHANISM = Mechanism(attach, explain, locate=locate, expand=expand)
