"""Reads off the kernel what programs cost: `kernel.bpf_stats_enabled` and bpf_prog_info."""

from __future__ import annotations

import contextlib
import ctypes
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.bench.cost.cases import Case
from tests.bench.tracers import Tracer
from tests.support.places import BUILD, program

_SWITCH = Path("/proc/sys/kernel/bpf_stats_enabled")
_HERE = Path(__file__).parent
_CALLS = 50_000
_ROUNDS = 5
_READY_SECONDS = 30.0
# struct bpf_prog_info (include/uapi/linux/bpf.h): where its fields are
_INFO_SIZE, _RUN_TIME, _RUN_COUNT, _VERIFIED = 232, 192, 200, 216


class Cost(NamedTuple):
    """Of one event: nanoseconds, the least of some rounds; and instructions that were verified."""

    nanoseconds: float
    verified: int


class _Counted(NamedTuple):
    """One program in the kernel."""

    time: int
    runs: int
    verified: int


def build_caller() -> Path:
    target = BUILD / "bench" / "caller"
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-o", target, _HERE / "caller.c"], check=True)
    return target


def measure(case: Case, argv: list[str], caller: Path) -> Cost | None:
    """The cost under a tracer of that argv; None if it traces nothing."""
    before = set(_programs())
    with tempfile.TemporaryFile() as nowhere, _counting():
        tracer = subprocess.Popen(argv, stdout=nowhere, stderr=nowhere)
        try:
            return _cost(case, before, caller)
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(60)


def hand_argv(case: Case) -> list[str]:
    """What runs the same program written in C."""
    clang = program("clang")
    assert clang is not None  # `make bench` installs it
    name = re.sub(r"\W", "_", case.name).upper()
    target = BUILD / "bench" / f"{name.lower()}.hand.bpf.o"
    include = f"-I/usr/include/{sys.implementation._multiarch}"
    options = ["-O2", "-g", "-target", "bpf", include, f"-D{name}"]
    subprocess.run([clang, *options, "-c", _HERE / "by_hand.bpf.c", "-o", target], check=True)
    loader = BUILD / "bench" / "by_hand"
    subprocess.run(["gcc", "-O2", "-o", loader, _HERE / "by_hand.c", "-lbpf"], check=True)
    return [str(loader), str(target)]


def tool_argv(case: Case) -> list[str] | None:
    """None where libbpf-tools has nothing like it, or is not installed."""
    path = program(case.tool[0]) if case.tool else None
    return [str(path), *case.tool[1:]] if path else None


def tracer_argv(case: Case, tracer: Tracer) -> list[str]:
    script = BUILD / "bench" / f"{re.sub(r'[^a-z0-9]', '_', case.name)}.bt"
    script.write_text(case.script)
    return tracer.prepare(script)


def _cost(case: Case, before: set[int], caller: Path) -> Cost | None:
    least: Cost | None = None
    if not _wait_until_counting(case, before, caller):
        return None
    for _ in range(_ROUNDS):
        earlier = _counts(before)
        subprocess.run([caller, case.call, str(_CALLS)], check=True)
        spent = [
            _Counted(now.time - then.time, now.runs - then.runs, now.verified)
            for number, now in _counts(before).items()
            if (then := earlier.get(number, _Counted(0, 0, 0)))
        ]
        fired = [one for one in spent if one.runs >= _CALLS]
        found = Cost(sum(o.time / o.runs for o in fired), sum(o.verified for o in fired))
        least = found if least is None or found < least else least
        time.sleep(0.3)  # whoever reads the events catches up
    return least


def _wait_until_counting(case: Case, before: set[int], caller: Path) -> bool:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        earlier = {number: one.runs for number, one in _counts(before).items()}
        subprocess.run([caller, case.call, "100"], check=True)
        if any(one.runs - earlier.get(n, 0) >= 100 for n, one in _counts(before).items()):
            time.sleep(0.3)
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def _counting() -> Iterator[None]:
    was = _SWITCH.read_text()
    _SWITCH.write_text("1")
    try:
        yield
    finally:
        _SWITCH.write_text(was)


def _libbpf() -> ctypes.CDLL:
    return ctypes.CDLL("libbpf.so.1", use_errno=True)


def _programs() -> Iterator[int]:
    """The ids of all programs in the kernel."""
    library, number = _libbpf(), ctypes.c_uint32(0)
    while library.bpf_prog_get_next_id(number, ctypes.byref(number)) == 0:
        yield number.value


def _counts(before: set[int]) -> dict[int, _Counted]:
    """What the kernel counted of each program that is new since."""
    found = {}
    library, libc = _libbpf(), ctypes.CDLL(None)
    for number in set(_programs()) - before:
        descriptor = library.bpf_prog_get_fd_by_id(number)
        if descriptor < 0:
            continue
        info, size = ctypes.create_string_buffer(_INFO_SIZE), ctypes.c_uint32(_INFO_SIZE)
        library.bpf_obj_get_info_by_fd(descriptor, info, ctypes.byref(size))
        libc.close(descriptor)
        time_, count = struct.unpack_from("<QQ", info, _RUN_TIME)
        found[number] = _Counted(time_, count, struct.unpack_from("<I", info, _VERIFIED)[0])
    return found
