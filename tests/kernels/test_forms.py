"""Every form of attach point fires on every kernel that has it, and is refused elsewhere."""

from __future__ import annotations

import pytest

from tests.kernels import forms
from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.forms import SUITE
from tests.kernels.sharing import Guests

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_forms(kernel: Kernel, guests: Guests) -> None:
    results = guests.ran(SUITE, kernel).results
    verdicts = {
        form.name: form.verdict(kernel.name, results[form.name])
        for form in forms.tested_on(kernel.name)
    }
    assert {name: v for name, v in verdicts.items() if v.startswith("FAILS")} == {}
