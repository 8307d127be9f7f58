"""The script's parameters: the words behind the object's name, as settings and attach points.

Rules and messages are those of bpftrace 0.27: a word that begins with `--` is a named parameter,
`--name=value` or `--name` alone for a boolean; any other is the next positional one.
"""

from __future__ import annotations

import os

from aotrace.loader.errors import LoaderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from aotrace.loader.console import Console
    from aotrace.runtime.metadata import Metadata, Program, Setting

COUNT = "$#"
_TEXT, _PROBE, _NAMED = "str($", "probe:", "--"
_HELP = "--help"
_TRUE, _FALSE = ("true", "1", "on", "yes"), ("false", "0", "off", "no")


class Given:
    """The words sorted: `positional` in their order, `named` with None where no value was given."""

    def __init__(self, words: Sequence[str]) -> None:
        self.positional = [word for word in words if not word.startswith(_NAMED)]
        self.named: dict[str, str | None] = {}
        for word in words:
            if word.startswith(_NAMED):
                name, equals, value = word.partition("=")
                self.named[name] = value if equals else None

    def at(self, number: int) -> str:
        """A positional parameter; empty if it was not given."""
        return self.positional[number - 1] if number <= len(self.positional) else ""


def apply(meta: Metadata, words: Sequence[str], console: Console) -> dict[str, int | bytes]:
    """The value of each setting that is a parameter; events and attach points are completed in
    `meta`.

    Raises LoaderError where a word is not what the script takes.
    """
    given = Given(words)
    _check_names(meta, given)
    values: dict[str, int | bytes] = {}
    for setting in meta.settings:
        value = _value(setting, meta, given, console)
        if value is not None:
            values[setting.name] = value
    for event in meta.events:
        for name, detail in event.details.items():
            if isinstance(detail, dict) and detail.get("parameter") in values:
                event.details[name] = values[detail["parameter"]]
    for program in meta.programs:
        _complete(program, meta.script, given)
    return values


def _check_names(meta: Metadata, given: Given) -> None:
    described = {s.name: s.description for s in meta.settings if s.name.startswith(_NAMED)}
    unknown = [name for name in given.named if name not in described]
    if not unknown:
        return
    wrong = [name for name in unknown if name != _HELP]
    message = f"unexpected program command line options: {', '.join(wrong)}" if wrong else ""
    raise LoaderError(message, _expected(described, with_text=_HELP in unknown))


def _expected(described: dict[str, str | None], with_text: bool) -> str:
    """What a script takes, with its descriptions on lines of their own where they are asked for."""
    if not described:
        return "no custom program options defined."
    if not with_text:
        return f"expected program options: {', '.join(described)}"
    lines = (f"{name}: {text}" if text else name for name, text in described.items())
    return "\n".join(("expected program options:", *lines))


def _value(setting: Setting, meta: Metadata, given: Given, console: Console) -> int | bytes | None:
    """None: the setting is no parameter."""
    name = setting.name
    if name == COUNT:
        return len(given.positional)
    if name.startswith(_NAMED):
        return _named(setting, given)
    if name.startswith(_TEXT):
        return _text(name[len("str(") : -1], given.at(_number_in(name)), setting.kind.size)
    if name.startswith(_PROBE):
        return _text(name, _probe_text(name[len(_PROBE) :], meta, given), setting.kind.size)
    if name.startswith("$"):
        return _number(name, given.at(_number_in(name)), console)
    return None


def _number_in(name: str) -> int:
    """The 1 of `$1` and `str($1)`. Raises LoaderError for a name of some other kind."""
    digits = name.strip("str()$")
    if not digits.isdecimal() or int(digits) < 1:
        raise LoaderError(f"the object has an unknown setting: {name}")
    return int(digits)


def _number(name: str, text: str, console: Console) -> int:
    if not text:
        console.warn(f"Positional parameter {name} is empty or not provided.")
        return 0
    from aotrace.loader import numbers

    try:
        return numbers.either(text)
    except ValueError as error:
        hint = f"the script takes it as a number here; as text it would be str({name})"
        raise LoaderError(f"positional parameter {name}: {error} (value: {text})", hint) from None


def _named(setting: Setting, given: Given) -> int | bytes:
    if setting.name not in given.named:
        default = setting.default or 0
        if isinstance(default, str) or setting.kind.tag == "str":
            return _text(setting.name, default or "", setting.kind.size)
        return int(default)
    read = _READERS.get(setting.kind.tag, _as_number)
    return read(setting, given.named[setting.name])


def _as_text(setting: Setting, text: str | None) -> bytes:
    if text is None:
        raise _refused(setting, "expects a string", "true")
    return _text(setting.name, text, setting.kind.size)


def _as_boolean(setting: Setting, text: str | None) -> int:
    if text is None or text.lower() in _TRUE:
        return 1
    if text.lower() not in _FALSE:
        raise _refused(setting, "expects a boolean (e.g. 'true')", text)
    return 0


