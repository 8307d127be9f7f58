"""aotrace run where something is missing: one message with what to do, and no traceback."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

STATES = """
tracepoint:sock:inet_sock_set_state {
    $sk = (struct sock *)args.skaddr;
    printf("%d\\n", $sk->__sk_common.skc_dport);
}
"""
BEGIN = 'BEGIN { printf("hello\\n"); }'
ENDLESS = "begin {\n$n = nsecs;\nwhile ($n) { if ($n == 5) { break; } }\n}"
Build = Callable[[str], bytes]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles a script given as text, once; the object's bytes."""
    folder = tmp_path_factory.mktemp("objects")
    made: dict[str, bytes] = {}

    def compiled(text: str) -> bytes:
        if text not in made:
            path = folder / f"s{len(made)}.bpf.o"
            command = [console_script("aotracec"), "build", "-e", text, "-o", path]
            subprocess.run(command, check=True)
            made[text] = path.read_bytes()
        return made[text]

    return compiled


def refused(
    tmp_path: Path, image: bytes, *options: str, prefix: tuple[str, ...] = (), status: int = 1
) -> str:
    """What the loader says of an object; `prefix` is a command that starts it in another world."""
    path = tmp_path / "x.bpf.o"
    path.write_bytes(image)
    command = [*prefix, str(console_script("aotrace")), "run", str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("ERROR: ")
    return done.stderr


def without(*commands: str) -> tuple[str, ...]:
    """A mount namespace in which shell commands have hidden something."""
    return ("unshare", "--mount", "sh", "-ec", f'{"; ".join(commands)}; exec "$@"', "sh")


def test_a_tracepoint_that_this_kernel_lacks(build: Build, tmp_path: Path) -> None:
    said = refused(tmp_path, build(STATES).replace(b"inet_sock_set_state", b"inet_sock_got_state"))
    assert "cannot attach tracepoint:sock:inet_sock_got_state (-e:2)" in said
    assert "this kernel has no tracepoint sock:inet_sock_got_state" in said


def test_a_field_that_this_kernel_lacks(build: Build, tmp_path: Path) -> None:
    said = refused(tmp_path, build(STATES).replace(b"skc_dport\0", b"skc_xport\0"), status=255)
    assert "this kernel has no struct sock.__sk_common.skc_xport" in said
    assert 'printf("%d\\n", $sk->__sk_common.skc_dport);' in said


def test_a_raw_tracepoint_that_this_kernel_lacks(build: Build, tmp_path: Path) -> None:
    image = build("rawtracepoint:sched_switch { @ = count(); }")
    said = refused(tmp_path, image.replace(b"sched_switch", b"sched_snitch"))
    assert "this kernel has no raw tracepoint sched_snitch" in said


def test_a_function_that_this_kernel_lacks(build: Build, tmp_path: Path) -> None:
    image = build("fentry:vfs_read { @ = count(); }")
    said = refused(tmp_path, image.replace(b"vfs_read", b"vfs_reap"))
    assert "this kernel has no function vfs_reap" in said


def test_no_tracefs(build: Build, tmp_path: Path) -> None:
    hidden = without(
        f"mount --bind {tmp_path} /sys/kernel/tracing",
        "umount -R /sys/kernel/debug 2>/dev/null || true",
    )
    said = refused(tmp_path, build(STATES), prefix=hidden)
    assert "tracefs is not mounted" in said
    assert "HINT: mount it: mount -t tracefs" in said


def test_no_btf(build: Build, tmp_path: Path) -> None:
    hidden = without(f"mount --bind {tmp_path} /sys/kernel/btf")
    said = refused(tmp_path, build(STATES), prefix=hidden, status=255)
    assert "this kernel does not carry its BTF" in said
    assert "CONFIG_DEBUG_INFO_BTF" in said


def test_no_libbpf(build: Build, tmp_path: Path) -> None:
    found = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    paths = [line.split()[-1] for line in found.stdout.splitlines() if "libbpf.so.1 " in line]
    hidden = without(*(f"mount --bind /dev/null {os.path.realpath(path)}" for path in paths))
    said = refused(tmp_path, build(BEGIN), prefix=hidden)
    assert "cannot load libbpf.so.1" in said
    assert "HINT: install libbpf" in said


def test_no_capabilities(build: Build, tmp_path: Path) -> None:
    powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    assert refused(tmp_path, build(BEGIN), prefix=powerless) == (
        "ERROR: not allowed to load BPF programs: CAP_BPF and CAP_PERFMON are missing\n"
        "HINT: run it as root, or with sudo\n"
    )


def test_another_machine(build: Build, tmp_path: Path) -> None:
    here = os.uname().machine
    there = "z" * len(here)
    image = build(BEGIN).replace(f'"arch":"{here}"'.encode(), f'"arch":"{there}"'.encode())
    assert f"was made for {there}, and this machine is {here}" in refused(tmp_path, image)


def test_a_verifier_refusal(build: Build, tmp_path: Path) -> None:
    """Turn the first load of the context into one from a null pointer."""
    image = build('rawtracepoint:sched_switch { printf("%d\\n", arg0); }')
    load = next(
        at for at in range(0, len(image), 8) if image[at] == 0x79 and image[at + 1] >> 4 == 1
    )
    broken = bytes([0x79, image[load + 1] & 0xF | 0xA0, 0x10, 0x7F])
    said = refused(tmp_path, image[:load] + broken + image[load + 4 :], status=255)
    assert "the kernel refused rawtracepoint:vmlinux:sched_switch (-e:1): " in said
    assert "HINT: -v shows all" in said


def test_an_output_that_cannot_be_written(build: Build, tmp_path: Path) -> None:
    said = refused(tmp_path, build(BEGIN), "-o", str(tmp_path / "no" / "such"))
    assert "No such file or directory" in said


def test_a_command_that_is_not_there(build: Build, tmp_path: Path) -> None:
    assert "no such command" in refused(tmp_path, build(BEGIN), "-c", "no-such-command")


def test_a_process_that_is_not_there(build: Build, tmp_path: Path) -> None:
    assert "there is no process" in refused(tmp_path, build(BEGIN), "-p", str((1 << 22) + 5))


@pytest.mark.parametrize("size", [0, 3, 64, 500, 2000])
def test_a_truncated_object(build: Build, tmp_path: Path, size: int) -> None:
    assert "truncated or damaged" in refused(tmp_path, build(BEGIN)[:size])


def test_a_loop_without_an_end(tmp_path: Path, build: Build) -> None:
    """The message names the limit, the line that hit it, and what to do."""
    message = refused(tmp_path, build(ENDLESS), status=255)
    assert "a loop of which it does not see the end" in message
    assert "-e:3: while ($n) { if ($n == 5) { break; } }" in message
    assert "HINT: make a `for` loop" in message
