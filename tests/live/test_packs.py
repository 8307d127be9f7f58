"""The scripts of packs/net/ that need no kprobes, on this machine's own kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.observe import observe
from tests.support.packs import EXPECTATIONS, Expectation, build_packs
from tests.support.places import console_script

pytestmark = [
    pytest.mark.live,
    pytest.mark.needs("root", "bpf", "btf", "libbpf", "ipv6", "system-python"),
]


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build_packs(tmp_path_factory.mktemp("packs"))


@pytest.mark.parametrize(
    "expectation",
    [one for one in EXPECTATIONS if not one.uses_kprobes],
    ids=lambda one: one.script,
)
def test_script_shows_the_connections(expectation: Expectation, objects: dict[str, Path]) -> None:
    argv = [str(console_script("aotrace")), "run", str(objects[expectation.script])]
    result = observe(expectation.job(argv)).check()
    assert not expectation.missing(result), result.stdout


def test_every_script_is_expected_something_of() -> None:
    """A script without a record would be tested nowhere."""
    folder = EXPECTATIONS[0].source.parent
    assert {path.stem for path in folder.glob("*.bt")} == {one.script for one in EXPECTATIONS}


def test_same_script_same_bytes(objects: dict[str, Path], tmp_path: Path) -> None:
    again = build_packs(tmp_path)
    for script, target in again.items():
        assert target.read_bytes() == objects[script].read_bytes(), script
