"""uprobe and uretprobe: entry, return, or any instruction of a function in user space.

The file, its symbols and offsets are looked up on the target. Types of the file, and lines of its
source, are read on the build host; they hold for that build of the file alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from aotrace.compiler.binaries import calls, lines
from aotrace.compiler.binaries.dwarf import DwarfError
from aotrace.compiler.binaries.file import File
from aotrace.compiler.binaries.types import BinaryBtf
from aotrace.compiler.binaries.variables import has_symbol
from aotrace.compiler.kernel_types import type_of
from aotrace.compiler.probes.context import register_context
from aotrace.compiler.probes.record import (
    Argument,
    ContextWord,
    FunctionAddress,
    Passed,
    ProbeKind,
    ProbeRequest,
    ResolvedProbe,
    Side,
)
from aotrace.compiler.types import NONE, Int, Space, Type, lying_in
from aotrace.runtime import binaries
from aotrace.runtime.members import is_wild
from aotrace.runtime.uprobes import uprobe_of

_WORD = Int(8, False, space=Space.USER)
_OWN_NAMES = frozenset(("uaddr",))


class _Types:
    """The types of the probe's file, and which build of it they were read from."""

    def __init__(self, request: ProbeRequest, binary: str) -> None:
        self.file = File(binary, request.arch)
        self.btf = BinaryBtf(self.file, request.btf or request.sources.btf)

    def made_for(self) -> dict[str, str]:
        return self.file.identity() if self.btf.used else {}


def _resolve(returns: bool, request: ProbeRequest) -> ResolvedProbe | None:
    kind = URETPROBE if returns else UPROBE
    try:
        target = uprobe_of(request.point.parts, returns)
    except KeyError:
        request.misformed(kind)
        return None
    except ValueError as error:
        request.error(str(error), f"use {kind.form}")
        return None
    if request.unsafe:
        target["unsafe"] = True  # whether an instruction begins there is not asked
    types = _Types(request, target["binary"])
    try:
        if "source" in target:
            address = lines.address_of(types.file.dwarf, *target["source"])
            target = {**target, "address": address, **types.file.identity()}
        probe = replace(_resolved(kind, request, target), types=types)
        asked = "args" in request.names and not returns
        return _with_arguments(request, probe, types) if asked else probe
    except DwarfError as error:
        request.error(str(error), *((error.hint,) if error.hint else ()))
        return None


def _complete(returns: bool, request: ProbeRequest) -> ResolvedProbe | None:
    if not request.point.params:
        return _resolve(returns, request)
    if not request.has_no_fields():
        return None
    return _resolved(URETPROBE if returns else UPROBE, request, {"return": returns})


def _expand(returns: bool, request: ProbeRequest) -> list[ResolvedProbe] | None:
    """The files of the build host that have the function: each has symbols of its own."""
    resolve, parts = partial(_resolve, returns), request.point.parts
    try:
        target = uprobe_of(parts, returns)
    except (KeyError, ValueError):
        target = {"binary": ""}  # which is told by `resolve`
    pattern = target["binary"]
    if not is_wild(pattern):
        return request.each(resolve, [parts])
    function = "" if "language" in target or is_wild(target["function"]) else target["function"]
    rest = (parts[1][len(pattern) :], *parts[2:])
    files = (path for path in binaries.expand(pattern) if has_symbol(path, function))
    return request.each(resolve, ((parts[0], path + rest[0], *rest[1:]) for path in files))


def _resolved(kind: ProbeKind, request: ProbeRequest, target: dict[str, Any]) -> ResolvedProbe:
    arch = request.arch
    returns = bool(target["return"])
    words = () if returns else tuple(ContextWord(_WORD, o) for o in arch.arguments)
    result = ContextWord(_WORD, arch.result) if returns else None
    place = FunctionAddress(None if returns else ContextWord(_WORD, arch.instruction), user=True)
    probe = ResolvedProbe(
        kind, _text(kind, request, target), kind.name, "uprobe", target, words=words,
        result=result, function=place, place=place, context=register_context(request),
    )  # fmt: skip
    told = _is_open(target) or "uaddr" in request.names  # of which place it is in
    return replace(probe, point=request.template(kind)) if told else probe


def _is_open(target: dict[str, Any]) -> bool:
    """Whether the target says which files and functions are meant, and the text of the probe."""
    binary = str(target.get("binary", ""))
    named = "/" not in binary and binary.startswith("lib")
    return not binary or named or "language" in target or is_wild(binary + target["function"])


def _text(kind: ProbeKind, request: ProbeRequest, target: dict[str, Any]) -> str:
    """The attach point with its numbers in decimal, as in bpftrace."""
    function, offset = target.get("function"), target.get("offset")
    if function is None or "language" in target:
        return ":".join((kind.name, *request.point.parts[1:]))
    place = f"{function}+{offset}" if offset else function or str(target["address"])
    return ":".join(filter(None, (kind.name, target["binary"], place)))


def _with_arguments(request: ProbeRequest, probe: ResolvedProbe, types: _Types) -> ResolvedProbe:
    """The probe with `args`, where the body uses it."""
    name = probe.target["function"]
    if is_wild(name):
        raise DwarfError("`args` is not the same for all functions", "name one function")
    function = types.file.dwarf.function(name) if name else None
    if function is None:
        what = f"a function {name}" if name else "the function of this attach point"
        raise DwarfError(f"the DWARF of {types.file.dwarf.path} does not know {what}")
    found = dict(_arguments(request, types.btf, function))
    return replace(probe, arguments=found)


def _arguments(
    request: ProbeRequest, btf: BinaryBtf, function: Any
) -> Iterator[tuple[str, Argument]]:
    for index, each in enumerate(calls.parameters(btf, function, request.arch)):
        name = each.name or f"arg{index}"
        kind = lying_in(type_of(btf, each.type_id), Space.USER)
        if not _readable(each, kind):
            _refuse(request, name)
            continue
        yield (
            name,
            Passed(
                kind, each.register, request.arch.registers["sp"], each.stack or 0, each.indirect
            ),
        )


def _readable(each: calls.Parameter, kind: Type) -> bool:
    """Whether it is one number, or lies in memory."""
    if kind == NONE or (each.register is None and each.stack is None):
        return False
    return kind.scalar or each.indirect or each.register is None


def _refuse(request: ProbeRequest, name: str) -> None:
    """A parameter that is there, but cannot be read."""
    if name in request.fields:
        request.diagnostics.error(
            f"the parameter `{name}` is passed in registers that cannot be read",
            request.fields[name], "BPF has no floating point, and no structs in several registers",
        )  # fmt: skip


UPROBE = ProbeKind(
    "uprobe", ("u",), "uprobe:BINARY:FUNCTION[+OFFSET]", "Entry of a function in user space.",
    partial(_resolve, False), pid_filtered=True, registers=True, space=Space.USER, wildcards=True,
    complete=partial(_complete, False), expand=partial(_expand, False), own_names=_OWN_NAMES,
    side=Side.USER,
)  # fmt: skip
URETPROBE = ProbeKind(
    "uretprobe", ("ur",), "uretprobe:BINARY:FUNCTION", "Return of a function in user space.",
    partial(_resolve, True), pid_filtered=True, registers=True, space=Space.USER, wildcards=True,
    complete=partial(_complete, True), expand=partial(_expand, True), own_names=_OWN_NAMES,
)  # fmt: skip
