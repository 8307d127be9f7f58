"""Symbols of processes: such as have ended, become another program, compile code as they run."""

from __future__ import annotations

import os
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

Env = dict[str, str] | None
_HEAD = """\
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#define FUNCTION __attribute__((noinline, noclone))
FUNCTION static void rename_to(const char *name) { prctl(PR_SET_NAME, name); }
"""
_FLAGS = (
    "-O1", "-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer",
    "-fno-optimize-sibling-calls",
)  # fmt: skip


def program(folder: Path, body: str, suffix: str = "c", *flags: str) -> Path:
    source, target = folder / f"program.{suffix}", folder / "program"
    source.write_text(_HEAD + textwrap.dedent(body))
    compiler = "g++" if suffix == "cc" else "gcc"
    subprocess.run([compiler, *_FLAGS, *flags, "-o", target, source], check=True)
    return target


def traced(folder: Path, script: str, command: str, *options: str, env: Env = None) -> str:
    """What a script prints of a command."""
    target = folder / "script.bpf.o"
    (folder / "script.bt").write_text(script)
    build = [console_script("aotracec"), "build", folder / "script.bt", "-o", target]
    subprocess.run(build, check=True)
    run = [console_script("aotrace"), "run", target, "-c", command, *options]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True, env=env)
    return done.stdout


_RENAMED = 'tracepoint:task:task_rename /str(args.newcomm) == "here"/ '


def test_a_process_that_has_ended(tmp_path: Path) -> None:
    body = """
    FUNCTION void innermost(void) { rename_to("here"); usleep(100000); }
    FUNCTION void outer(void) { innermost(); usleep(1); }
    int main(void) { outer(); return 0; }
    """
    path = program(tmp_path, body)
    shown = traced(tmp_path, _RENAMED + "{ @[ustack] = count(); }", str(path))
    assert "innermost+" in shown
    assert "outer+" in shown
    assert "main+" in shown


def test_a_file_that_is_gone_when_it_is_shown(tmp_path: Path) -> None:
    body = """
    FUNCTION void innermost(void) { rename_to("here"); usleep(100000); }
    int main(int argc, char **argv) { innermost(); unlink(argv[0]); return 0; }
    """
    path = program(tmp_path, body)
    shown = traced(tmp_path, _RENAMED + "{ @[ustack(perf)] = count(); }", str(path))
    assert "innermost+" in shown
    assert not path.exists()


def test_children_and_programs_that_follow(tmp_path: Path) -> None:
    body = """
    FUNCTION void of_child(void) { rename_to("here"); usleep(100000); }
    FUNCTION void of_second(void) { rename_to("here"); usleep(100000); }
    int main(int argc, char **argv) {
        if (argc > 1) { of_second(); return 0; }
        if (fork() == 0) { of_child(); return 0; }
        wait(NULL);
        execl(argv[0], argv[0], "again", NULL);
        return 1;
    }
    """
    path = program(tmp_path, body)
    shown = traced(tmp_path, _RENAMED + "{ @[ustack] = count(); }", str(path))
    assert "of_child+" in shown
    assert "of_second+" in shown


@pytest.mark.parametrize("apart", [False, True])
def test_code_that_is_compiled_at_run_time(tmp_path: Path, apart: bool) -> None:
    """apart: with another /tmp, and another number for itself, than the tracer sees."""
    body = """
    FUNCTION void *hook(void) { rename_to("here"); usleep(100000); return NULL; }
    int main(void) {
        unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
        void (*made)(void *) = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char name[64];
        FILE *map;
        memcpy((void *)made, code, sizeof(code));
        snprintf(name, sizeof(name), "/tmp/perf-%d.map", getpid());
        map = fopen(name, "w");
        fprintf(map, "%lx %lx made at run time\\n", (unsigned long)made, sizeof(code));
        fclose(map);
        made((void *)hook);
        unlink(name);
        return 0;
    }
    """
    path = program(tmp_path, body)
    command = str(path)
    if apart:
        (tmp_path / "tmp").mkdir()
        (tmp_path / "tmp/program").write_bytes(path.read_bytes())
        (tmp_path / "tmp/program").chmod(0o755)
        inside = tmp_path / "inside"
        inside.write_text(f"mount --bind {tmp_path}/tmp /tmp\nexec /tmp/program\n")
        command = f"unshare --mount --pid --fork sh {inside}"
    shown = traced(tmp_path, _RENAMED + "{ print(ustack); print(ustack(perf)); }", command)
    assert "        made at run time+6" in shown
    assert "made at run time+6 (/tmp/perf-" in shown
    assert "hook+" in shown


_CXX = """
namespace space {
struct Thing { FUNCTION void act(int n) { rename_to("here"); usleep(100000 + n); } };
}
int main(void) { space::Thing thing; thing.act(3); return 0; }
"""


@pytest.mark.parametrize("wanted", [True, False])
def test_names_of_cxx(tmp_path: Path, wanted: bool) -> None:
    path = program(tmp_path, _CXX, "cc")
    config = "" if wanted else "config = { cpp_demangle = false }\n"
    shown = traced(tmp_path, config + _RENAMED + "{ print(ustack); }", str(path))
    assert ("space::Thing::act(int)+" in shown) is wanted
    assert ("_ZN5space5Thing3actEi+" in shown) is not wanted


