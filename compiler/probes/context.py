"""The context of programs, where it is a struct that the verifier knows: what `ctx` is."""

from __future__ import annotations

from aotrace.compiler.kernel_types import find_struct
from aotrace.compiler.probes.record import ProbeRequest
from aotrace.compiler.types import Pointer


def perf_context(request: ProbeRequest) -> Pointer | None:
    """Of perf events: registers, the period, the address of an access."""
    return _pointer(request, "bpf_perf_event_data")


def register_context(request: ProbeRequest) -> Pointer | None:
    """Of probes at an instruction: the registers there."""
    return _pointer(request, "pt_regs")


def _pointer(request: ProbeRequest, struct: str) -> Pointer | None:
    found = find_struct(request.sources.btf, "struct", struct)
    return Pointer(found, trusted=True) if found else None
