"""The tables that PLY makes of the lexer and the grammar: kept in lextab.py and parsetab.py.

Making them takes half a second, loading them a few milliseconds, so they are part of the source.
`python -m aotrace.compiler.syntax.tables` writes them anew; a test tells when they are stale.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from ply import yacc

_PLACE = re.compile(r"'rules_\w+\.py',\d+\),$")

HEADER = """\
# fmt: off
# ruff: noqa
# mypy: ignore-errors
\"\"\"Made by `python -m aotrace.compiler.syntax.tables`: do not edit.\"\"\"
"""


class Silent:
    """PLY's log, kept: what it warned of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, message: str, *args: Any) -> None:
        self.warnings.append(message % args if args else message)

    error = warning

    def info(self, message: str, *args: Any) -> None:
        """Not of interest."""

    debug = critical = info


def make_parser_table() -> tuple[str, list[str]]:
    """The text of parsetab.py, and what PLY warned of (conflicts, rules that nothing uses)."""
    from aotrace.compiler.syntax.grammar import Grammar

    log = Silent()
    with tempfile.TemporaryDirectory() as folder:
        yacc.yacc(
            module=Grammar(lambda _: None),
            method="LALR",
            tabmodule="parsetab_new",
            outputdir=folder,
            debug=False,
            write_tables=True,
            errorlog=log,
            check_recursion=True,
        )
        text = Path(folder, "parsetab_new.py").read_text(encoding="utf-8")
    return HEADER + _unrolled(_body(text)), log.warnings


def make_lexer_table() -> str:
    """The text of lextab.py."""
    from aotrace.compiler.syntax import lexer

    with tempfile.TemporaryDirectory() as folder:
        lexer.build(None).writetab("lextab_new", folder)
        text = Path(folder, "lextab_new.py").read_text(encoding="utf-8")
    return HEADER + _body(text)


def _body(text: str) -> str:
    """Without PLY's own head, and without the files and lines of the rules: they change often."""
    lines = (line.rstrip() for line in text.splitlines() if not line.startswith("#"))
    return "\n".join(_PLACE.sub("'',0),", line) for line in lines if line) + "\n"


def _unrolled(text: str) -> str:
    """PLY's tables as literals: the loops that PLY writes to fill them take 20 ms at each start."""
    made: dict[str, Any] = {}
    exec(text, made)
    names = ("_tabversion", "_lr_method", "_lr_signature", "_lr_productions")
    lines = [f"{name} = {made[name]!r}" for name in names]
    for name in ("_lr_action", "_lr_goto"):
        rows = "".join(f"{state}: {row!r},\n" for state, row in sorted(made[name].items()))
        lines.append(f"{name} = {{\n{rows}}}")
    return "\n".join(lines) + "\n"


def main() -> int:
    folder = Path(__file__).parent
    lextab = folder / "lextab.py"
    if not lextab.exists():
        lextab.write_text("", encoding="utf-8")
    lextab.write_text(make_lexer_table(), encoding="utf-8")
    table, warnings = make_parser_table()
    (folder / "parsetab.py").write_text(table, encoding="utf-8")
    print("\n".join(warnings), file=sys.stderr, end="\n" if warnings else "")
    return 1 if warnings else 0


if __name__ == "__main__":
    sys.exit(main())
