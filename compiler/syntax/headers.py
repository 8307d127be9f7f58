"""Directives run by pcpp: conditionals, macros and included headers.

pcpp sees the directives of a script alone; in place of the text between two stands a marker, and
the markers that come out tell what text is in. So nothing of bpftrace's language passes through a C
preprocessor. Of a system header the directives and enumerators are read, and which types it has:
those that BTF lacks are taken from there.
"""

from __future__ import annotations

import io
import itertools
import os
import re
from collections.abc import Iterator
from typing import Any

import pcpp
from aotrace.compiler.syntax import cdefs, directives, packing
from aotrace.compiler.syntax.collected import Collected, Header, Problem, read_header, text_in
from aotrace.compiler.syntax.macros import Macro

MARKER = "__aotrace_text_"
MAX_INCLUDE_DEPTH = 60
MAX_HEADER_BYTES = 16 << 20

# Folders of the kernel's own headers: what they define is in BTF, and they may well be missing.
KERNEL_FOLDERS = frozenset(
    [
        "linux",
        "net",
        "asm",
        "asm-generic",
        "uapi",
        "trace",
        "scsi",
        "sound",
        "drm",
        "rdma",
        "crypto",
        "acpi",
        "kvm",
        "media",
        "video",
        "xen",
        "generated",
        "target",
        "soc",
        "keys",
        "misc",
        "ras",
        "vdso",
        "clocksource",
        "kunit",
        "ufs",
        "cxl",
        "block",
        "fs",
        "kernel",
        "mm",
    ]
)

_COMPILER_MACROS = (
    "__STDC__ 1",
    "__STDC_VERSION__ 201710L",
    "__STDC_HOSTED__ 1",
    "__GNUC__ 12",
    "__GNUC_MINOR__ 2",
    "__LP64__ 1",
    "_LP64 1",
    "__CHAR_BIT__ 8",
    "__INT_MAX__ 0x7fffffff",
    "__LONG_MAX__ 0x7fffffffffffffffL",
    "__SIZEOF_INT__ 4",
    "__SIZEOF_LONG__ 8",
    "__SIZEOF_POINTER__ 8",
    "__ORDER_LITTLE_ENDIAN__ 1234",
    "__ORDER_BIG_ENDIAN__ 4321",
    "__BYTE_ORDER__ 1234",
    "__linux__ 1",
    "__unix__ 1",
)
_ARCH_MACROS = {
    "x86_64": ("__x86_64__ 1", "__x86_64 1", "__amd64__ 1"),
    "aarch64": ("__aarch64__ 1", "__ARM_64BIT_STATE 1"),
}

_IGNORED = frozenset(["warning", "pragma", "line", "ident"])
_DEFINE = re.compile(r"\s*([A-Za-z_]\w*)(?:\([^)]*\))?(.*)", re.DOTALL)
_ENUM = re.compile(r"\benum\b\s*\w*\s*\{([^{}]*)\}")
_ENUMERATOR = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:=(.*))?", re.DOTALL)


def collect(
    path: str,
    text: str,
    pieces: list[directives.Piece],
    include_dirs: tuple[str, ...],
    system_dirs: tuple[str, ...],
    defines: tuple[str, ...],
    arch: str,
    includes: tuple[str, ...] = (),
) -> Collected:
    """Run the directives of the script at path, behind those that include `includes`.

    Problems are returned, nothing is raised.
    """
    run = _Run(path, include_dirs, system_dirs)
    run.before = len(includes)
    for define in (*_COMPILER_MACROS, *_ARCH_MACROS.get(arch, ()), *defines):
        run.define(define)
    first = [f"#include <{include}>" for include in includes]
    run.parse("\n".join([*first, *_lines(text, pieces, 0)]) + "\n", path)
    output = io.StringIO()
    try:
        run.write(output)
    except Exception:  # pcpp raises all kinds of things on malformed directives
        run.problem("malformed preprocessor directive")
    run.keep(output.getvalue())
    run.take_macros()
    return run.found


