"""The context of programs of perf events: registers, the period, the address of an access."""

from __future__ import annotations

from aotrace.compiler.kernel_types import find_struct
from aotrace.compiler.probes.record import ProbeRequest
from aotrace.compiler.types import Pointer


def perf_context(request: ProbeRequest) -> Pointer | None:
    """What `ctx` is: struct bpf_perf_event_data, which the verifier knows."""
    found = find_struct(request.sources.btf, "struct", "bpf_perf_event_data")
    return Pointer(found, trusted=True) if found else None
