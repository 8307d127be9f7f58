"""What becomes of the jobs when a guest dies or hangs; no guest is booted."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.kernels import vm
from tests.kernels.catalog import Kernel
from tests.kernels.vm import Vm, VmError
from tests.support.observe import Job, Result


class Dying(Vm):
    """A guest that goes down with each of the jobs named, as often as is said."""

    def __init__(self, kernel: Kernel, deaths: dict[str, int]) -> None:
        super().__init__(kernel)
        self._deaths = deaths
        self.boots: list[list[str]] = []

    def _boot(self, jobs: list[Job]) -> str:
        self.boots.append([job.name for job in jobs])
        with self._results.open("w") as results:
            for job in jobs:
                if self._deaths.get(job.name):
                    self._deaths[job.name] -= 1
                    return f"panic at {job.name}"
                print(json.dumps(Result(job.name, status=0).to_json()), file=results)
        return "power down"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    monkeypatch.setattr("tests.kernels.catalog.KERNEL_CACHE", tmp_path)
    monkeypatch.setattr(vm, "_FOLDER", tmp_path)
    image = tmp_path / "9.9/boot/vmlinuz-9.9.1"
    image.parent.mkdir(parents=True)
    image.touch()
    return Kernel("9.9", "nowhere", ())


def _run(kernel: Kernel, deaths: dict[str, int]) -> tuple[list[Result], list[list[str]]]:
    with Dying(kernel, deaths) as guest:
        jobs = [Job(name, []) for name in "abcd"]
        with pytest.warns(UserWarning, match="booted again, since kernel 9.9.1 died or hung at"):
            return guest.run(jobs), guest.boots


def test_a_job_with_which_the_guest_died_is_tried_again(kernel: Kernel) -> None:
    results, boots = _run(kernel, {"b": 1})
    assert [(one.name, one.status, one.problem) for one in results] == [
        (name, 0, "") for name in "abcd"
    ]
    assert boots == [list("abcd"), list("bcd")]


def test_one_that_kills_it_twice_is_a_problem_and_the_others_run(kernel: Kernel) -> None:
    results, boots = _run(kernel, {"b": 2})
    assert [one.status for one in results] == [0, None, 0, 0]
    assert results[1].problem == "kernel 9.9.1 died or hung at b:\npanic at b"
    assert boots == [list("abcd"), list("bcd"), list("cd")]


def test_a_guest_that_dies_over_and_over_is_given_up(kernel: Kernel) -> None:
    with pytest.raises(VmError, match="died or hung at b:\npanic at b"):
        _run(kernel, {"a": 2, "b": 2})


def test_a_hung_guest_is_ended_when_its_job_is_overdue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vm, "_SLACK_SECONDS", 0)
    monkeypatch.setattr(vm, "_POLL_SECONDS", 0.02)
    results = tmp_path / "results.jsonl"
    script = f"echo Booted; echo '{{}}' >> {results}; echo hung; exec sleep 60"
    start = time.monotonic()
    console = vm._run(["sh", "-c", script], results, [60.0, 0.5])
    assert console == "Booted\nhung\n"
    assert 0.5 <= time.monotonic() - start < 30


def test_the_console_of_a_guest_that_ends(tmp_path: Path) -> None:
    assert vm._run(["printf", "down\\r\\n"], tmp_path / "none", [60.0]) == "down\n"
