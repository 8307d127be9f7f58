"""Imports: what is found where, in which order, and what of it reaches the script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aotrace.compiler.diagnostics import CompileError, Diagnostics
from aotrace.compiler.sema.imports import Script, read_script
from aotrace.compiler.source import Source
from aotrace.compiler.syntax import nodes

from tests.unit.compiler.syntax.scripts import NO_CACHE

Files = Callable[..., Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Writes files, by their names under a folder of the test, and tells the folder."""

    def write(**texts: str) -> Path:
        tmp_path.chmod(0o755)
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.parent.chmod(0o755)
            path.write_text(text)
            path.chmod(0o644)
        return tmp_path

    return write


def read(folder: Path, name: str = "main.bt") -> tuple[Script, Diagnostics]:
    diagnostics = Diagnostics()
    path = folder / name
    return read_script(Source(str(path), path.read_text()), NO_CACHE, diagnostics), diagnostics


def merged(folder: Path) -> nodes.Program:
    script, diagnostics = read(folder)
    diagnostics.stop_if_failed()
    return script.merged()


def errors(folder: Path) -> list[str]:
    try:
        _, diagnostics = read(folder)
    except CompileError as error:
        return [item.message for item in error.diagnostics]
    return [item.message.replace(f"{folder}/", "") for item in diagnostics.items]


def printed(program: nodes.Program) -> list[int]:
    """The numbers that the probes print, in the order of the probes."""
    found = []
    for probe in program.probes:
        (statement,) = probe.body.statements
        assert isinstance(statement, nodes.ExprStmt)
        assert isinstance(statement.value, nodes.Call)
        (number,) = statement.value.args
        assert isinstance(number, nodes.IntLit)
        found.append(number.value)
    return found


def test_imports_come_first_in_their_order(files: Files) -> None:
    folder = files(
        main_bt='import "b.bt"; import "a.bt"; begin { print(9); }',
        a_bt="begin { print(1); } begin { print(2); }",
        b_bt='import "a.bt"; begin { print(3); }',
    )
    assert printed(merged(folder)) == [1, 2, 3, 9]


def test_circles_are_read_once(files: Files) -> None:
    folder = files(
        main_bt='import "a.bt"; begin { print(9); }',
        a_bt='import "b.bt"; import "main.bt"; begin { print(1); }',
        b_bt='import "a.bt"; import "./sub/../b.bt"; begin { print(2); }',
        sub__x_bt="",
    )
    assert printed(merged(folder)) == [2, 1, 9]


def test_a_folder_stands_for_the_scripts_and_headers_in_it(files: Files) -> None:
    folder = files(
        main_bt='import "lib"; begin { print(9); }',
        lib__b_bt="begin { print(2); }",
        lib__a_bt="begin { print(1); }",
        lib__c_h="struct c { int x; };",
        lib__notes_txt="no script",
        lib__deeper__d_bt="begin { print(4); }",
    )
    program = merged(folder)
    assert printed(program) == [1, 2, 9]
    assert [definition.text for definition in program.definitions] == ["struct c { int x; };"]


def test_paths_are_looked_for_beside_the_importing_file_then_the_script(files: Files) -> None:
    folder = files(
        main_bt='import "lib/a.bt"; begin { print(9); }',
        lib__a_bt='import "b.bt"; import "c.bt"; begin { print(1); }',
        lib__b_bt="begin { print(2); }",
        b_bt="begin { print(3); }",
        c_bt="begin { print(4); }",
    )
    assert printed(merged(folder)) == [2, 4, 1, 9]


def test_all_that_a_script_has_is_merged(files: Files) -> None:
    folder = files(
        main_bt='import "a.bt"; macro own() { 1 } let @b = hash(1); begin { print(9); }',
        a_bt="struct a { int x; }; let @a = hash(1); macro one(x) { x }",
    )
    program = merged(folder)
    assert [macro.name for macro in program.macros] == ["one", "own"]
    assert [decl.map.name for decl in program.map_decls] == ["a", "b"]
    assert len(program.definitions) == 1
    assert program.imports == ()


