"""Imports: the scripts and C headers that a script names, read once each and merged into it.

A path is looked for beside the script that imports it, then beside the script that is built (where
bpftrace 0.27 looks). As there (language reference, Imports): a folder stands for the scripts and
headers in it, nothing is taken from where everyone may write, and only the script that is built
may have a config block. What is imported comes before what imports it, in the order of the imports.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from aotrace.compiler.diagnostics import CError, Diagnostics
from aotrace.compiler.source import Source, Span
from aotrace.compiler.syntax import cdefs
from aotrace.compiler.syntax.macros import Macro
from aotrace.compiler.syntax.nodes import CDefinition, Import, Program
from aotrace.compiler.syntax.parser import parse
from aotrace.compiler.syntax.preprocess import Options, Preprocessed, preprocess
from aotrace.compiler.syntax.walk import walk

#: names under which bpftrace has its library; ours needs no import
_LIBRARY = frozenset(
    ["stdlib", *(f"stdlib/{part}" for part in
     ("map", "process", "stack", "strings", "system", "task", "test", "usdt"))]
)  # fmt: skip
_KINDS = (".bt", ".h", ".bpf.c", ".bpf.o")


class External(NamedTuple):
    """A `.bpf.c` or `.bpf.o`, and where it is imported."""

    path: str
    span: Span


@dataclass
class Script:
    """A parsed file. program is its own tree; imported are the files that it names, in order.

    macros and types are the preprocessor's macros and the typedefs that it and its imports make.
    """

    program: Program
    macros: Mapping[str, Macro]
    types: frozenset[str]
    imported: list[Script] = field(default_factory=list)
    #: a file of C, or an object of one, that this stands for
    external: External | None = None

    def merged(self) -> Program:
        """One tree of the script and all that it imports, each file once."""
        programs = [script.program for script in _in_order(self, set())]
        definitions = {_identity(d): d for program in programs for d in program.definitions}
        return replace(
            self.program,
            definitions=tuple(definitions.values()),
            imports=(),
            map_decls=tuple(item for p in programs for item in p.map_decls),
            macros=tuple(item for p in programs for item in p.macros),
            probes=tuple(item for p in programs for item in p.probes),
            functions=tuple(item for p in programs for item in p.functions),
        )

    def externals(self) -> list[External]:
        """The files of C and their objects among all that is imported."""
        scripts = _in_order(self, set())
        return [script.external for script in scripts if script.external is not None]


def read_script(source: Source, options: Options, diagnostics: Diagnostics) -> Script:
    """The script with all that it imports. What is wrong in any file goes to the diagnostics.

    Raises CompileError where the preprocessor fails: what follows would be of no use.
    """
    return _Reader(source, options, diagnostics).script(source)


def _in_order(script: Script, seen: set[int]) -> Iterator[Script]:
    """Imports before what imports them."""
    if id(script) in seen:
        return
    seen.add(id(script))
    for other in script.imported:
        yield from _in_order(other, seen)
    yield script


def _identity(definition: CDefinition) -> tuple[str, int, int]:
    """Where a definition stands: a header that two files include is read twice."""
    span = definition.span
    return os.path.realpath(span.source.name), span.start, span.end


class _Reader:
    """Reads files, each once; those of a circle are known before they are complete."""

    def __init__(self, main: Source, options: Options, diagnostics: Diagnostics) -> None:
        self.main = main
        self.options = options
        self.diagnostics = diagnostics
        self.known: dict[str, Script | None] = {os.path.realpath(main.name): None}

    def script(self, source: Source) -> Script:
        pre = preprocess(source, self.options, self.diagnostics)
        self.diagnostics.stop_if_failed(CError)
        imported = [script for each in _imports(pre) for script in self.files(each)]
        script = self.parsed(pre, imported)
        if source is not self.main and script.program.config:
            text = "a script that is imported cannot have a config block"
            hint = f"set it in {self.main.name}"
            self.diagnostics.error(text, script.program.config[0].span, hint)
        return script

    def parsed(self, pre: Preprocessed, imported: list[Script]) -> Script:
        macros: dict[str, Macro] = {}
        for other in imported:
            macros |= other.macros
        pre = replace(pre, macros={**macros, **pre.macros}) if macros else pre
        types = frozenset(name for other in imported for name in other.types)
        program = parse(pre, self.diagnostics, types)
        own = (name for each in program.definitions for name in cdefs.typedef_names(each.text))
        return Script(program, pre.macros, types | frozenset(own), imported)

    def files(self, each: Import) -> list[Script]:
        """The scripts that one import stands for."""
        path = self.find(each)
        if path is None or not self.allowed(path, each):
            return []
        if not os.path.isdir(path):
            return self.file(path, each)
        inside = [os.path.join(path, name) for name in sorted(os.listdir(path))]
        inside = [item for item in inside if item.endswith(_KINDS) and os.path.isfile(item)]
        return [s for i in inside if self.allowed(i, each) for s in self.file(i, each)]

    def find(self, each: Import) -> str | None:
        places = dict.fromkeys((each.span.source.name, self.main.name))
        paths = [os.path.join(os.path.dirname(place), each.path) for place in places]
        found = next(filter(os.path.exists, paths), None)
        if found is None and each.path not in _LIBRARY:
            looked = ", ".join(dict.fromkeys(paths))
            self.diagnostics.error(
                f"cannot find `{each.path}` to import", each.span, f"looked for: {looked}"
            )
        return found

    def allowed(self, path: str, each: Import) -> bool:
        for place in (path, os.path.dirname(path) or "."):
            if os.stat(place).st_mode & stat.S_IWOTH:
                text = f"refusing to import `{path}`: everyone may write to {place}"
                self.diagnostics.error(text, each.span, f"chmod o-w {place}")
                return False
        return True

    def file(self, path: str, each: Import) -> list[Script]:
        """The file as a script; nothing where it cannot be read, or is being read."""
        reader = next((read for end, read in _READERS.items() if path.endswith(end)), None)
        if reader is None:
            what, hint = _refusal(path)
            self.diagnostics.error(f"cannot import `{path}`: {what}", each.span, hint)
            return []
        key = os.path.realpath(path)
        if key not in self.known:
            self.known[key] = None
            self.known[key] = reader(self, path, each)
        script = self.known[key]
        return [script] if script else []

    def bt(self, path: str, each: Import) -> Script | None:
        try:
            text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            self.diagnostics.error(f"cannot read `{path}`: {error.strerror}", each.span)
            return None
        return self.script(Source(path, text, each.span))

    def header(self, path: str, each: Import) -> Script:
        """As a script that includes it and does nothing else."""
        including = Source(each.span.source.name, f'#include "{os.path.abspath(path)}"\n')
        found = Diagnostics()
        pre = preprocess(including, self.options, found)
        for problem in found.items:
            self.diagnostics.error(problem.message, each.span, *problem.hints)
        return self.parsed(pre, [])

    def functions(self, path: str, each: Import) -> Script:
        """Of C: read when the script is known to be right so far."""
        nothing = Program(each.span, (), (), (), (), (), ())
        return Script(nothing, {}, frozenset(), [], External(path, each.span))


_READERS: dict[str, Callable[[_Reader, str, Import], Script | None]] = {
    ".bt": _Reader.bt,
    ".h": _Reader.header,
    ".bpf.c": _Reader.functions,
    ".bpf.o": _Reader.functions,
}


def _imports(pre: Preprocessed) -> tuple[Import, ...]:
    """What a script imports: needed before it can be parsed, for the types and macros in it."""
    if "import" not in pre.text:
        return ()
    program = parse(pre, Diagnostics())
    within = (node for top in (*program.macros, *program.probes) for node in walk(top))
    return (*program.imports, *(node for node in within if isinstance(node, Import)))


def _refusal(path: str) -> tuple[str, str]:
    what = "it is no .bt script, no .h header and no .bpf.c"
    return what, "the ending of the name tells what a file is"
