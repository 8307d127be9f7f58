"""Every builtin, function and kind of probe on the running kernel (those that it has)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.live_cases import Case, build_cases, load_cases
from tests.support.observe import observe
from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf", "system-python")]

CASES = [case for case in load_cases() if not case.guests]


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build_cases(CASES, tmp_path_factory.mktemp("cases"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, objects: dict[str, Path]) -> None:
    argv = [str(console_script("aotrace")), "run", str(objects[str(case)])]
    result = observe(case.job(argv)).check()
    assert not case.missing(result.stdout), result.stdout