def test_constants_and_types_reach_the_parser(files: Files) -> None:
    folder = files(
        main_bt='import "a.bt"; import "h.h"; begin { print(TWO); print((alias)-1); print(SIX); }',
        a_bt="#define TWO 2\n",
        h_h="#define SIX 6\ntypedef struct { int x; } alias;",
    )
    arguments = [
        statement.value.args[0]
        for statement in merged(folder).probes[0].body.statements
        if isinstance(statement, nodes.ExprStmt) and isinstance(statement.value, nodes.Call)
    ]
    assert isinstance(arguments[0], nodes.IntLit)
    assert isinstance(arguments[1], nodes.Cast)
    assert isinstance(arguments[2], nodes.IntLit)
    assert (arguments[0].value, arguments[2].value) == (2, 6)


def test_a_header_on_two_ways_defines_once(files: Files) -> None:
    folder = files(
        main_bt='#include "h.h"\nimport "a.bt"; import "h.h"; begin { print(9); }',
        a_bt='#include "h.h"\n',
        h_h="struct h { int x; };",
    )
    assert len(merged(folder).definitions) == 1


def test_the_library_needs_no_file(files: Files) -> None:
    assert printed(merged(files(main_bt='import "stdlib"; begin { print(9); }'))) == [9]
    assert errors(files(main_bt='import "stdlib/nosuch"; begin { print(9); }')) == [
        "cannot find `stdlib/nosuch` to import"
    ]


def test_places_know_their_file_and_the_import(files: Files) -> None:
    folder = files(
        main_bt='\n\nimport "a.bt";\nbegin { print(9); }',
        a_bt='import "b.bt";\n\n\n\nbegin { print(1); }',
        b_bt="begin { print(2); }",
    )
    of_b, of_a, of_main = (probe.span for probe in merged(folder).probes)
    assert [Path(span.source.name).name for span in (of_b, of_a, of_main)] == [
        "b.bt", "a.bt", "main.bt",
    ]  # fmt: skip
    assert [span.line for span in (of_b, of_a, of_main)] == [1, 5, 4]
    assert [span.script_line for span in (of_b, of_a, of_main)] == [3, 3, 4]


@pytest.mark.parametrize("mode", [0o777, 0o757, 0o702, 0o1777])
def test_folders_that_everyone_may_write_to_are_refused(files: Files, mode: int) -> None:
    folder = files(main_bt='import "lib/a.bt"; begin { print(9); }', lib__a_bt="")
    (folder / "lib").chmod(mode)
    assert errors(folder) == ["refusing to import `lib/a.bt`: everyone may write to lib"]
    (folder / "lib").chmod(0o775)
    assert errors(folder) == []


def test_files_that_everyone_may_write_to_are_refused(files: Files) -> None:
    folder = files(main_bt='import "lib"; begin { print(9); }', lib__a_bt="", lib__b_bt="")
    (folder / "lib" / "b.bt").chmod(0o666)
    assert errors(folder) == ["refusing to import `lib/b.bt`: everyone may write to lib/b.bt"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a_txt", "", "cannot import `a.txt`: it is no .bt script, no .h header and no .bpf.c"),
        (
            "a_bt",
            "config = { max_strlen = 9 }",
            "a script that is imported cannot have a config block",
        ),
        ("a_h", '#include "missing.h"\n', "a.h: cannot find the header `missing.h`"),
        ("b_bt", "", "cannot find `a` to import"),
    ],
)
def test_what_cannot_be_imported(files: Files, name: str, text: str, message: str) -> None:
    path = "a" if name == "b_bt" else name.replace("_", ".")
    folder = files(main_bt=f'import "{path}"; begin {{ print(9); }}', **{name: text})
    assert errors(folder) == [message]


def test_errors_of_an_imported_file_are_told_with_its_name(files: Files) -> None:
    folder = files(main_bt='import "a.bt"; begin { print(9); }', a_bt="\nbegin { print(1 }")
    _, diagnostics = read(folder)
    (item,) = diagnostics.items
    assert item.render().startswith(f"{folder}/a.bt:2:17: ERROR: syntax error, unexpected `}}`")
