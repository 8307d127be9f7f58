"""Golden cases: a script and its tree, or its messages, side by side in tests/golden/syntax.

AOTRACE_UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from aotrace.compiler.syntax.dump import dump_ast

from tests.unit.compiler.syntax.scripts import GOLDEN, program, read


def _split(text: str) -> tuple[str, str, str, str]:
    head, rest = text.split("--- script\n")
    kind = "ast" if "--- ast\n" in rest else "errors"
    script, expected = rest.split(f"--- {kind}\n")
    return head, script, kind, expected


def _errors(script: str) -> str:
    return "\n".join(item.render() for item in read(script)[1].items)


_SHOW = {"ast": lambda script: dump_ast(program(script)), "errors": _errors}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    head, script, kind, expected = _split(path.read_text(encoding="utf-8"))
    shown = _SHOW[kind](script) + "\n"
    if os.environ.get("AOTRACE_UPDATE_GOLDEN"):
        text = f"{head}--- script\n{script}--- {kind}\n{shown}"
        path.write_text(text, encoding="utf-8")
        return
    assert shown == expected