def test_names_of_cxx_where_nothing_demangles_them(tmp_path: Path) -> None:
    """A folder of its own for programs and libraries: there is no c++filt, and no libstdc++."""
    path = program(tmp_path, _CXX, "cc", "-static")
    (tmp_path / "bin").mkdir()
    missing = "import ctypes as c; d = c.CDLL\n"
    missing += "def f(n, *a, **k):\n    if 'stdc++' in str(n): raise OSError(n)\n"
    missing += "    return d(n, *a, **k)\nc.CDLL = f\n"
    (tmp_path / "bin/sitecustomize.py").write_text(missing)
    env = {**os.environ, "PATH": str(tmp_path / "bin"), "PYTHONPATH": str(tmp_path / "bin")}
    shown = traced(tmp_path, _RENAMED + "{ print(ustack); }", str(path), env=env)
    assert "_ZN5space5Thing3actEi+" in shown


def test_a_debug_file_by_build_id(tmp_path: Path) -> None:
    """Of a position-independent program, whose symbols and lines are elsewhere altogether."""
    path = program(tmp_path, _WORKING, "c", "-g", "-Wl,--build-id=0x0123456789abcdef")
    kept = tmp_path / "debug/.build-id/01/23456789abcdef.debug"
    kept.parent.mkdir(parents=True)
    subprocess.run(["objcopy", "--only-keep-debug", path, kept], check=True)
    subprocess.run(["strip", "-s", path], check=True)
    script = "config = { show_debug_info = true }\n" + _RENAMED + "{ print(ustack); }"
    assert "innermost+" not in traced(tmp_path, script, str(path))
    shown = traced(tmp_path, script, str(path), "--debuginfo", str(tmp_path / "debug"))
    (frame,) = (f for f in shown.splitlines() if f.startswith("        innermost+"))
    assert frame.partition("@")[2].startswith(f"{path}.c:")


def test_what_the_kernel_maps_into_every_process(tmp_path: Path) -> None:
    """The vDSO asks the kernel for a clock that it cannot read itself."""
    body = """
    #include <time.h>
    int main(void) {
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        usleep(200000);
        return 0;
    }
    """
    path = program(tmp_path, body)
    script = (
        "tracepoint:syscalls:sys_enter_clock_gettime /pid == cpid/ { print(ustack(perf)); exit(); }"
    )
    shown = traced(tmp_path, script, str(path))
    assert "clock_gettime+" in shown.splitlines()[1]
    assert shown.splitlines()[1].endswith(" ([vdso])")


def test_symbols_in_debugging_data_of_a_stripped_file(tmp_path: Path) -> None:
    """As Fedora packs them: .gnu_debugdata holds what .symtab had."""
    import lzma

    body = """
    FUNCTION static void kept_aside(void) { rename_to("here"); usleep(100000); }
    int main(void) { kept_aside(); return 0; }
    """
    path = program(tmp_path, body)
    whole, packed = tmp_path / "whole", tmp_path / "packed"
    subprocess.run(["objcopy", "--strip-debug", path, whole], check=True)
    packed.write_bytes(lzma.compress(whole.read_bytes(), preset=0))
    subprocess.run(["strip", "-s", path], check=True)
    add = ["objcopy", "--add-section", f".gnu_debugdata={packed}", path]
    subprocess.run(add, check=True)
    shown = traced(tmp_path, _RENAMED + "{ print(ustack); }", str(path))
    assert "kept_aside+" in shown


@pytest.mark.parametrize("cache", ["per_pid", "per_program", "none"])
@pytest.mark.parametrize("lazy", ["true", "false"])
def test_ways_of_keeping_symbols(tmp_path: Path, cache: str, lazy: str) -> None:
    body = """
    FUNCTION void innermost(void) { rename_to("here"); usleep(200000); }
    int main(void) { innermost(); return 0; }
    """
    path = program(tmp_path, body)
    config = f"config = {{ cache_user_symbols = {cache}; lazy_symbolication = {lazy} }}\n"
    shown = traced(tmp_path, config + _RENAMED + "{ @[ustack] = count(); }", str(path))
    assert "innermost+" in shown


def test_a_kernel_symbol_that_is_not_there(tmp_path: Path) -> None:
    target = tmp_path / "script.bpf.o"
    script = 'begin { print(kaddr("no_such_symbol")); exit(); }'
    build = [console_script("aotracec"), "build", "-e", script, "-o", target]
    subprocess.run(build, check=True)
    done = subprocess.run(
        [console_script("aotrace"), "run", target], capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "this kernel does not tell where no_such_symbol is" in done.stderr
    assert "Traceback" not in done.stderr


_WORKING = """
FUNCTION void innermost(void) { rename_to("here"); usleep(100000); }
int main(void) { innermost(); usleep(1); return 0; }
"""


@pytest.mark.parametrize("wanted", [True, False])
def test_lines_of_source(tmp_path: Path, wanted: bool) -> None:
    path = program(tmp_path, _WORKING, "c", "-g")
    lines = path.with_suffix(".c").read_text().splitlines()
    line = 1 + next(n for n, text in enumerate(lines) if "void innermost" in text)
    config = "config = { show_debug_info = true }\n" if wanted else ""
    shown = traced(
        tmp_path, config + _RENAMED + "{ print(ustack); print(ustack(perf)); }", str(path)
    )
    (frame,) = (f for f in shown.splitlines() if f.startswith("        innermost+"))
    assert frame.partition("@")[2] == (f"{path}.c:{line}" if wanted else "")
    (frame,) = (f for f in shown.splitlines() if f.startswith("\t") and " innermost+" in f)
    assert frame.endswith(f" ({path})")
