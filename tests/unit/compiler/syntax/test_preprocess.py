"""Directives: what text stays, what macros come of it, and that nothing moves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from aotrace.compiler.diagnostics import Diagnostics
from aotrace.compiler.source import Source
from aotrace.compiler.syntax import directives, macros, nodes
from aotrace.compiler.syntax.macros import Macro
from aotrace.compiler.syntax.preprocess import Options, Preprocessed, preprocess

from tests.unit.compiler.syntax.scripts import NO_CACHE, expression, messages, program, read


def run(text: str, options: Options = NO_CACHE, name: str = "script.bt") -> Preprocessed:
    diagnostics = Diagnostics()
    pre = preprocess(Source(name, text), options, diagnostics)
    diagnostics.stop_if_failed()
    return pre


def in_folder(folder: Path, **more: object) -> Options:
    """Headers of a folder count as the system's."""
    return Options(system_dirs=(str(folder),), cache_dir=None, **more)  # type: ignore[arg-type]


def value_of(define: str, text: str) -> nodes.Expr:
    """What an expression comes to after a macro's definition."""
    (statement,) = program(f"{define}\nBEGIN {{ $r = {text}; }}").probes[0].body.statements
    assert isinstance(statement, nodes.Assign)
    return statement.value


def test_a_script_without_directives_is_left_alone() -> None:
    text = "BEGIN { print($#); } // #define\n/*\n#if 0\n*/ END { }\n"
    assert run(text).text == text


def test_the_first_line_may_name_the_interpreter() -> None:
    assert run("#!/usr/bin/aotrace\nBEGIN { }").text == " " * 18 + "\nBEGIN { }"


def test_nothing_moves() -> None:
    text = '#define A 1\nBEGIN {\n#ifdef A\n  print("yes");\n#else\n  print("no");\n#endif\n}\n'
    pre = run(text)
    assert len(pre.text) == len(text)
    for at, char in enumerate(pre.text):
        assert char == text[at] or (char == " " and text[at] != "\n")
    (statement,) = program(text).probes[0].body.statements
    assert statement.span.text == 'print("yes")'
    assert (statement.span.line, statement.span.column) == (4, 3)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("#ifdef BPFTRACE_HAVE_BTF", True),
        ("#ifndef BPFTRACE_HAVE_BTF", False),
        ("#if 1 + 1 == 2 && !defined(NOPE)", True),
        ("#if NOPE", False),
        ("#if 0\n#elif 1", True),
        ("#if 0 /* two\nlines */ || 1", True),
        ("#if 1 \\\n && 0", False),
    ],
)
def test_conditions(condition: str, holds: bool) -> None:
    probes = program(f"{condition}\nBEGIN {{ }}\n#else\nEND {{ }}\n#endif").probes
    assert [probe.points[0].text for probe in probes] == ["BEGIN" if holds else "END"]


def test_excluded_text_is_not_read_at_all() -> None:
    assert not messages("#if 0\n this is ' not { \" a @@ script\n#endif\nBEGIN { }")


def test_a_macro_without_parameters_stands_for_its_value() -> None:
    assert value_of("#define N 1 + 2", "N * 3") == expression("(1 + 2) * 3")
    assert value_of("#define N (1 << 3)", "N") == expression("1 << 3")
    assert value_of('#define TEXT "a\\n"', "TEXT") == expression('"a\\n"')
    assert value_of("#define T struct sock *", "(T)arg0") == expression("(struct sock *)arg0")
    assert value_of("#define A B\n#define B 7", "A") == expression("7")


def test_a_macro_with_parameters_is_c() -> None:
    assert value_of("#define MAX(a, b) ((a) > (b) ? (a) : (b))", "MAX(1, f(2, 3))") == (
        expression("(1) > (f(2, 3)) ? 1 : f(2, 3)")
    )
    assert value_of("#define F(...) f(__VA_ARGS__)", "F(1, 2)") == expression("f(1, 2)")
    assert value_of("#define F() 3", "F()") == expression("3")
    assert value_of("#define F(x) x", "F") == expression("F")
    assert value_of("#define ADD(x) 1 + x", "2 * ADD(3)") == expression("2 * 1 + 3")


