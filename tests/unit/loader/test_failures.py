"""What a program tells of its failures, in text and in JSON."""

from __future__ import annotations

from typing import Any

import pytest
from aotrace.loader.output.failures import Failure
from aotrace.loader.output.json import JsonOutput
from aotrace.loader.output.text import TextOutput

from tests.unit.loader.fakes import Kept

DETAILS = {
    "places": [
        ["map_update_elem", ["a.bt", 2, 2, 2, 8]],
        ["division", ["a.bt", 3, 1, 4, 3]],
        ["probe_read_user", ["m.bt", 1, 5, 1, 9], ["a.bt", 4, 1, 4, 3]],
    ],
    "lines": {"a.bt": {"2": "\t@a = 1;", "3": "1 /", "4": "$b"}, "m.bt": {"1": "    *$p;"}},
}


def told(place: int, code: int) -> tuple[list[str], str]:
    failure, said, sink = Failure(DETAILS, place, code), list[str](), Kept()
    TextOutput(Kept(), said.append).failure(failure)
    JsonOutput(sink).failure(failure)
    return said, sink.data.decode()


def test_a_full_map() -> None:
    (text,), line = told(0, -7)
    first, second, *quoted = text.split("\n")
    assert first.startswith("a.bt:2:2-8: WARNING: Map full; can't update element. Try increasing")
    assert second == "Additional Info - helper: map_update_elem, retcode: -7"
    assert quoted == ["    @a = 1;", "    ~~~~~~"]
    assert line == (
        '{"type": "helper_error", "msg": "Argument list too long", "helper": "map_update_elem",'
        ' "retcode": -7, "filename": "a.bt", "line": 2, "col": 2}\n'
    )


def test_other_errors_of_helpers_are_the_systems() -> None:
    (text,), _ = told(0, -12)
    assert "WARNING: Cannot allocate memory\nAdditional Info" in text


def test_what_fails_without_a_helper_and_spans_lines() -> None:
    (text,), line = told(1, 0)
    message, *quoted = text.split("\n")
    assert message.startswith("a.bt:3-4: WARNING: Divide or modulo by 0 detected.")
    assert quoted == ["1 /", "$b"]
    assert line.startswith('{"type": "runtime_error", "msg": "Divide or modulo by 0 detected.')
    assert line.endswith('"filename": "a.bt", "line": 3, "col": 1}\n')


def test_uses_of_macros_follow() -> None:
    texts, line = told(2, -14)
    more = "Additional Info - helper: probe_read_user, retcode: -14"
    assert texts == [
        f"m.bt:1:5-9: WARNING: Bad address\n{more}\n    *$p;\n    ~~~~",
        "a.bt:4:1-3: WARNING: expanded from\n$b\n~~",
    ]
    assert '"filename": "m.bt", "line": 1, "col": 5' in line


def test_warnings_can_be_off() -> None:
    said: Any = []
    TextOutput(Kept(), said.append, lambda text: None).failure(Failure(DETAILS, 0, -7))
    assert said == []


def test_damaged_details_are_an_error() -> None:
    with pytest.raises(IndexError):
        Failure(DETAILS, 99, 0)
