"""What each builtin and function becomes: helpers called, fields relocated, events, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from aotrace.compiler.codegen.helpers import find_helper
from aotrace.compiler.pipeline import Output

from tests.golden.cases import Case, load, verify
from tests.support.compiling import compile_

_FUNCTION = re.compile(r"^\s\.type\s+(\w+),@function$", re.MULTILINE)
_TELLERS = ("failed", "failed_if")  # of failures, in every program alike (codegen/failures.py)
_CALL = re.compile(r"^\scall (\d+)$", re.MULTILINE)


def _calls(output: Output) -> Iterator[str]:
    """Each program with its helper calls, in the order of the code."""
    helpers = [find_helper(name) for name in output.metadata.helpers]
    names = {str(helper.number): helper.name.removeprefix("bpf_") for helper in helpers}
    parts = _FUNCTION.split(str(output.assembly))
    for name, text in zip(parts[1::2], parts[2::2]):
        if name in _TELLERS:
            continue
        yield " ".join([f"{name}:", *(names[number] for number in _CALL.findall(text))])


def _shown(script: str) -> str:
    output = compile_(script, listings=True)
    metadata = output.metadata
    lines = list(_calls(output))
    lines += [f"relocated {struct}.{field}" for struct, field in metadata.core]
    for event in metadata.events:
        if event.action == "failure":
            continue
        kinds = ", ".join(kind.type_name() for _, kind in event.args)
        details = " ".join(f"{key}={value!r}" for key, value in event.details.items())
        lines.append(f"event {event.action} ({kinds}) {details}".rstrip())
    for item in metadata.maps:
        lines.append(f"map {item.label}: {item.value.type_name()}")
    lines += [f"setting {s.name}" for s in metadata.settings if s.name != "warnings"]
    return "\n".join(lines)


@pytest.mark.parametrize("case", load("builtins"), ids=str)
def test_builtin(case: Case) -> None:
    verify(case, _shown)
