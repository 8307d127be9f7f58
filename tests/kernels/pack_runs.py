"""Every script of packs/net/ on other kernels: the very bytes that are built here, anywhere."""

from __future__ import annotations

from pathlib import Path

from tests.kernels.catalog import Kernel
from tests.kernels.sharing import Suite
from tests.support.observe import Job
from tests.support.packs import EXPECTATIONS, build_packs


def _prepare(kernel: Kernel, folder: Path) -> list[Job]:
    objects = build_packs(folder)
    return [one.job(["aotrace", "run", str(objects[one.script])]) for one in EXPECTATIONS]


SUITE = Suite("packs", _prepare)