def _as_number(setting: Setting, text: str | None) -> int:
    if text is None:
        raise _refused(setting, "expects an integer", "true")
    from aotrace.loader import numbers

    read = numbers.signed if getattr(setting.kind, "signed", False) else numbers.unsigned
    try:
        return read(text)
    except ValueError as error:
        raise _refused(setting, str(error), text) from None


_READERS: dict[str, Callable[[Setting, str | None], int | bytes]] = {
    "str": _as_text,
    "bool": _as_boolean,
}


def _refused(setting: Setting, reason: str, text: str) -> LoaderError:
    message = f"program command line option {setting.name} {reason} (value: {text})"
    return LoaderError(message, setting.description or "")


def _text(name: str, text: object, room: int) -> bytes:
    """A string's bytes. Raises LoaderError where they, and a NUL, do not fit."""
    data = os.fsencode(str(text))
    if len(data) >= room:
        raise LoaderError(
            f"the text for {name} is too long ({len(data)} bytes, at most {room - 1})",
            "compile the script with a greater max_strlen",
        )
    return data


# --- attach points ---------------------------------------------------------------------------


def _probe_text(written: str, meta: Metadata, given: Given) -> str:
    """What the builtin `probe` says of an attach point that parameters complete."""
    from aotrace.runtime import points

    for program in meta.programs:
        if program.probe == written and program.point:
            return ":".join(points.fill(program.point, given.positional))
    return written


def _complete(program: Program, script: str, given: Given) -> None:
    """Put the parameters into an attach point, and find what its mechanism needs.

    Wildcards are left to loader/members.py.
    """
    if not program.point:
        return
    from aotrace.loader import attach
    from aotrace.runtime import points
    from aotrace.runtime.members import any_wild

    if not points.parameters(program.point):
        return  # the script says all of it, quoted colons too
    parts = points.fill(program.point, given.positional)
    where = f"{program.probe} ({script}:{program.line})"
    program.probe = ":".join(parts)
    try:
        if any_wild(parts):
            return
        mechanism = attach.find(program.mechanism)
        program.target = mechanism.locate(parts, program.target)
        program.probe = mechanism.named(parts)
    except (ValueError, KeyError) as error:
        missing = [f"${n}" for n in points.parameters(program.point) if not given.at(n)]
        hint = f"not given: {', '.join(missing)}" if missing else ""
        reason = f"`{program.probe}` is no such probe" if isinstance(error, KeyError) else error
        raise LoaderError(f"{where}: {reason}", hint) from None


# --- for people ------------------------------------------------------------------------------


def describe(meta: Metadata) -> list[dict[str, Any]]:
    """Each parameter: its name, what it is used as, its default, what the script says of it."""
    found: dict[str, dict[str, Any]] = {}
    for setting in meta.settings:
        name, use = _use(setting)
        if name:
            entry = found.setdefault(name, {"name": name, "types": []})
            entry["types"].append(use)
            entry["default"] = setting.default
            entry["description"] = setting.description
    for program in meta.programs:
        for name in _points(program):
            entry = found.setdefault(name, {"name": name, "types": []})
            entry["types"].append(f"part of {program.probe}")
    return [
        {"default": None, "description": None, **found[name]} for name in sorted(found, key=_order)
    ]


def _points(program: Program) -> list[str]:
    from aotrace.runtime import points

    return [f"${number}" for number in points.parameters(program.point or [])]


def _use(setting: Setting) -> tuple[str, str]:
    """Which parameter a setting holds, and as what; an empty name for what is none."""
    name = setting.name
    if name.startswith(_NAMED):
        return name, {"str": "string", "bool": "boolean"}.get(setting.kind.tag, "number")
    if name.startswith(_TEXT):
        return name[len("str(") : -1], "string"
    return (name, "number") if name.startswith("$") and name != COUNT else ("", "")


def _order(name: str) -> tuple[int, int, str]:
    """Positional ones by number, then the named ones."""
    return (0, int(name[1:]), "") if name[1:].isdecimal() else (1, 0, name)


def lines(described: Sequence[dict[str, Any]]) -> list[str]:
    """Lines of help."""
    return [f"  {_form(entry):<24} {_explanation(entry)}".rstrip() for entry in described]


def _form(entry: dict[str, Any]) -> str:
    kind = entry["types"][0]
    valued = entry["name"].startswith(_NAMED) and kind != "boolean"
    return f"{entry['name']}={kind.upper()}" if valued else str(entry["name"])


def _explanation(entry: dict[str, Any]) -> str:
    if not entry["name"].startswith(_NAMED):
        return ", ".join(entry["types"])
    default = entry["default"]
    shown = str(default).lower() if isinstance(default, bool) else default
    quoted = f'"{shown}"' if isinstance(default, str) else shown
    return f"{entry['description'] or ''} (default {quoted})".strip()