def test_a_macro_does_not_expand_in_itself() -> None:
    assert value_of("#define M M + 1", "M") == expression("M + 1")
    assert value_of("#define A B\n#define B A", "A") == expression("A")


def test_fields_and_builtins_are_no_macros() -> None:
    assert value_of("#define x 1\n#define pid 2", "$a.x + $a->x + pid") == (
        expression("$a.x + $a->x + pid")
    )


def test_tokens_of_a_macro_are_at_the_place_of_its_use() -> None:
    text = "#define NO $1 = 2\nBEGIN { print(1); NO; }"
    (item,) = read(text)[1].items
    assert item.span is not None
    assert item.span.text == "NO"


def test_macros_expand_in_c_definitions() -> None:
    text = "#define LEN 4 * 2\nstruct s { char LEN_[LEN]; };\nBEGIN { }"
    assert program(text).definitions[0].text == "struct s { char LEN_[4 * 2]; };"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#define F(a, b) a\nBEGIN { F(1); }", "macro `F` takes 2 arguments, found 1"),
        ("#define F(a) a\nBEGIN { F(1", "the arguments of macro `F` have no closing parenthesis"),
        ("#define F(a) a ## b\nBEGIN { F(1); }", "macro `F`: `#` and `##` are not supported"),
        ('#define S "abc\nBEGIN { print(S); }', "unterminated string"),
        ("#ifdef A\nBEGIN { }", "unterminated #ifdef A"),
        ("#else\nBEGIN { }", "misplaced #else"),
        ("#error no\nBEGIN { }", "#error no"),
        ("#include <none.h>\nBEGIN { }", "cannot find the header `none.h`"),
        ('#include "none.h"\nBEGIN { }', "cannot find the header `none.h`"),
        ("#include\nBEGIN { }", 'an #include needs a file: <name.h> or "name.h"'),
        ("#define\nBEGIN { }", "a #define needs a name"),
        ("#nonsense\nBEGIN { }", "unknown directive `#nonsense`"),
        ("#if (\n#endif\nBEGIN { }", "could not evaluate expression"),
    ],
)
def test_what_cannot_be_followed(text: str, message: str) -> None:
    assert message in messages(text)


def test_macros_that_explode_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(macros, "MAX_TOKENS", 2_000)
    lines = ["#define X0 1 + 1"] + [f"#define X{n} X{n - 1} + X{n - 1}" for n in range(1, 40)]
    assert any("too much" in m for m in messages("\n".join(lines) + "\nBEGIN { print(X39); }"))
    lines = ["#define Y0 1"] + [f"#define Y{n} Y{n - 1}" for n in range(1, 400)]
    assert any("deeply" in m for m in messages("\n".join(lines) + "\nBEGIN { print(Y399); }"))


# --- headers ---------------------------------------------------------------------------------


def test_missing_headers_of_the_kernel_are_passed_over() -> None:
    assert (
        run("#include <linux/none.h>\n#include <net/none.h>\nBEGIN { }").text.strip() == "BEGIN { }"
    )


def test_a_system_header_gives_constants_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()
    (tmp_path / "sys" / "consts.h").write_text(
        "#ifndef GUARD\n#define GUARD\n#define AF_INET PF_INET /* two\nlines */\n"
        "#define PF_INET 2\n"
        "enum { ONE = 1, TWO, /* , */ SIX = 1 << 2 | TWO, SEVEN,\n#define SEVEN SEVEN\n};\n"
        "struct thing { int AF_INET; };\nextern int f(void) { @ not ours ' }\n"
        "#define call(x) x\n#define pid 7\n#endif\n#include <sys/nowhere.h>\n"
    )
    text = "#include <sys/consts.h>\nBEGIN { print((AF_INET, TWO, SEVEN, call(ONE), pid)); }"
    tree = program(text, in_folder(tmp_path))
    assert not tree.definitions
    assert tree.probes == program("BEGIN { print((2, 2, 7, call(1), pid)); }").probes


