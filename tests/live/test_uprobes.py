"""Probes in user space on the running kernel, in programs of tests/support/traced."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aotrace.loader.elf import x86

from tests.support import traced
from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf", "sdt")]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A copy of its own: the kernel's probes are in the file, whoever executes it."""
    return Path(shutil.copy(traced.shared("target"), tmp_path / "target"))


def _aotrace(folder: Path, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Build a script in the folder, and run it there."""
    built = folder / "script.bpf.o"
    source = folder / "script.bt"
    source.write_text(script, encoding="utf-8")
    build = [str(console_script("aotracec")), "build", "script.bt", "-o", str(built)]
    subprocess.run(build, cwd=folder, check=True)
    return _run(folder, *options)


def _run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [str(console_script("aotrace")), "run", "script.bpf.o", "-q", *options]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60)


def _lines(folder: Path, script: str, *options: str) -> list[str]:
    done = _aotrace(folder, script, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\n\n")[0].splitlines()


@contextmanager
def _running(argv: list[str], **options: object) -> Iterator[int]:
    process = subprocess.Popen(argv, **options)  # type: ignore[call-overload]
    try:
        time.sleep(0.2)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _refused(folder: Path, script: str, status: int = 1) -> str:
    done = _aotrace(folder, script)
    assert done.returncode == status
    assert not done.stdout.strip()
    return done.stderr.replace(str(folder), "FOLDER")


# --- where things are ------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["./target:plain", "target:plain", "{}/target:plain"])
def test_paths(target: Path, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{target.parent}")
    script = f"uprobe:{point.format(target.parent)} {{ print(args.big); }}"
    assert _lines(target.parent, script, "-c", str(target)) == ["1099511627776"]


def test_a_process_and_its_files(target: Path) -> None:
    with _running([str(target), "0"]) as pid:
        for point in ("plain", "*:plain", f"{target}:plain"):
            script = f"uprobe:{point} {{ print((probe, pid)); exit(); }}"
            assert _lines(target.parent, script, "-p", str(pid)) == [
                f"(uprobe:{target}:plain, {pid})"
            ]
        script = "usdt:counted { print(probe); exit(); }"
        assert _lines(target.parent, script, "-p", str(pid)) == [f"usdt:{target}:target:counted"]


def test_other_processes_are_left_alone(target: Path) -> None:
    with _running([str(target), "0"]) as other, _running([str(target), "0"]) as pid:
        script = "uprobe:./target:plain { @[pid] = count(); } interval:ms:300 { exit(); }"
        done = _aotrace(target.parent, script, "-p", str(pid))
        assert f"@[{pid}]: " in done.stdout
        assert str(other) not in done.stdout


def test_static_probes_of_all_processes(target: Path) -> None:
    with _running([str(target), "0"]):
        script = "usdt:*:target:counted { print(probe); exit(); }"
        assert _lines(target.parent, script) == [f"usdt:{target}:target:counted"]


def test_another_mount_namespace(target: Path, tmp_path: Path) -> None:
    """The process sees the program under a path that is not there for us."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    command = f"mount --bind {target.parent} {hidden} && exec {hidden}/target 0"
    with _running(["unshare", "-m", "sh", "-c", command]) as pid:
        for script in (
            f"uprobe:{hidden}/target:plain {{ print(arg2); exit(); }}",
            "uprobe:plain { print(arg2); exit(); }",
            f"usdt:{hidden}/target:other:call {{ print(1099511627776); exit(); }}",
        ):
            assert _lines(tmp_path, script, "-p", str(pid))[0] == "1099511627776"


def test_symbols_of_a_library(tmp_path: Path) -> None:
    """The library lies elsewhere once its process has executed itself anew."""
    library = traced.build("library", tmp_path, "-fPIC", "-shared").rename(tmp_path / "x.so")
    program = traced.build("library", tmp_path, "-DPROGRAM")
    script = """uprobe:./x.so:outer, uretprobe:./x.so:outer, uretprobe:./x.so:inn*,
        usdt:./x.so:called
        { printf("%s %d %d\\n", probe, *uaddr("value"), *uaddr("small")); @[uaddr("value")] = 0; }
        end { print(len(@)); clear(@); }"""
    assert _lines(tmp_path, script, "-c", f"{program} {library}") == [
        "uprobe:./x.so:outer 0 7",
        "usdt:./x.so:library:called 200 7",
        "uretprobe:./x.so:inner 200 7",
        "uretprobe:./x.so:outer 200 7",
        "uprobe:./x.so:outer 0 7",
        "usdt:./x.so:library:called 300 7",
        "uretprobe:./x.so:inner 300 7",
        "uretprobe:./x.so:outer 300 7",
        "2",
    ]


def test_member_of_an_archive(target: Path) -> None:
    """A shared library that is mapped from where it lies in a ZIP archive."""
    folder = target.parent
    library, archive, member = folder / "x.so", folder / "app.apk", "lib/x.so"
    source = folder / "x.c"
    source.write_text("__attribute__((noipa)) long inside(long n) { return n + 1; }\n")
    subprocess.run(["gcc", "-shared", "-O1", str(source), "-o", str(library)], check=True)
    with zipfile.ZipFile(archive, "w") as file:
        info = zipfile.ZipInfo(member)
        gap = 4096 - 30 - len(member) - 4
        info.extra = b"\x35\xd9" + gap.to_bytes(2, "little") + bytes(gap)
        file.writestr(info, library.read_bytes())
    loaded = folder / "loaded.so"
    loaded.write_bytes(archive.read_bytes()[4096 : 4096 + library.stat().st_size])
    script = "uprobe:./app.apk!/lib/x.so:inside { print(arg0); }"
    done = _aotrace(folder, script, "-c", "true")
    assert (done.returncode, done.stderr) == (0, "")  # attached; nothing here maps archives


def test_cpp(tmp_path: Path) -> None:
    program = Path(shutil.copy(traced.shared("classes"), tmp_path / "classes"))
    script = """
        uprobe:./classes:cpp:"app::Server::handle" { print((probe, arg0 != 0)); }
        uprobe:./classes:cpp:"*twice*" { print(arg0); }
        uprobe:./classes:_ZN3app3sumERKiRNS_6ServerEOi {
            print((*args.a, args.server->port, args.server->id));
        }
        uprobe:./classes:_ZN3app6Server6handleEPKcl { print(args.this->port); print(args.size); }
    """
    assert _lines(tmp_path, script, "-c", str(program)) == [
        "(uprobe:./classes:cpp:_ZN3app6Server6handleEi, true)",
        "(uprobe:./classes:cpp:_ZN3app6Server6handleEPKcl, true)",
        "80",
        "9",
        "21",
        "21",
        "(1, 80, 7)",
    ]


def test_lines_of_source(target: Path) -> None:
    text = (traced.SOURCES / "target.c").read_text().splitlines()
    line = next(n for n, each in enumerate(text, 1) if "int twice = i * 2" in each)
    script = f"uprobe:./target@target.c:{line} {{ print(probe); }}"
    (found,) = _lines(target.parent, script, "-c", str(target))
    assert found.startswith("uprobe:./target:")


# --- what is passed --------------------------------------------------------------------------


def test_parameters_of_every_kind(target: Path) -> None:
    script = """
        uprobe:./target:widths { print(args); }
        uprobe:./target:eight { print(args); }
        uprobe:./target:floats { print((args.after, args.last)); }
        uprobe:./target:structs { print((args.large.a, args.large.c, args.after)); }
        uprobe:./target:returns_large { print(args.a); }
    """
    assert _lines(target.parent, script, "-c", str(target)) == [
        "{ .c = -1, .s = -2, .i = -3, .u = 4000000000, .yes = 1, .b = 200 }",
        "{ .a = 1, .b = 2, .c = 3, .d = 4, .e = 5, .f = 6, .g = -7, .h = 1234567890123 }",
        "(77, 122)",
        "(10, 30, 5)",
        "11",
    ]


def test_sites_with_operands_of_their_own(target: Path) -> None:
    script = """
        usdt:./target:target:operands { print((arg0, arg1, arg2, arg3, arg4)); }
    """
    assert _lines(target.parent, script, "-c", str(target)) == [
        "(1, -1, 100, 251, 12345)",
        "(100, 251, 3, 2, 77)",
    ]


def test_counters_go_back(target: Path) -> None:
    """Nobody who traces leaves the program believing that it is traced."""
    with _running([str(target), "0"]) as pid:
        script = "usdt:./target:target:counted { @ = count(); } interval:ms:200 { exit(); }"
        for _ in range(2):
            done = _aotrace(target.parent, script)
            assert "@: " in done.stdout
        address = _symbol(target, "target_counted_semaphore")
        base = int(Path(f"/proc/{pid}/maps").read_text().split("-")[0], 16)
        with open(f"/proc/{pid}/mem", "rb") as memory:
            memory.seek(base + address)
            assert memory.read(2) == b"\0\0"


def _symbol(program: Path, name: str) -> int:
    listed = subprocess.run(["nm", str(program)], capture_output=True, text=True, check=True)
    return next(int(line.split()[0], 16) for line in listed.stdout.splitlines() if name in line)


def test_many_functions(target: Path) -> None:
    """By one link where the kernel has it; a function may have several names."""
    script = "uprobe:libc:str*,uretprobe:libc:mem* { @ = count(); }"
    done = _aotrace(target.parent, script, "-c", str(target))
    assert done.returncode == 0
    assert int(done.stdout.partition("@: ")[2]) > 10


def test_what_cannot_be_read_of_registers(target: Path) -> None:
    """A struct or a number with a point is refused by its name, and left out of all of them."""
    for field, function in (("small", "structs"), ("d", "floats")):
        script = f"uprobe:./target:{function} {{ print(args.{field}); }}"
        argv = [str(console_script("aotracec")), "build", "-e", script, "-o", "x.bpf.o"]
        done = subprocess.run(argv, cwd=target.parent, capture_output=True, text=True)
        assert done.returncode == 1
        reason = f"ERROR: the parameter `{field}` is passed in registers that cannot be read\n"
        assert reason in done.stderr
    (shown,) = _lines(target.parent, "uprobe:./target:floats { print(args); }", "-c", str(target))
    assert shown == "{ .after = 77, .last = 122 }"


# --- what is refused -------------------------------------------------------------------------

_EXPECTED = "HINT: if that is expected, set the script's config: missing_probes = warn\n"


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("uprobe:./target:mian", "./target has no symbol mian\nHINT: did you mean main?\n"),
        ("uprobe:/etc/passwd:main", ("/etc/passwd is not an ELF file\nHINT: only executables and"
         " shared libraries can be probed\n")),
        ("uprobe:./nothing:main", "there is no file ./nothing\n" + _EXPECTED),
        ("uprobe:nothing:main", ("there is no file nothing\nHINT: it is not in the folders of"
         " $PATH: give its path\n")),
        ("uprobe:libnothing:main", ("there is no file libnothing\nHINT: neither ld.so's cache nor"
         " $PATH has it: give its path\n")),
        ("uprobe:main", "the attach point names no file\nHINT: name it, or a process: -p PID\n"),
        ("uprobe:./target:no*thing", "nothing here matches\n" + _EXPECTED),
        ("usdt:./target:other:cal", ("./target has no static probe other:cal\nHINT: did you mean"
         " call?\n")),
        ("usdt:./target:nobody:call", ("./target has no provider nobody\nHINT: it has other,"
         " target\n")),
        ("usdt:/bin/true:a:b", ("/bin/true has no static probes\nHINT: was it built without"
         " them?\n")),
        ('uprobe:./target:cpp:"a::b"', "./target has no function a::b\n" + _EXPECTED),
    ],
)  # fmt: skip
def test_refused(target: Path, point: str, message: str) -> None:
    where = f"ERROR: cannot attach {point} (script.bt:1): ".replace('"', "")
    assert _refused(target.parent, f"{point} {{ exit(); }}") == where + message


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("plain+1", ("plain+1 is in the middle of an instruction\nHINT: a probe there would change"
         " what the program does; --unsafe at build lets it\n")),
        ("plain+4000", "plain+4000 lies outside of the function\nHINT: plain has SIZE bytes\n"),
        ("1", "./target has no function at address 0x1\n" + _EXPECTED),
    ],
)  # fmt: skip
def test_no_place_for_a_probe(target: Path, point: str, message: str) -> None:
    listed = subprocess.run(["nm", "-S", target], capture_output=True, text=True, check=True).stdout
    size = next(int(line.split()[1], 16) for line in listed.splitlines() if " T plain" in line)
    said = _refused(target.parent, f"uprobe:./target:{point} {{ exit(); }}", status=255)
    where = f"ERROR: cannot attach uprobe:./target:{point} (script.bt:1): "
    assert said == where + message.replace("SIZE", str(size))


