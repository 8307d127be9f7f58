"""The LALR grammar, put together from the rules_*.py for PLY: tokens, precedence, start symbol.

The grammar has no conflicts: what is ambiguous in the language is settled by roles.py, and the
levels of operators below are declared, not left to chance.
"""

from __future__ import annotations

from typing import Any

from aotrace.compiler.syntax import rules_expr, rules_program, rules_stmt, rules_types
from aotrace.compiler.syntax.tokens import KINDS

EXPLAINED_CONFLICTS = 0

PRECEDENCE = (
    ("right", "?", ":"),
    ("left", "LOR"),
    ("left", "LAND"),
    ("left", "|"),
    ("left", "^"),
    ("left", "&"),
    ("left", "EQ", "NE"),
    ("left", "<", ">", "LE", "GE"),
    ("left", "SHL", "SHR"),
    ("left", "+", "-"),
    ("left", "*", "/", "%"),
)


class Grammar:
    """What PLY reads: every rule, the kinds of tokens, precedence and the start symbol."""

    def __init__(self, on_error: Any) -> None:
        modules = (rules_program, rules_stmt, rules_expr, rules_types)
        rules = [
            item for module in modules for item in vars(module).items() if item[0].startswith("p_")
        ]
        for number, (name, rule) in enumerate(rules):
            rule.co_firstlineno = number  # what PLY orders by: the order here, not lines of files
            setattr(self, name, rule)
        self.p_error = on_error
        self.tokens = KINDS
        self.precedence = PRECEDENCE
        self.start = "program"
        self.__file__, self.__package__ = __file__, __package__