@pytest.mark.parametrize(
    ("variable", "named", "folder"),
    [
        ("BPFTRACE_KERNEL_SOURCE", "source", "source/include"),
        ("BPFTRACE_KERNEL_BUILD", "build", "build/arch/x86/include/generated/uapi"),
        ("C_INCLUDE_PATH", "more", "more"),
        ("CPATH", "other:mine", "mine"),
    ],
)
def test_folders_that_the_environment_names(
    variable: str, named: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder / "linux").mkdir(parents=True)
    (tmp_path / folder / "linux" / "consts.h").write_text("#define LEVEL 3\n")
    paths = [str(tmp_path / name) for name in named.split(":")]
    monkeypatch.setenv(variable, ":".join(paths))
    tree = program("#include <linux/consts.h>\nBEGIN { $x = LEVEL; }", in_folder(tmp_path))
    (statement,) = tree.probes[0].body.statements
    assert isinstance(statement, nodes.Assign)
    assert isinstance(statement.value, nodes.IntLit)
    assert statement.value.value == 3


def test_a_header_of_the_user_gives_definitions_too(tmp_path: Path) -> None:
    header = (
        "#pragma once\n#define N 3\n// struct no { };\nstruct mine { int a[N]; };\nint f(void);\n"
    )
    header += "#if N == 3\ntypedef struct mine mine_t;\n#else\nunion never { };\n#endif\n"
    (tmp_path / "mine.h").write_text(header)
    script = tmp_path / "script.bt"
    script.write_text("")
    text = '#include "mine.h"\n#include "mine.h"\nBEGIN { print(N); }'
    pre = run(text, name=str(script))
    assert [span.text for span in pre.definitions] == [
        "struct mine { int a[N]; };",
        "typedef struct mine mine_t;",
    ]
    assert str(pre.definitions[0]).endswith("mine.h:4:1")
    assert pre.macros["N"] == Macro("N", "3")
    with_folder = Options(include_dirs=(str(tmp_path),), cache_dir=None)
    tree = program(text, with_folder)
    assert tree.definitions[0].text == "struct mine { int a[3]; };"


def test_errors_in_a_header_of_the_user_are_told(tmp_path: Path) -> None:
    (tmp_path / "bad.h").write_text("#error broken here\n")
    _, diagnostics = read('#include "bad.h"\nBEGIN { }', Options((str(tmp_path),), cache_dir=None))
    assert [item.message for item in diagnostics.items] == [f"{tmp_path}/bad.h: #error broken here"]


def test_a_header_that_includes_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.h").write_text('#include "loop.h"\n')
    _, diagnostics = read('#include "loop.h"\nBEGIN { }', Options((str(tmp_path),), cache_dir=None))
    assert any("included in itself" in item.message for item in diagnostics.items)


@pytest.mark.needs("libc-headers")
def test_constants_of_libc() -> None:
    includes = "#include <sys/socket.h>\n#include <netinet/in.h>\n"
    text = includes + "BEGIN { print((AF_INET6, IPPROTO_TCP)); }"
    assert program(text).probes == program("BEGIN { print((10, 6)); }").probes


def test_defines_of_the_command_line() -> None:
    options = Options(defines=("WHO=7", "FLAG"), cache_dir=None)
    assert program("BEGIN { print(WHO + FLAG); }", options) == program("BEGIN { print(7 + 1); }")
    text = "#if WHO == 7\nBEGIN { }\n#endif"
    assert program(text, options).probes


# --- the cache -------------------------------------------------------------------------------


def test_results_are_kept_until_a_header_changes(tmp_path: Path) -> None:
    header = tmp_path / "mine.h"
    header.write_text("#define N 1\nstruct s { int x; };\n")
    options = Options((str(tmp_path),), system_dirs=(), cache_dir=str(tmp_path / "cache"))
    text = '#include "mine.h"\nBEGIN { }'
    first = run(text, options)
    (kept,) = (tmp_path / "cache").iterdir()
    stamp = kept.stat().st_mtime_ns
    assert run(text, options) == first
    assert kept.stat().st_mtime_ns == stamp
    header.write_text("#define N 22\n")
    os.utime(header, ns=(1, 1))
    assert run(text, options).macros["N"] == Macro("N", "22")


