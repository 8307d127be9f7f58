"""Every form of attach point fires on every kernel that has it, and is refused elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels import forms
from tests.kernels.catalog import KERNELS, Kernel

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forms")
    forms.build(folder)
    return folder


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_forms(kernel: Kernel, objects: Path) -> None:
    """All in one boot, which is what takes the time."""
    results = forms.run_in(kernel, objects)
    verdicts = {
        form.name: form.verdict(kernel.name, results[form.name])
        for form in forms.of_kernel(kernel.name)
    }
    assert {name: v for name, v in verdicts.items() if v.startswith("FAILS")} == {}
