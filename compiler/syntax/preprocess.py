"""Preprocessing: conditionals, macros and headers of a script, without moving any of its text.

Directives and excluded text become blanks, so every span still points into the script. A script
without directives is passed on as it is; pcpp is loaded only for one that has them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax import (
    cdefs,
    directives,
    headercache,
    kernelheaders,
    packing,
    systemtypes,
)  # fmt: skip
from aotrace.compiler.syntax.collected import Collected, Header, text_in
from aotrace.compiler.syntax.macros import Macro

SYSTEM_DIRS = ("/usr/local/include", "/usr/include")
#: headers that libc leaves to the compiler
_OWN_DIR = os.path.join(os.path.dirname(os.path.realpath(__file__)), "include")


@dataclass(frozen=True)
class Options:
    """What a build says about the preprocessor.

    include_dirs: searched before the system's; includes: headers that come first; defines: `NAME`
    or `NAME=value`; system_dirs: where headers are the system's, and only their macros are taken;
    cache_dir: where results of header files are kept, None for none.
    """

    include_dirs: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    defines: tuple[str, ...] = ("BPFTRACE_HAVE_BTF",)
    arch: str = "x86_64"
    system_dirs: tuple[str, ...] = SYSTEM_DIRS
    cache_dir: str | None = field(default_factory=headercache.default_folder)


@dataclass(frozen=True)
class Preprocessed:
    """A script ready for the lexer.

    text is as long as the source's; macros are those of the script and its headers; definitions
    are the C definitions of the user's own headers.
    """

    source: Source
    text: str
    macros: Mapping[str, Macro] = field(default_factory=dict)
    definitions: tuple[Span, ...] = ()
    #: `#pragma pack`, by the name of a text
    packs: Mapping[str, packing.Packs] = field(default_factory=dict)

    def pack_at(self, span: Span) -> int:
        """How closely the members of a definition are packed; 0: as their types want."""
        return packing.at(self.packs.get(span.source.name, ()), span.start) if self.packs else 0


def preprocess(source: Source, options: Options, diagnostics: Diagnostics) -> Preprocessed:
    """Run the directives of a script. What is wrong with them goes to the diagnostics."""
    text = directives.blank_shebang(source.text)
    pieces = directives.pieces(text)
    defined = {macro.name: macro for macro in map(_definition, options.defines)}
    if not pieces and options.includes:
        pieces = [directives.Piece(0, len(text), False)]
    if not pieces:
        return Preprocessed(source, text, defined)
    found = _collect(source, text, pieces, options)
    for problem in found.problems:
        place = pieces[max(0, min(problem.piece, len(pieces) - 1))]
        span = None if problem.piece < 0 else _trimmed(source, place)
        diagnostics.error(problem.message, span, *problem.hints)
    out = [(p.start, p.end) for i, p in enumerate(pieces) if p.directive or i not in found.kept]
    own = [span for header in found.headers for span in _definitions(header)]
    texts = [text, *(span.text for span in own)]
    spans = (*systemtypes.wanted(found.system, found.defined, texts), *own)
    packs = _packs(source.name, pieces, found.packs)
    for header in found.headers:
        packs |= _packs(header.path, header.pieces, header.packs)
    blanked = directives.blank(text, out)
    return Preprocessed(source, blanked, defined | found.macros, spans, packs)


def _packs(
    name: str, pieces: list[directives.Piece], pragmas: list[tuple[int, str]]
) -> dict[str, packing.Packs]:
    told = [(pieces[piece].start, text) for piece, text in pragmas if piece < len(pieces)]
    return {name: packing.follow(told)} if told else {}


def _definition(define: str) -> Macro:
    name, equals, body = define.partition("=")
    return Macro(name, body if equals else "1")


def _trimmed(source: Source, piece: directives.Piece) -> Span:
    text = source.text[piece.start : piece.end]
    start = piece.start + len(text) - len(text.lstrip())
    return Span(source, start, max(start + 1, piece.start + len(text.rstrip())))


def _collect(
    source: Source, text: str, pieces: list[directives.Piece], options: Options
) -> Collected:
    path = source.name if os.path.isfile(source.name) else os.path.abspath(source.name or "script")
    include_dirs = (*options.include_dirs, *_named_in("CPATH"))
    system_dirs = (
        *_named_in("C_INCLUDE_PATH"), _OWN_DIR, *options.system_dirs, *_more_system_dirs(options),
        *kernelheaders.folders(options.arch),
    )  # fmt: skip
    defines = tuple(f"{macro.name} {macro.body}" for macro in map(_definition, options.defines))
    lines = [text[piece.start : piece.end] for piece in pieces if piece.directive]
    question = (
        os.path.dirname(path),
        include_dirs,
        system_dirs,
        defines,
        options.arch,
        [*options.includes, *lines],
    )
    cached = headercache.load(options.cache_dir, question)
    if cached is not None:
        return cached
    from aotrace.compiler.syntax import headers

    found = headers.collect(
        path, text, pieces, include_dirs, system_dirs, defines, options.arch,
        options.includes,
    )  # fmt: skip
    headercache.store(options.cache_dir, question, found)
    return found


def _named_in(variable: str) -> list[str]:
    """The folders that a variable of the environment names, as clang knows them."""
    return [folder for folder in os.environ.get(variable, "").split(os.pathsep) if folder]


def _more_system_dirs(options: Options) -> tuple[str, ...]:
    """The folders of the machine's architecture, in which Debian keeps some of libc's headers."""
    folders = (os.path.join(base, f"{options.arch}-linux-gnu") for base in options.system_dirs)
    return tuple(folder for folder in folders if os.path.isdir(folder))


def _definitions(header: Header) -> list[Span]:
    kept = text_in(header)
    text = directives.without_comments(kept)
    source = Source(header.path, kept)
    return [Span(source, start, end) for start, end in cdefs.definitions(text)]
