"""The marker `needs`: a skip on a developer's machine, a failure in CI."""

from __future__ import annotations

import pytest

from tests import conftest
from tests.support import requirements


class _Item:
    def __init__(self, *needs: str) -> None:
        self._needs = needs

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        assert name == "needs"
        return [pytest.mark.needs(*self._needs).mark]


@pytest.fixture(autouse=True)
def _probes(monkeypatch: pytest.MonkeyPatch) -> None:
    probes = {"there": lambda: "", "absent": lambda: "no such thing"}
    monkeypatch.setattr(requirements, "_PROBES", probes)


def test_unmet_need_skips_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such thing"):
        conftest.pytest_runtest_setup(_Item("there", "absent"))  # type: ignore[arg-type]


def test_unmet_need_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no such thing"):
        conftest.pytest_runtest_setup(_Item("absent"))  # type: ignore[arg-type]


def test_met_need_passes_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    conftest.pytest_runtest_setup(_Item("there"))  # type: ignore[arg-type]


def test_unknown_need_is_an_error() -> None:
    with pytest.raises(KeyError):
        conftest.pytest_runtest_setup(_Item("misspelt"))  # type: ignore[arg-type]
