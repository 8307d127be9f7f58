"""The tracefs of the fake kernel: formats of some of its events, laid out as a directory."""

from __future__ import annotations

from pathlib import Path

_HEAD = """\
name: {name}
ID: 372
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

"""

# category -> event -> fields as "declaration;offset;size;signed"
_EVENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "sched": {
        "sched_switch": (
            "char prev_comm[16];8;16;0",
            "pid_t prev_pid;24;4;1",
            "int prev_prio;28;4;1",
            "long prev_state;32;8;1",
            "char next_comm[16];40;16;0",
            "pid_t next_pid;56;4;1",
            "int next_prio;60;4;1",
        ),
        # Deliberately the class that BTF alone would not think of first.
        "sched_waking": ("char comm[16];8;16;0", "pid_t pid;24;4;1", "int prio;28;4;1"),
        "sched_process_exec": (
            "__data_loc char[] filename;8;4;0",
            "pid_t pid;12;4;1",
            "pid_t old_pid;16;4;1",
        ),
    },
    "sock": {"not_in_btf": ("u64 cookie;8;8;0", "__data_loc u8[] raw;16;4;0")},
    "tcp": {"tcp_destroy_sock": ("const void * skaddr;8;8;0",)},
    "syscalls": {
        "sys_enter_openat": (
            "int __syscall_nr;8;4;1",
            "int dfd;16;8;0",
            "const char * path_of_tomorrow;24;8;0",
            "__data_loc char[] __filename_val;32;4;0",
        ),
        "sys_exit_openat": ("int __syscall_nr;8;4;1", "long ret;16;8;1"),
        "sys_enter_future": ("int __syscall_nr;8;4;1", "umode_t how;16;8;0"),
        "sys_exit_future": ("int __syscall_nr;8;4;1", "long ret;16;8;1"),
    },
}


def fake_format(name: str, *fields: str) -> str:
    """A format file; each field is "declaration;offset;size;signed"."""
    lines = []
    for field in fields:
        declaration, offset, size, signed = field.rsplit(";", 3)
        place = f"offset:{offset};\tsize:{size};\tsigned:{signed};"
        lines.append(f"\tfield:{declaration};\t{place}\n")
    return _HEAD.format(name=name) + "".join(lines) + '\nprint fmt: ""\n'


def write_formats(root: Path) -> None:
    """CATEGORY/EVENT/format below `root`, as in /sys/kernel/tracing/events."""
    for category, events in _EVENTS.items():
        for name, fields in events.items():
            folder = root / category / name
            folder.mkdir(parents=True)
            (folder / "format").write_text(fake_format(name, *fields))