def test_stripped(target: Path) -> None:
    subprocess.run(["strip", str(target)], check=True)
    for point, status, reason in (
        ("plain", 1, ("./target has no symbol plain\nHINT: the file was stripped: give an address"
         " in it, or install its debug symbols\n")),
        ("4500", 255, ("./target has no function at address 0x1194\nHINT: the file was stripped:"
         " nothing says where instructions begin\n")),
    ):  # fmt: skip
        said = _refused(target.parent, f"uprobe:./target:{point} {{ exit(); }}", status)
        assert said == f"ERROR: cannot attach uprobe:./target:{point} (script.bt:1): {reason}"


def test_another_build(target: Path) -> None:
    """Types of one build are never applied to another."""
    _aotrace(target.parent, "uprobe:./target:plain { print(args.a); }", "-c", "true")
    target.unlink()
    traced.build("target", target.parent, "-O2")
    done = _run(target.parent, "-c", "true")
    assert done.returncode == 1
    assert done.stderr == (
        "ERROR: cannot attach uprobe:./target:plain (script.bt:1): ./target is another build than "
        "the one that the script was compiled with\nHINT: its types and lines may differ: compile "
        "the script where this file is\n"
    )


def test_missing_ones_are_left_out_with_a_warning(target: Path) -> None:
    script = """config = { missing_probes = "warn" }
        uprobe:./target:nothing, uprobe:./target:plain { print(probe); }"""
    done = _aotrace(target.parent, script, "-c", str(target))
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "uprobe:./target:plain"
    assert "./target has no symbol nothing. Skipping." in done.stderr


# --- instructions ----------------------------------------------------------------------------


def test_a_whole_program_as_objdump_reads_it() -> None:
    listing = subprocess.run(
        ["objdump", "-d", "-w", "/bin/bash"], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split("\t") for line in listing.splitlines() if line.count("\t") == 2]
    assert len(rows) > 100_000
    for _, code, text in rows:
        data = bytes.fromhex(code)
        if not text.startswith(("(bad)", ".byte")):
            assert x86.length(data) == len(data), text
