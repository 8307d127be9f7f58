"""Reading scripts in tests: text to tokens, trees and messages, without a header cache."""

from __future__ import annotations

from pathlib import Path

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Source
from aotrace.compiler.syntax import nodes
from aotrace.compiler.syntax.parser import parse
from aotrace.compiler.syntax.preprocess import Options, Preprocessed, preprocess
from aotrace.compiler.syntax.stream import tokenize
from aotrace.compiler.syntax.tokens import Token

NO_CACHE = Options(cache_dir=None)
GOLDEN = Path(__file__).parents[3] / "golden" / "syntax"


def prepared(text: str, diagnostics: Diagnostics, options: Options = NO_CACHE) -> Preprocessed:
    return preprocess(Source("script.bt", text), options, diagnostics)


def tokens(text: str) -> list[Token]:
    """The tokens of a script that has no errors."""
    diagnostics = Diagnostics()
    found = list(tokenize(prepared(text, diagnostics), diagnostics))
    diagnostics.stop_if_failed()
    return found


def read(text: str, options: Options = NO_CACHE) -> tuple[nodes.Program, Diagnostics]:
    """The tree of a script and what was reported."""
    diagnostics = Diagnostics()
    return parse(prepared(text, diagnostics, options), diagnostics), diagnostics


def program(text: str, options: Options = NO_CACHE) -> nodes.Program:
    """The tree of a script that has no errors."""
    tree, diagnostics = read(text, options)
    diagnostics.stop_if_failed()
    return tree


def statements(body: str) -> tuple[nodes.Stmt, ...]:
    """The statements of a probe's block."""
    return program("BEGIN { " + body + " }").probes[0].body.statements


def expression(text: str) -> nodes.Expr:
    """One expression, as the value of an assignment."""
    (statement,) = statements(f"$r = {text};")
    assert isinstance(statement, nodes.Assign)
    return statement.value


def messages(text: str) -> list[str]:
    """What is reported for a script, without places."""
    return [item.message for item in read(text)[1].items]


def golden_scripts() -> dict[str, str]:
    """The scripts of the golden cases that have a tree, by name."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GOLDEN.glob("*.txt"))}
    cases = {name: text.split("--- script\n")[1] for name, text in texts.items()}
    return {name: case.split("--- ast\n")[0] for name, case in cases.items() if "--- ast\n" in case}
