"""What bpftrace's tools are made to see: opens, execs, block I/O, TLS … one job for each kind.

`workload.py FOLDER CERTIFICATE JOB...` does the jobs in turn and prints one JSON object of facts,
by which the tools' output is judged (expectations.py). FOLDER is one to work in; CERTIFICATE a PEM
file with key and certificate. Standard library only, any Python from 3.9: it runs in the guests of
tests/kernels too. Each job works in a process of its own, whose name (comm) is `aot_JOB`.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Dict  # noqa: UP035

Facts = Dict[str, Any]  # noqa: UP006  # Python 3.9

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_NAME = 15
_SYS_NANOSLEEP = {"x86_64": 35, "aarch64": 101}[os.uname().machine]
_AT_FDCWD, _STATX_BASIC_STATS = -100, 0x7FF
_BLOCK = 64 * 1024
_LOOP_SET_FD, _LOOP_CLR_FD, _LOOP_CTL_GET_FREE = 0x4C00, 0x4C01, 0x4C82
_MEMORY = "/sys/fs/cgroup"
_DISK_BYTES = 64 << 20


def rename(name: str) -> None:
    """Give this thread a name: what the kernel calls comm."""
    _LIBC.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def opens(folder: str) -> Facts:
    path = os.path.join(folder, "aot-open")
    with open(path, "w"):
        pass
    with contextlib.suppress(OSError):
        os.open(path + "-missing", os.O_RDONLY)
    return {"path": path, "missing": path + "-missing"}


def stats(folder: str) -> Facts:
    path = os.path.join(folder, "aot-stat")
    with open(path, "w"):
        pass
    into = ctypes.create_string_buffer(256)
    for name in (path, path + "-missing"):
        _LIBC.statx(_AT_FDCWD, name.encode(), 0, _STATX_BASIC_STATS, into)
    return {"path": path, "missing": path + "-missing"}


def execs(folder: str) -> Facts:
    done = subprocess.Popen(["/bin/sh", "-c", ":", "aot-exec-argument"])
    done.wait()
    return {"child": done.pid}


def kills(folder: str) -> Facts:
    victim = subprocess.Popen(["/bin/sh", "-c", "sleep 5"])
    os.kill(victim.pid, signal.SIGTERM)
    victim.wait()
    with contextlib.suppress(OSError):
        os.kill(1 << 21, signal.SIGTERM)
    return {"victim": victim.pid, "nobody": 1 << 21}


def sleeps(folder: str) -> Facts:
    """By both system calls that sleep: Python's is clock_nanosleep(2)."""
    time.sleep(0.05)
    _LIBC.syscall(_SYS_NANOSLEEP, struct.pack("@qq", 0, 50_000_000), None)
    return {"parent": os.getppid()}


def forks(folder: str) -> Facts:
    """For tools that show what came within a second: twice, over more than one."""
    for _ in range(12):
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
        time.sleep(0.1)
    return {}


def syncs(folder: str) -> Facts:
    with open(os.path.join(folder, "aot-sync"), "w") as file:
        file.write("x")
        file.flush()
        os.fsync(file.fileno())
        os.fdatasync(file.fileno())
    return {}


def uids(folder: str) -> Facts:
    pid = os.fork()
    if not pid:
        _LIBC.setfsuid(0)
        os.setresuid(0, 0, 0)
        os.setuid(1234)
        os._exit(0)
    os.waitpid(pid, 0)
    return {"child": pid}


def capabilities(folder: str) -> Facts:
    os.chroot("/")
    return {}


