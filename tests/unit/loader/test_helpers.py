"""Helpers that a kernel lacks: what Linux 5.10 says, and what is made of it."""

from __future__ import annotations

import pytest
from aotrace.loader.helpers import missing

_SUBPROGRAMS = "number of funcs in func_info doesn't match number of subprogs"


@pytest.mark.parametrize(
    ("reason", "used", "said"),
    [
        (
            "invalid func unknown#195", ["bpf_map_lookup_percpu_elem"],
            "this kernel has no helper bpf_map_lookup_percpu_elem, which came with Linux 5.19",
        ),
        (
            "unknown func bpf_get_socket_cookie#46", ["bpf_get_socket_cookie"],
            "this kernel has no helper bpf_get_socket_cookie, which came with Linux 5.12",
        ),
        (
            "unknown func bpf_override_return#58", ["bpf_override_return"],
            "this kernel has no helper bpf_override_return for such a probe",
        ),
        (
            _SUBPROGRAMS, ["bpf_get_current_comm", "bpf_for_each_map_elem"],
            "this kernel has no helper bpf_for_each_map_elem, which came with Linux 5.13",
        ),
        (
            _SUBPROGRAMS, ["bpf_loop"],
            "this kernel has no helper bpf_loop, which came with Linux 5.17",
        ),
        (_SUBPROGRAMS, ["bpf_get_current_comm"], ""),
        ("invalid func unknown#9999", [], ""),
        ("invalid mem access 'scalar'", ["bpf_loop"], ""),
    ],
)  # fmt: skip
def test_what_is_missing(reason: str, used: list[str], said: str) -> None:
    assert missing(reason, used) == said
