"""What is installed: every package of the tree is listed."""

from __future__ import annotations

import configparser

from tests.support.places import PROJECT


def test_every_folder_of_code_is_a_listed_package() -> None:
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    folders = [
        path.parent.relative_to(PROJECT)
        for top in ("compiler", "loader", "runtime")
        for path in (PROJECT / top).rglob("__init__.py")
    ]
    assert {"aotrace." + ".".join(folder.parts) for folder in folders} == listed