def sockets(folder: str) -> Facts:
    """Stream and datagram sockets of the Unix family."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        left, right = socket.socketpair(socket.AF_UNIX, kind)
        left.send(b"aot-undump")
        right.recv(64)
    return {}


def names(folder: str) -> Facts:
    socket.getaddrinfo("localhost", 80)
    return {}


def threads(folder: str) -> Facts:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return {}


def burns(folder: str) -> Facts:
    """Processor time, in two processes at once, so that run queues fill."""
    children = []
    for _ in range(4):
        pid = os.fork()
        if not pid:
            end = time.monotonic() + 0.6
            while time.monotonic() < end:
                pass
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    return {}


def tls(folder: str) -> Facts:
    """A handshake in memory, a client and a server in one process."""
    import ssl

    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(os.environ["AOT_CERTIFICATE"])
    client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_side.check_hostname = False
    client_side.verify_mode = ssl.CERT_NONE
    buffers = [ssl.MemoryBIO() for _ in range(4)]
    client = client_side.wrap_bio(buffers[0], buffers[1])
    server = server_side.wrap_bio(buffers[2], buffers[3], server_side=True)
    done = [False, False]
    while not all(done):
        for index, side in enumerate((client, server)):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
                done[index] = True
        buffers[2].write(buffers[1].read())
        buffers[0].write(buffers[3].read())
    return {"tid": threading.get_native_id()}


def readline(folder: str) -> Facts:
    """A line that an interactive shell reads, and one that a program of that name reads."""
    import pty

    pid, terminal = pty.fork()
    if not pid:
        os.environ["TERM"] = "dumb"
        os.execv("/bin/bash", ["bash", "--norc", "-i"])
    _converse(terminal, b"echo aot-shell\n", b"exit\n")
    os.waitpid(pid, 0)
    other, terminal = pty.fork()
    if not other:
        rename("bash")
        os.environ["TERM"] = "dumb"
        ctypes.CDLL("libreadline.so.8").readline(b"> ")
        os._exit(0)
    _converse(terminal, b"aot-library\n")
    os.waitpid(other, 0)
    return {"shell": pid, "program": other}


def _converse(terminal: int, *lines: bytes) -> None:
    """Say each line once the other side has said something, and read to its end."""
    for line in lines:
        os.read(terminal, 4096)
        time.sleep(0.2)
        os.write(terminal, line)
    with contextlib.suppress(OSError):
        while os.read(terminal, 4096):
            pass


@contextlib.contextmanager
def _disk(folder: str, name: str) -> Iterator[str]:
    """A loop device over a new file; its path."""
    control = os.open("/dev/loop-control", os.O_RDWR)
    number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
    os.close(control)
    backing = os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT)
    os.ftruncate(backing, _DISK_BYTES)
    path = f"/dev/loop{number}"
    loop = os.open(path, os.O_RDWR)
    fcntl.ioctl(loop, _LOOP_SET_FD, backing)
    try:
        yield path
    finally:
        fcntl.ioctl(loop, _LOOP_CLR_FD, 0)
        os.close(loop)
        os.close(backing)


def blocks(folder: str) -> Facts:
    """Direct writes and reads of 64 KiB, around the page cache."""
    with _disk(folder, "aot-disk") as path:
        _direct_io(path)
        return {"minor": int(path[len("/dev/loop") :]), "disk": os.path.basename(path)}


def _direct_io(path: str) -> None:
    memory = mmap.mmap(-1, _BLOCK)  # direct I/O wants whole pages
    disk = os.open(path, os.O_RDWR | os.O_DIRECT)
    for turn in range(8):
        os.pwrite(disk, memory, turn * _BLOCK)
    for turn in range(8):
        os.preadv(disk, [memory], turn * _BLOCK)
    os.close(disk)


def writeback(folder: str) -> Facts:
    """Dirty pages of a block device, which sync(2) has written by a worker of the kernel."""
    with _disk(folder, "aot-dirty") as path:
        disk = os.open(path, os.O_RDWR)
        os.pwrite(disk, bytes(1 << 20), 0)
        os.sync()
        os.close(disk)
        return {"minor": int(path[len("/dev/loop") :])}


def xfs(folder: str) -> Facts:
    with _disk(folder, "aot-xfs") as path:
        os.truncate(os.path.join(folder, "aot-xfs"), 320 << 20)
        with open(path, "rb") as loop:
            fcntl.ioctl(loop, 0x4C07)  # LOOP_SET_CAPACITY
        subprocess.run(["mkfs.xfs", "-q", "-f", path], check=True, capture_output=True)
        place = os.path.join(folder, "mounted")
        os.makedirs(place, exist_ok=True)
        subprocess.run(["mount", "-t", "xfs", path, place], check=True, capture_output=True)
        try:
            with open(os.path.join(place, "file"), "wb+", buffering=0) as file:
                file.write(bytes(4096))
                os.fsync(file.fileno())
                file.seek(0)
                file.read()
        finally:
            subprocess.run(["umount", place], check=True)
    return {}


def mirror(folder: str) -> Facts:
    """A RAID 1 of two disks, which is told to flush."""
    with _disk(folder, "aot-md1") as one, _disk(folder, "aot-md2") as two:
        device = "/dev/md77"
        build = ["mdadm", "--build", device, "--level=1", "--raid-devices=2", "--assume-clean"]
        subprocess.run([*build, one, two, "--run"], check=True, capture_output=True)
        try:
            disk = os.open(device, os.O_RDWR)
            os.pwrite(disk, bytes(4096), 0)
            os.fsync(disk)
            os.close(disk)
        finally:
            subprocess.run(["mdadm", "--stop", device], check=True, capture_output=True)
    return {"disk": os.path.basename(device)}


@contextlib.contextmanager
def _memory_limit(name: str, most: int, **more: str) -> Iterator[Callable[[], None]]:
    """A control group; what puts the calling process into it."""
    with open(f"{_MEMORY}/cgroup.subtree_control", "w") as control:
        control.write("+memory")
    group = f"{_MEMORY}/{name}"
    os.makedirs(group, exist_ok=True)
    for file, value in {"memory.max": str(most), **more}.items():
        with contextlib.suppress(OSError), open(f"{group}/{file}", "w") as limit:
            limit.write(value)

    def enter() -> None:
        with open(f"{group}/cgroup.procs", "w") as members:
            members.write(str(os.getpid()))

    yield enter
    os.rmdir(group)


def memory(folder: str) -> Facts:
    """A process that needs more than its control group has: the kernel ends it."""
    with _memory_limit("aot-oom", 32 << 20) as enter:
        pid = os.fork()
        if not pid:
            enter()
            hog = mmap.mmap(-1, 256 << 20)
            for place in range(0, len(hog), mmap.PAGESIZE):
                hog[place] = 1
            os._exit(0)
        os.waitpid(pid, 0)
    return {"victim": pid}


def swaps(folder: str) -> Facts:
    """A process that uses twice what its control group has, with a swap device to help."""
    with open("/sys/block/zram0/disksize", "w") as size:
        size.write(str(256 << 20))
    for command in (["mkswap", "/dev/zram0"], ["swapon", "/dev/zram0"]):
        subprocess.run(command, check=True, capture_output=True)
    with _memory_limit("aot-swap", 32 << 20) as enter:
        pid = os.fork()
        if not pid:
            enter()
            _touch_twice()
        os.waitpid(pid, 0)
    subprocess.run(["swapoff", "/dev/zram0"], check=True, capture_output=True)
    with open("/sys/block/zram0/reset", "w") as reset:
        reset.write("1")
    return {"child": pid}


def _touch_twice() -> None:
    hog = mmap.mmap(-1, 64 << 20)
    for turn in (1, 2):
        for place in range(0, len(hog), mmap.PAGESIZE):
            hog[place : place + 8] = struct.pack("<Q", place * turn)
    time.sleep(1.2)  # a tool that shows what came within a second has shown it
    os._exit(0)


def tcp(folder: str) -> Facts:
    """All of tcp_workload.py, by a program named python3."""
    program = os.path.join(os.path.dirname(os.path.dirname(__file__)), "support/tcp_workload.py")
    said = subprocess.run(["/usr/bin/python3", program], check=True, capture_output=True).stdout
    found = [json.loads(line) for line in said.splitlines()]
    facts: Facts = {"pid": found[0]["pid"]}
    for line in found:
        if line["family"] == 4 and line["case"] in ("exchange", "drop"):
            prefix = "" if line["case"] == "exchange" else "drop_"
            for side, name in (("l", "local"), ("r", "peer")):
                facts[f"{prefix}{side}addr"], facts[f"{prefix}{side}port"] = line[name]
    return facts


JOBS: dict[str, Callable[[str], Facts]] = {
    job.__name__: job
    for job in (
        opens, stats, execs, kills, sleeps, forks, syncs, uids, capabilities, sockets, names,
        threads, burns, tls, readline, blocks, writeback, xfs, mirror, memory, swaps, tcp,
    )
}  # fmt: skip


def _perform(job: str, folder: str) -> Facts:
    """Do a job in a process of its own. Raises RuntimeError with its last words if it fails."""
    source, target = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(source)
        rename(f"aot_{job}")
        try:
            facts = {"pid": os.getpid(), **JOBS[job](folder)}
            os.write(target, json.dumps(facts).encode())
        except BaseException as error:
            said = getattr(error, "stderr", b"") or b""
            os.write(target, f"{job}: {error!r} {said.decode()}".encode())
            os._exit(1)
        os._exit(0)
    os.close(target)
    with os.fdopen(source, "rb") as pipe:
        said = pipe.read()
    if os.waitpid(pid, 0)[1]:
        raise RuntimeError(said.decode())
    found: Facts = json.loads(said)
    return found


def main(folder: str, certificate: str, *jobs: str) -> int:
    os.environ["AOT_CERTIFICATE"] = certificate
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    facts: Facts = {}
    problems = []
    for job in jobs:
        try:
            found = _perform(job, folder)
        except RuntimeError as error:
            problems.append(str(error))
            continue
        facts.update({f"{job}_{name}": value for name, value in found.items()})
    print(json.dumps({"facts": facts, "problems": problems}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
