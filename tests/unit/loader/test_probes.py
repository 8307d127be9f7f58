"""Attaching: in which order, what counts, and what happens where a probe is missing."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from aotrace.loader import attach
from aotrace.loader.attach import raw_tracepoint, tracepoint
from aotrace.loader.attach.mechanism import Scope
from aotrace.loader.console import Console
from aotrace.loader.errors import LoaderError, ObjectError
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.probes import MissingProbes, Probes
from aotrace.runtime.metadata import Metadata, Program


class FakeLink:
    places = 1

    def __init__(self, kernel: FakeKernel, name: str) -> None:
        self.kernel = kernel
        self.name = name

    def close(self) -> None:
        self.kernel.events.append(f"-{self.name}")


class FakeProgram:
    """Takes every attachment, unless it is of a raw tracepoint called `missing`."""

    def __init__(self, kernel: FakeKernel, name: str) -> None:
        self.kernel = kernel
        self.name = name

    def run(self) -> int:
        self.kernel.events.append(f"run {self.name}")
        return 0

    def _link(self, *target: object, **event: int) -> FakeLink:
        if "missing" in target:
            raise BpfError("attach", errno.ENOENT)
        self.kernel.events.append(self.name)
        return FakeLink(self.kernel, self.name)

    attach_tracepoint = attach_raw_tracepoint = attach_kprobe = attach_trace = attach_perf_event = (
        _link
    )


class FakeKernel:
    """What was done, in order. Stands for a loaded object."""

    def __init__(self, names: list[str]) -> None:
        self.events: list[str] = []
        self.programs = {name: FakeProgram(self, name) for name in names}


def program(label: str, mechanism: str, **target: Any) -> Program:
    return Program(label, "", f"probe:{label}", mechanism, target, 1)


KPROBE = {"function": "f", "offset": 0, "return": False}
KRETPROBE = {**KPROBE, "return": True}


def probes_of(
    programs: list[Program], config: dict[str, Any] | None = None
) -> tuple[Probes, Any, MissingProbes]:
    meta = Metadata("", "t.bt", "", "GPL", programs, [], [], [], config or {}, [], [])
    missing = MissingProbes(meta, Console())
    return Probes(meta, missing, Scope()), FakeKernel([p.name for p in programs]), missing


def test_the_order_of_attaching() -> None:
    """Entries last first, all others as in the script, begin before and end after them."""
    probes, kernel, _ = probes_of([
        program("end", "end"),
        program("k1", "kprobe", **KPROBE),
        program("r1", "kprobe", **KRETPROBE),
        program("t1", "tracepoint", category="c", name="n"),
        program("f1", "trace"),
        program("begin1", "begin"),
        program("k2", "kprobe", **KPROBE),
        program("i1", "interval", period_ns=1_000_000),
        program("r2", "kprobe", **KRETPROBE),
        program("w1", "raw_tracepoint", name="n"),
        program("begin2", "begin"),
    ])  # fmt: skip
    probes.run_before(kernel)
    probes.attach(kernel)
    assert probes.attached == 8
    assert probes.total == 11
    probes.close()
    probes.run_after(kernel)
    assert [e for e in kernel.events if not e.startswith("-")] == [
        "run begin1", "run begin2", "r1", "t1", "i1", "r2", "w1", "k2", "f1", "k1", "run end",
    ]  # fmt: skip
    assert len([e for e in kernel.events if e.startswith("-")]) == 8
    assert probes.attached == 0


MIXED = [program("a", "raw_tracepoint", name="there"),
         program("b", "raw_tracepoint", name="missing")]  # fmt: skip


def test_a_missing_probe_ends_the_run() -> None:
    probes, kernel, _ = probes_of(MIXED)
    with pytest.raises(LoaderError, match=r"cannot attach probe:b \(t.bt:1\): .*missing") as caught:
        probes.attach(kernel)
    assert "missing_probes" in caught.value.hint


@pytest.mark.parametrize(("policy", "said"), [("warn", True), ("ignore", False)])
def test_a_missing_probe_can_be_done_without(
    policy: str, said: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    probes, kernel, missing = probes_of(MIXED, {"missing_probes": policy})
    probes.attach(kernel)
    assert probes.total == 1
    assert missing.names == {"b"}
    assert ("WARNING: cannot attach probe:b" in capfd.readouterr().err) == said


def test_no_probe_at_all_is_an_error() -> None:
    probes, kernel, _ = probes_of(MIXED[1:], {"missing_probes": "ignore"})
    probes.attach(kernel)
    with pytest.raises(LoaderError, match="no probe could be attached"):
        _ = probes.total


def test_metadata_that_cannot_be_followed() -> None:
    with pytest.raises(ObjectError, match="cannot attach probe:x"):
        probes_of([program("x", "telepathy")])
    probes, kernel, _ = probes_of([program("x", "tracepoint", category="c")])
    with pytest.raises(ObjectError, match="does not say where probe:x"):
        probes.attach(kernel)


def test_every_mechanism_is_there() -> None:
    for name in attach.MECHANISMS:
        assert attach.find(name).phase
    with pytest.raises(KeyError):
        attach.find("mechanism")


def test_what_tracefs_knows(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    target = {"category": "sock", "name": "inet_sock_set_state"}
    error = BpfError("attach", errno.ENOENT)
    monkeypatch.setattr(tracepoint, "_TRACEFS", (str(tmp_path),))
    assert tracepoint.missing(target) == ""
    assert tracepoint.explain(target, error)[0] == "tracefs is not mounted"
    assert "mount -t tracefs" in tracepoint.explain(target, error)[1]
    (tmp_path / "events" / "sock").mkdir(parents=True)
    expected = "this kernel has no tracepoint sock:inet_sock_set_state"
    assert tracepoint.missing(target) == tracepoint.explain(target, error)[0] == expected
    (tmp_path / "events" / "sock" / "inet_sock_set_state").mkdir()
    assert tracepoint.missing(target) == ""
    assert "No such file" in tracepoint.explain(target, error)[0]


def test_other_errors_are_passed_on() -> None:
    reason, _ = raw_tracepoint.explain({"name": "n"}, BpfError("attach", errno.EPERM))
    assert reason == "raw tracepoint n: attach: Operation not permitted"


def test_a_raw_tracepoint_with_fewer_arguments_is_told_of() -> None:
    reason, hint = raw_tracepoint.explain({"name": "n"}, BpfError("attach", errno.EINVAL))
    assert reason == "the raw tracepoint n has fewer arguments here than the script reads"
    assert "args.NAME" in hint
