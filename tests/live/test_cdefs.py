"""C definitions of a script on the running kernel: user memory, kernel memory, own headers."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

_NAME = "cdefswriter"
_WRITER = """
import ctypes, os, struct
open("/proc/self/comm", "w").write("cdefswriter")
text = ctypes.create_string_buffer(b"through two pointers")
pointer = ctypes.c_void_p(ctypes.addressof(text))
bits = 5 | 99 << 3 | (-7 & 31) << 10 | (0x5a5a5a5a5a5a5a5 << 15)
data = struct.pack("=Bi8sQHQ4i", 7, -5, b"a name", bits & (1 << 64) - 1, bits >> 64,
                   ctypes.addressof(pointer), 10, 20, 30, 40)
os.write(os.open("/dev/null", os.O_WRONLY), data)
"""
_RECORD = """
struct record {
  unsigned char first;
  int second;
  char name[8];
  unsigned long low : 3, high : 7;
  long negative : 5;
  unsigned long wide : 60;
  struct { char **text; } inner;
  union { int grid[2][2]; short halves[8]; };
} __attribute__((packed));
"""


def _run(script: str, command: str, *options: str) -> str:
    """What aotracec run prints for a script that traces one command."""
    argv = [str(console_script("aotracec")), "run", "-q", "-c", command, "-e", script, *options]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip("\n")


def _python(folder: Path, program: str) -> str:
    path = folder / "traced.py"
    path.write_text(program, encoding="utf-8")
    return f"{sys.executable} -IS {path}"


def test_user_memory(tmp_path: Path) -> None:
    body = """
        $r = (struct record *)args.buf;
        printf("%d %d %s\\n", $r->first, $r->second, $r->name);
        printf("%d %d %d %llx\\n", $r->low, $r->high, $r->negative, $r->wide);
        printf("%s\\n", str(*$r->inner.text));
        $i = 1;
        printf("%d %d %d %d\\n", $r->grid[0][1], $r->grid[$i][0], $r->halves[6], sizeof(*$r));
    """
    script = f"""{_RECORD} tracepoint:syscalls:sys_enter_write /comm == "{_NAME}"/ {{ {body} }}"""
    assert _run(script, _python(tmp_path, _WRITER)).splitlines() == [
        "7 -5 a name",
        "5 99 -7 5a5a5a5a5a5a5a5",
        "through two pointers",
        "20 30 40 47",
    ]


_CONNECTOR = """
import socket
open("/proc/self/comm", "w").write("cdefswriter")
for family, address in ((socket.AF_INET, "127.0.0.9"), (socket.AF_INET6, "::1")):
    try:
        socket.socket(family, socket.SOCK_DGRAM).connect((address, 4660))
    except OSError:
        pass
"""


@pytest.mark.needs("ipv6")
def test_sockaddr_defined_by_the_script(tmp_path: Path) -> None:
    script = f"""
        #define AF_INET 2
        typedef unsigned short port_type;
        struct in_addr {{ unsigned int s_addr; }};
        struct sockaddr_in {{ short sin_family; port_type sin_port; struct in_addr sin_addr; }};
        struct in6_addr {{ unsigned char s6_addr[16]; }};
        struct sockaddr_in6 {{
            short sin6_family; port_type sin6_port; unsigned int sin6_flowinfo;
            struct in6_addr sin6_addr;
        }};
        tracepoint:syscalls:sys_enter_connect /comm == "{_NAME}"/ {{
            $four = (struct sockaddr_in *)args.uservaddr;
            if ($four->sin_family == AF_INET) {{
                printf("%s %x\\n", ntop($four->sin_addr.s_addr), $four->sin_port);
            }} else {{
                $six = (struct sockaddr_in6 *)args.uservaddr;
                printf("%s %x\\n", ntop($six->sin6_addr.s6_addr), $six->sin6_port);
            }}
        }}
    """
    port = f"{socket.htons(4660):x}"
    shown = _run(script, _python(tmp_path, _CONNECTOR)).splitlines()
    assert shown == [f"127.0.0.9 {port}", f"::1 {port}"]


def test_kernel_memory_and_the_way_back_to_its_own_types(tmp_path: Path) -> None:
    script = f"""
        struct links {{ struct links *next, *prev; }};
        struct holder {{ struct task_struct *leader; }};
        tracepoint:syscalls:sys_enter_write /comm == "{_NAME}"/ {{
            $l = (struct links *)((uint64)curtask + offsetof(struct task_struct, tasks));
            $h = (struct holder *)((uint64)curtask + offsetof(struct task_struct, group_leader));
            printf("%d %s %d\\n", $l->next->prev == $l, $h->leader->comm, $h->leader->tgid == pid);
        }}
    """
    assert _run(script, _python(tmp_path, _WRITER)) == f"1 {_NAME} 1"


def test_a_definition_counts_before_the_kernels(tmp_path: Path) -> None:
    script = f"""
        struct list_head {{ unsigned long first; }};
        tracepoint:syscalls:sys_enter_write /comm == "{_NAME}"/ {{
            printf("%d %d\\n", sizeof(struct list_head), curtask->tasks.first ==
                   *(uint64 *)((uint64)curtask + offsetof(struct task_struct, tasks)));
        }}
    """
    assert _run(script, _python(tmp_path, _WRITER)) == "8 1"


def test_definitions_of_a_header_of_the_users_own(tmp_path: Path) -> None:
    header = tmp_path / "mine.h"
    header.write_text(
        "#ifndef MINE_H\n#define MINE_H\n#define LENGTH 4\n"
        "#define __packed __attribute__((packed))\nenum kind { PLAIN = 3, OTHER };\n"
        "typedef struct { unsigned char kind; int values[LENGTH]; } __packed mine_t;\n"
        "static inline int unused(mine_t *mine) { return mine->kind; }\n#endif\n",
        encoding="utf-8",
    )  # fmt: skip
    script = tmp_path / "mine.bt"
    script.write_text(
        '#include "mine.h"\n'
        f'tracepoint:syscalls:sys_enter_write /comm == "{_NAME}"/ {{\n'
        '  printf("%d %d %d\\n", sizeof(mine_t), ((mine_t *)args.buf)->values[0], OTHER);\n}\n',
        encoding="utf-8",
    )
    command = _python(tmp_path, _WRITER)
    argv = [str(console_script("aotracec")), "run", "-q", "-c", command, str(script)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr, done.stdout.strip("\n")) == (0, "", "17 -5 4")