def test_a_header_that_appears_is_found(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "a.h").write_text("#define N 2\n")
    folders = (str(tmp_path / "first"), str(tmp_path / "second"))
    options = Options(folders, system_dirs=(), cache_dir=str(tmp_path / "cache"))
    text = '#include "a.h"\nBEGIN { }'
    assert run(text, options).macros["N"].body == "2"
    (tmp_path / "first" / "a.h").write_text("#define N 1\n")
    assert run(text, options).macros["N"].body == "1"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"files": 1}', "\x00"])
def test_a_broken_cache_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.h").write_text("#define N 2\n")
    options = Options((str(tmp_path),), system_dirs=(), cache_dir=str(tmp_path / "cache"))
    text = '#include "a.h"\nBEGIN { }'
    run(text, options)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text(content)
    assert run(text, options).macros["N"].body == "2"


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text("#define N 2\n")
    (tmp_path / "file").write_text("")
    options = Options((str(tmp_path),), system_dirs=(), cache_dir=str(tmp_path / "file"))
    assert run('#include "a.h"\nBEGIN { }', options).macros["N"].body == "2"


# --- directives in a text --------------------------------------------------------------------


def test_wildcards_in_paths_open_no_comment() -> None:
    text = "uprobe:/lib/*/x:f { }\n#define A 1\nuprobe:/*:g { } /* c */"
    assert [text[p.start : p.end] for p in directives.pieces(text) if p.directive] == [
        "#define A 1"
    ]


def test_one_line() -> None:
    line = directives.one_line('# define A \\\n 1 /* a\nb */ + "/*" // c')
    assert line.split() == ["#", "define", "A", "1", "+", '"/*"']


def test_types_of_a_system_header_that_the_script_names(tmp_path: Path) -> None:
    """With what they are made of, before them; nothing else that the header has."""
    (tmp_path / "sys").mkdir()
    (tmp_path / "sys" / "types.h").write_text(
        "#define COMMON(p) unsigned short p##family\n#ifndef NO\ntypedef unsigned int word_t;\n"
        "struct inner { word_t w; COMMON(x_); };\n#else\nstruct inner { int no; };\n#endif\n"
        "struct outer { struct inner i; struct outer *next; };\nstruct unused { int u; };\n"
        "enum { A = 1,\n#define A A\n B };\n"
    )
    text = "#include <sys/types.h>\nBEGIN { print(sizeof(struct outer)); print(B); }"
    tree = program(text, in_folder(tmp_path))
    assert [definition.text for definition in tree.definitions] == [
        "typedef unsigned int word_t;",
        "struct inner { word_t w; unsigned short x_family; };",
        "struct outer { struct inner i; struct outer *next; };",
    ]
    assert all(definition.span.source.system for definition in tree.definitions)


def test_types_of_a_system_header_are_kept_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()
    (tmp_path / "sys" / "types.h").write_text("struct thing { int a; };\n#pragma pack(1)\n")
    text = "#include <sys/types.h>\n#pragma pack(2)\nstruct own { struct thing t; };\nBEGIN { }"
    options = Options(system_dirs=(str(tmp_path),), cache_dir=str(tmp_path / "cache"))
    first, second = program(text, options), program(text, options)
    assert first == second
    assert [d.text for d in second.definitions] == [
        "struct thing { int a; };",
        "struct __attribute__ ( ( aotrace_pack ( 2 ) ) ) own { struct thing t; };",
    ]


def test_limits_are_the_compilers_and_libcs() -> None:
    text = "#include <limits.h>\n#include <float.h>\nbegin { print((INT_MIN, DBL_DIG)); }"
    found = preprocess(Source("s.bt", text), Options(cache_dir=None), Diagnostics())
    assert found.macros["INT_MIN"].body == "(-2147483648)"
    assert found.macros["DBL_DIG"].body == "15"
    assert not found.macros["INT_MAX"].own
