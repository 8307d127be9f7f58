"""Grammar of the top level: definitions, config, imports, maps, macros, functions and probes."""

from __future__ import annotations

from typing import Any

from aotrace.compiler.syntax import blocks, nodes
from aotrace.compiler.syntax.rules import error, extent, text


def p_items_none(p: Any) -> None:
    "items :"
    p[0] = []


def p_items(p: Any) -> None:
    "items : items item"
    p[1].append(p[2])
    p[0] = p[1]


def p_items_lone_semicolon(p: Any) -> None:
    "items : items ';'"
    p[0] = p[1]


def p_items_error(p: Any) -> None:
    "items : items error RESYNC"
    p.parser.errok()
    p[0] = p[1]


def p_item(p: Any) -> None:
    """item : config
    | map_declaration
    | macro
    | function
    | probe"""
    p[0] = p[1]


def p_item_definition(p: Any) -> None:
    "item : C_DEFINITION"
    p[0] = nodes.CDefinition(p[1].span, p[1].value.text, p[1].value.tokens)


def p_item_import(p: Any) -> None:
    "item : import ';'"
    p[0] = p[1]


# --- config ----------------------------------------------------------------------------------


def p_config(p: Any) -> None:
    """config : CONFIG '=' '{' settings '}'
    | CONFIG '=' '{' settings setting '}'"""
    p[0] = Config(extent(p), p[4] if len(p) == 6 else [*p[4], p[5]], p[1].span)


class Config:
    """A config block, until the program takes its items."""

    def __init__(self, span: Any, settings: list[nodes.ConfigItem], keyword: Any) -> None:
        self.span = span
        self.settings = settings
        self.keyword = keyword


def p_settings(p: Any) -> None:
    """settings :
    | settings setting ';'"""
    p[0] = [] if len(p) == 1 else [*p[1], p[2]]


def p_setting(p: Any) -> None:
    "setting : IDENT '=' setting_value"
    span, value = p[3]
    p[0] = nodes.ConfigItem(p[1].span.to(span), text(p[1]), value)


def p_setting_value(p: Any) -> None:
    """setting_value : INT
    | STRING
    | IDENT
    | TRUE
    | FALSE"""
    kind, value = p[1].kind, p[1].value
    plain = value.value if kind == "INT" else kind == "TRUE" if kind in ("TRUE", "FALSE") else value
    p[0] = (p[1].span, plain)


# --- maps, macros, functions -----------------------------------------------------------------


def p_map_declaration(p: Any) -> None:
    "map_declaration : LET MAP '=' IDENT '(' expr ')'"
    p[0] = nodes.MapDecl(extent(p), nodes.MapRef(p[2].span, text(p[2])), text(p[4]), p[6])


def p_macro(p: Any) -> None:
    """macro : MACRO IDENT '(' ')' block
    | MACRO IDENT '(' parameters ')' block"""
    params = tuple(p[4]) if len(p) == 7 else ()
    draft = p[len(p) - 1]
    body = blocks.block_value(draft) or blocks.block(draft)
    p[0] = nodes.MacroDef(extent(p), text(p[2]), params, body)


def p_parameters(p: Any) -> None:
    """parameters : parameter
    | parameters ',' parameter"""
    p[0] = [p[1]] if len(p) == 2 else [*p[1], p[3]]


_PARAMETERS = {"VAR": nodes.Var, "MAP": nodes.MapRef, "IDENT": nodes.Ident}


def p_parameter(p: Any) -> None:
    """parameter : VAR
    | MAP
    | IDENT"""
    p[0] = _PARAMETERS[p[1].kind](p[1].span, text(p[1]))


def p_function(p: Any) -> None:
    """function : FN IDENT '(' ')' ':' type function_body
    | FN IDENT '(' typed_parameters ')' ':' type function_body"""
    params = tuple(p[4]) if len(p) == 9 else ()
    p[0] = nodes.FunctionDef(
        extent(p), text(p[2]), params, p[len(p) - 2], blocks.block(p[len(p) - 1])
    )


def p_function_body(p: Any) -> None:
    """function_body : block
    | VALUE_BRACE body '}'"""
    # After the `*` of a result type the brace looks like that of a value.
    p[0] = p[1] if len(p) == 2 else blocks.BlockDraft(extent(p), *p[2])


def p_typed_parameters(p: Any) -> None:
    """typed_parameters : typed_parameter
    | typed_parameters ',' typed_parameter"""
    p[0] = [p[1]] if len(p) == 2 else [*p[1], p[3]]


def p_typed_parameter(p: Any) -> None:
    "typed_parameter : VAR ':' type"
    p[0] = nodes.FunctionParam(extent(p), nodes.Var(p[1].span, text(p[1])), p[3])


# --- probes ----------------------------------------------------------------------------------


def p_probe(p: Any) -> None:
    """probe : points block
    | points ',' block
    | points PRED expr END_PRED block
    | points ',' PRED expr END_PRED block"""
    predicate = p[len(p) - 3] if len(p) > 4 else None
    span = p[1][0].span.to(p[len(p) - 1].span)
    p[0] = nodes.Probe(span, tuple(p[1]), predicate, blocks.block(p[len(p) - 1]))


def p_points(p: Any) -> None:
    """points : point
    | points ',' point"""
    p[0] = [p[1]] if len(p) == 2 else [*p[1], p[3]]


def p_point(p: Any) -> None:
    "point : POINT"
    point = p[1].value
    p[0] = nodes.AttachPoint(p[1].span, point.parts, point.label, point.params)


# --- the whole -------------------------------------------------------------------------------


def p_program(p: Any) -> None:
    "program : items"
    p[0] = Order(p).program(p[1])


class Order:
    """Sorts the items of a script, and holds them to the order that the language asks for."""

    def __init__(self, p: Any) -> None:
        self.p = p
        self.parts: dict[str, list[Any]] = {}

    def program(self, items: list[Any]) -> nodes.Program:
        for item in items:
            kind = type(item).__name__
            for late, message in _MUST_PRECEDE.get(kind, {}).items():
                if self.parts.get(late):
                    error(self.p, message, item.keyword if isinstance(item, Config) else item.span)
                    break
            self.parts.setdefault(kind, []).append(item)
        settings = [setting for config in self._all("Config") for setting in config.settings]
        kinds = ("Import", "MapDecl", "MacroDef", "Probe", "FunctionDef")
        end = self.p.lexer.end
        span = items[0].span.to(items[-1].span) if items else end
        return nodes.Program(
            span, self._all("CDefinition"), tuple(settings), *(self._all(kind) for kind in kinds)
        )

    def _all(self, kind: str) -> tuple[Any, ...]:
        return tuple(self.parts.get(kind, ()))


_BODY = ("Probe", "MacroDef", "FunctionDef", "MapDecl")
_MUST_PRECEDE = {
    "CDefinition": dict.fromkeys(
        ("Config", "Import", *_BODY), "C definitions must stand before everything else in a script"
    ),
    "Import": dict.fromkeys(_BODY, "imports must stand before probes, macros and maps"),
    "Config": dict.fromkeys(_BODY, "config must stand before probes, macros and maps")
    | {"Config": "a script has one config block, and this is another"},
}
