"""The tests' own observer: it must tell success from failure, or every test above it lies."""

from __future__ import annotations

import pytest

from tests.support.observe import Job, JobError, Result, observe


def _shell(script: str, **options: object) -> Job:
    return Job("case", ["/bin/sh", "-c", script], settle=0.0, **options)  # type: ignore[arg-type]


def test_workload_runs_between_the_ready_line_and_the_interrupt() -> None:
    script = "trap 'echo bye; exit 3' INT; echo Attached; while :; do sleep 0.01; done"
    result = observe(_shell(script, ready="^Attached$", workload=["echo", "worked"]))
    assert (result.status, result.stdout, result.problem) == (3, "Attached\nbye\n", "")
    assert result.workload_stdout == "worked\n"


def test_ready_line_may_come_on_the_error_stream() -> None:
    result = observe(_shell("echo go >&2; sleep 0.05", ready="go", interrupt=False))
    assert (result.status, result.stderr, result.problem) == (0, "go\n", "")


def test_tracer_that_dies_before_it_is_ready_is_a_problem() -> None:
    result = observe(_shell("echo no such probe >&2; exit 1", ready="Attached"))
    assert "no line like" in result.problem
    with pytest.raises(JobError, match="no such probe"):
        result.check()


def test_tracer_that_does_not_end_is_killed_and_reported() -> None:
    script = "trap '' INT; echo up; while :; do sleep 0.01; done"
    result = observe(_shell(script, ready="up", timeout=0.5))
    assert result.status is None
    assert "had not ended" in result.problem


def test_failed_workload_is_a_problem() -> None:
    result = observe(_shell("exec sleep 5", workload=["sh", "-c", "echo broken >&2; exit 1"]))
    assert "broken" in result.problem


def test_missing_program_is_a_problem() -> None:
    result = observe(Job("case", ["/no/such/tracer"]))
    assert "could not be started" in result.problem


def test_job_and_result_survive_json() -> None:
    job = _shell("true", ready="x", env={"A": "b"})
    result = Result("case", 1, "out", "err", "work", "problem")
    assert Job.from_json(job.to_json()).__dict__ == job.__dict__
    assert Result.from_json(result.to_json()).__dict__ == result.__dict__