def _lines(text: str, pieces: list[directives.Piece], number: int) -> Iterator[str]:
    """One line for each piece: the directive, or the marker of a text."""
    for index, piece in enumerate(pieces):
        if piece.directive:
            yield directives.one_line(text[piece.start : piece.end])
        else:
            yield f"{MARKER}{number}_{index}"


class _Run(pcpp.Preprocessor):  # type: ignore[misc]
    """pcpp, with files read and errors reported our way."""

    def __init__(
        self, path: str, include_dirs: tuple[str, ...], system_dirs: tuple[str, ...]
    ) -> None:
        self.before = 0  # lines that are not the script's
        self.found = Collected()
        self.headers: list[Header] = []  # all, as the markers count them
        self.bodies: dict[str, str] = {}
        self.place = ("", 0)
        super().__init__()
        self.script = os.path.abspath(path)
        self.system_dirs = tuple(os.path.join(folder, "") for folder in system_dirs)
        self.line_directive = None
        self.enumerators: dict[str, int] = {}
        for folder in (*include_dirs, *system_dirs):
            self.add_path(folder)
        # pcpp would make paths relative to the working directory.
        self.rewrite_paths: list[tuple[str, str]] = []

    # --- what pcpp calls ---------------------------------------------------------------------

    def on_file_open(self, is_system_include: bool, includepath: str) -> Any:
        path = os.path.realpath(includepath)
        if not os.path.isfile(path):
            self.found.missing.append(includepath)
            raise FileNotFoundError(includepath)
        if self.include_depth > MAX_INCLUDE_DEPTH:
            self.problem(f"`{includepath}` is included in itself without end")
            return io.StringIO("")
        if os.path.getsize(path) > MAX_HEADER_BYTES:
            self.problem(f"`{includepath}` is too large for a header")
            return io.StringIO("")
        self.found.files.append(path)
        if self._is_system(includepath):
            return io.StringIO(self._header(path, self.found.system))
        return io.StringIO(self._header(includepath, self.found.headers))

    def on_include_not_found(
        self, is_malformed: bool, is_system_include: bool, curdir: str, includepath: str
    ) -> str:
        own = not self._is_system(self.place[0])
        if is_malformed:
            self.problem('an #include needs a file: <name.h> or "name.h"')
        elif own and includepath.split("/")[0] not in KERNEL_FOLDERS:
            self.problem(
                f"cannot find the header `{includepath}`",
                "folders to search are given with -I",
            )
        raise pcpp.OutputDirective(pcpp.Action.IgnoreAndRemove)

    def on_directive_handle(
        self, directive: Any, toks: Any, ifpassthru: bool, precedingtoks: Any
    ) -> Any:
        self.place = (directive.source, directive.lineno)
        if directive.value == "include" and not toks:
            self.on_include_not_found(True, False, "", "")
        return super().on_directive_handle(directive, toks, ifpassthru, precedingtoks)

    def on_directive_unknown(
        self, directive: Any, toks: Any, ifpassthru: bool, precedingtoks: Any
    ) -> bool:
        name, own = directive.value, not self._is_system(directive.source)
        if own and name == "pragma" and _text(toks).startswith("pack"):
            self.pack(directive.source, directive.lineno, _text(toks))
        if own and name not in _IGNORED:
            said = name == "error"
            self.problem(f"#error {_text(toks)}" if said else f"unknown directive `#{name}`")
        return True

    def define(self, tokens: Any) -> None:
        match = _DEFINE.fullmatch(tokens if isinstance(tokens, str) else _text(tokens))
        if match is None:
            self.problem("a #define needs a name")
            return
        self.bodies[match[1]] = match[2].strip()  # pcpp itself would lose a `#` in it
        super().define(tokens)

    def on_error(self, file: str, line: int, msg: str) -> None:
        self.place = (file, line)
        if not self._is_system(file):
            message = msg.split(" due to ")[0].strip()
            self.problem(message[:1].lower() + message[1:])

    def on_unknown_macro_in_expr(self, ident: str) -> int:
        return self.enumerators.get(ident, 0)

    # --- what it comes to --------------------------------------------------------------------

    def problem(self, message: str, *hints: str) -> None:
        """Report at the directive that is being handled, or that has included it."""
        file, line = self.place
        piece = line - 1 - self.before if os.path.abspath(file) == self.script else -1
        where = "" if piece >= 0 else f"{file}: "
        self.found.problems.append(Problem(piece, where + message, hints))

    def _is_system(self, path: str) -> bool:
        return os.path.abspath(path).startswith(self.system_dirs)

    def _header(self, path: str, among: list[Header]) -> str:
        header = read_header(path)
        among.append(header)
        self.headers.append(header)
        lines = _lines(header.text, header.pieces, len(self.headers))
        if among is self.found.system:
            lines = _with_enums(header, list(lines))
        return "\n".join(lines) + "\n"

    def pack(self, file: str, line: int, pragma: str) -> None:
        """Note how members of structs are packed from here on."""
        if not packing.is_valid(pragma):
            self.problem(f"`#pragma {pragma}` cannot be followed", "write pack(1), pack(push, 2) …")
        elif os.path.abspath(file) == self.script:
            self.found.packs.append((line - 1, pragma))
        else:
            own = (h for h in reversed(self.found.headers) if h.path == file)
            for header in itertools.islice(own, 1):
                header.packs.append((line - 1, pragma))

    def keep(self, output: str) -> None:
        """Note which markers came out, and the values of the system's enumerators."""
        for match in re.finditer(MARKER + r"(\d+)_(\d+)", output):
            number, index = int(match[1]), int(match[2])
            kept = self.headers[number - 1].kept if number else self.found.kept
            kept.add(index)
        for body in _ENUM.findall(output):
            self._enumerate(body)
        for number, header in enumerate(self.found.system):
            self._index(number, directives.without_comments(text_in(header)))

    def _index(self, number: int, text: str) -> None:
        """The types that a header of the system defines, by their names."""
        for start, end in cdefs.definitions(text):
            for name in cdefs.names(text[start:end]):
                self.found.defined.setdefault(name, number)

    def _enumerate(self, body: str) -> None:
        value = -1
        for item in body.split(","):
            match = _ENUMERATOR.fullmatch(item)
            if not match:
                continue
            value = value + 1 if match[2] is None else self._evaluate(match[2], value + 1)
            self.enumerators[match[1]] = value

    def _evaluate(self, text: str, otherwise: int) -> int:
        problems = len(self.found.problems)
        try:
            return int(self.evalexpr(self.tokenize(text.strip()))[0])
        except Exception:  # an expression that is none to the preprocessor, such as a cast
            return otherwise
        finally:
            del self.found.problems[problems:]  # nobody asked for this enumerator yet

    def take_macros(self) -> None:
        """Macros of the script and of all headers; an enumerator counts as one."""
        for name, value in self.enumerators.items():
            self.found.macros[name] = Macro(name, str(value), own=False)
        for name, macro in self.macros.items():
            if not getattr(macro, "source", ""):
                continue  # the compiler's own
            body = self.bodies.get(name, "")
            if body == name:
                continue  # `#define IPPROTO_TCP IPPROTO_TCP` beside the enumerator
            params = None if macro.arglist is None else tuple(macro.arglist)
            own = not self._is_system(macro.source)
            self.found.macros[name] = Macro(name, body, params, bool(macro.variadic), own)


def _with_enums(header: Header, lines: list[str]) -> Iterator[str]:
    """The lines, and the enums as they are: their values are worked out."""
    text = directives.without_comments(header.text)
    enums = [match.span() for match in _ENUM.finditer(text)]
    for piece, line in zip(header.pieces, lines):
        inside = [start for start, end in enums if start < piece.start < end]
        if not (piece.directive and inside):
            yield line
        for start, end in enums:
            if not piece.directive and piece.start <= start < piece.end:
                yield text[start:end]


def _text(tokens: Any) -> str:
    return "".join(token.value for token in tokens).strip()
