"""Places of debug files."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.runtime import debugfiles

_ID = "abcdef"


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debugfiles, "folders", ["/debug"])


def found(folder: Path, build_id: str = _ID, link: bytes = b"") -> list[str]:
    return list(debugfiles.candidates(f"{folder}/program", build_id, link))


@pytest.mark.usefixtures("folders")
def test_by_build_id_first_and_then_by_the_name_of_the_link(tmp_path: Path) -> None:
    assert found(tmp_path, link=b"other.debug\0\0\0\0\0") == [
        "/debug/.build-id/ab/cdef.debug",
        f"{tmp_path}/other.debug",
        f"{tmp_path}/.debug/other.debug",
        f"/debug{tmp_path}/other.debug",
        "/debug/other.debug",
    ]


@pytest.mark.usefixtures("folders")
def test_without_a_link_by_its_own_name_if_it_can_be_told_from_others(tmp_path: Path) -> None:
    assert f"{tmp_path}/.debug/program.debug" in found(tmp_path)
    assert "/debug/program.debug" in found(tmp_path)
    assert not found(tmp_path, build_id="")


@pytest.mark.usefixtures("folders")
def test_a_relative_folder_may_lie_beside_the_file(tmp_path: Path) -> None:
    debugfiles.search("mine")
    places = found(tmp_path)
    assert {"mine/program.debug", f"{tmp_path}/mine/program.debug"} <= set(places)
