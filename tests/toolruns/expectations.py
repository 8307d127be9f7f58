"""What each tool of bpftrace must print under which jobs of workload.py: one record per tool.

A pattern is a regular expression that some line of the output must match; a space in it stands for
any run of blanks, and `<fact>` for what the workload reported (`<opens_pid>`). A tool that Debian
ships in two versions may print two forms: `old` is that of 0.17, where it is another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_FACT = re.compile(r"<([a-z_]+)>")
_BARS = r"^[\[(].*[)\]] +\d+ \|@+"  # a line of a histogram


@dataclass(frozen=True)
class Expectation:
    """jobs: of workload.py; `tcp` stands for tcp_workload.py. settle: seconds it goes on after."""

    tool: str
    jobs: tuple[str, ...]
    patterns: tuple[str, ...]
    old: tuple[str, ...] | None = None
    #: what the loader is given after `--`
    words: tuple[str, ...] = field(default=())

    def missing(self, output: str, facts: dict[str, Any], old: bool) -> list[str]:
        """The patterns that no line matches, as they are written: facts are others in each run."""
        wanted = self.old if old and self.old is not None else self.patterns
        return [one for one in wanted if not re.search(fill(one, facts), output, re.MULTILINE)]


def fill(pattern: str, facts: dict[str, Any]) -> str:
    """The regular expression that a pattern becomes; one that lacks a fact matches nothing."""

    def value(found: re.Match[str]) -> str:
        return re.escape(str(facts[found[1]])) if found[1] in facts else f"(?!)no {found[1]}"

    return _FACT.sub(value, pattern.replace(" ", r"\s+"))


_TIME = r"\d\d:\d\d:\d\d"
_SSL = ("SSL_do_handshake",)
EXPECTATIONS = (
    Expectation(
        "bashreadline",
        ("readline",),
        (f"{_TIME} <readline_shell> echo aot-shell", f"{_TIME} <readline_program> aot-library"),
        old=(f"{_TIME} <readline_shell> echo aot-shell",),
    ),
    Expectation("biolatency", ("blocks",), ("^@usecs:", _BARS)),
    Expectation("biolatency-kp", ("blocks",), ("^@usecs:", _BARS)),
    Expectation(
        "biosnoop",
        ("blocks",),
        (r"^\d+ 7 <blocks_minor> aot_blocks <blocks_pid> \d+",),
        old=(r"^\d+ <blocks_disk> aot_blocks <blocks_pid> \d+",),
    ),
    Expectation("biostacks", ("blocks",), (r"^@usecs\[", r"^ \S*blk_mq_submit_bio\+\d+", _BARS)),
    Expectation("bitesize", ("blocks",), (r"^@\[.+\]:", r"^\[64K, 128K\) +\d+ \|@")),
    Expectation(
        "capable",
        ("capabilities",),
        (rf"{_TIME} 0 <capabilities_pid> aot_capabilitie 18 CAP_SYS_CHROOT \d+",),
    ),
    Expectation("cpuwalk", ("burns",), ("^@cpu:", _BARS)),
    Expectation("dcsnoop", ("opens",), (r"^\d+ <opens_pid> aot_opens M aot-open-missing$",)),
    Expectation(
        "execsnoop",
        ("execs",),
        (rf"{_TIME}\.\d+ <execs_child> <execs_pid> /bin/sh -c : aot-exec-argument",),
        old=(r"^\d+ <execs_child> /bin/sh -c : aot-exec-argument",),
    ),
    Expectation("gethostlatency", ("names",), (rf"{_TIME} <names_pid> aot_names \d+ localhost",)),
    Expectation(
        "killsnoop",
        ("kills",),
        (
            r" <kills_pid> aot_kills SIGTERM <kills_victim> 0$",
            r" <kills_pid> aot_kills SIGTERM <kills_nobody> -3$",
        ),
        old=(
            rf"{_TIME} <kills_pid> aot_kills 15 <kills_victim> 0$",
            rf"{_TIME} <kills_pid> aot_kills 15 <kills_nobody> -3$",
        ),
    ),
    Expectation("loads", ("forks",), (rf"{_TIME} load averages: \d+\.\d+ \d+\.\d+ \d+\.\d+",)),
    Expectation("mdflush", ("mirror",), (rf"{_TIME} \d+ \S+ <mirror_disk>",)),
    Expectation(
        "naptime",
        ("sleeps",),
        (rf"{_TIME} <sleeps_parent> \S+ <sleeps_pid> aot_sleeps 0\.0(49|50)",),
    ),
    Expectation(
        "oomkill",
        ("memory",),
        (r"OOM kill of PID <memory_victim> \(\"aot_memory\"\), \d+ pages, loadavg: \d+\.\d+",),
    ),
    Expectation(
        "opensnoop",
        ("opens",),
        (
            r"^<opens_pid> aot_opens \d+ 0 <opens_path>$",
            r"^<opens_pid> aot_opens -1 2 <opens_missing>$",
        ),
    ),
    Expectation("pidpersec", ("forks",), (rf"{_TIME} PIDs/sec: @: [1-9]\d*",)),
    Expectation("runqlat", ("burns",), ("^@usecs:", _BARS)),
    Expectation("runqlen", ("burns",), ("^@runqlen:", _BARS)),
    Expectation(
        "setuids",
        ("uids",),
        (
            rf"{_TIME} <uids_child> aot_uids 0 setfsuid uid=0 \(prevuid=0\)",
            rf"{_TIME} <uids_child> aot_uids 0 setresuid ruid=0 euid=0 suid=0 \(0\)",
            rf"{_TIME} <uids_child> aot_uids 0 setuid uid=1234 \(0\)",
        ),
    ),
    Expectation("ssllatency", ("tls",), (r"^@hist\[SSL_do_handshake\]:", r"^@stat\[SSL_do_hand")),
    Expectation("sslsnoop", ("tls",), (r"^\d+ <tls_tid> aot_tls \d+ 1 SSL_do_handshake$",)),
    Expectation(
        "statsnoop",
        ("stats",),
        (
            r"^<stats_pid> aot_stats 0 <stats_path>$",
            r"^<stats_pid> aot_stats 2 <stats_missing>$",
        ),
    ),
    Expectation("swapin", ("swaps",), (r"^@\[aot_swaps, <swaps_child>\]: \d+",)),
    Expectation(
        "syncsnoop",
        ("syncs",),
        tuple(
            rf"{_TIME} <syncs_pid> aot_syncs tracepoint:syscalls:sys_enter_{call}$"
            for call in ("fsync", "fdatasync")
        ),
    ),
    Expectation("syscount", ("opens",), (r"^@process\[.+\]: \d+", r"^@syscall\[\d+\]: \d+")),
    Expectation(
        "tcpaccept", ("tcp",), (rf"{_TIME} <tcp_pid> python3 <tcp_laddr> <tcp_lport> <tcp_raddr>",)
    ),
    Expectation(
        "tcpconnect",
        ("tcp",),
        (
            rf"{_TIME} <tcp_pid> python3 <tcp_laddr> <tcp_lport> <tcp_raddr> <tcp_rport>",
            rf"{_TIME} <tcp_pid> python3 ::1 \d+ ::1 \d+",
        ),
    ),
    Expectation(
        "tcpdrop",
        ("tcp",),
        (rf"^{_TIME} <tcp_pid> python3 127.0.0.1:\d+ 127.0.0.1:\d+ [A-Z_]+", r"^ +\S*tcp_\w+\+\d+"),
    ),
    Expectation(
        "tcplife",
        ("tcp",),
        (r"^<tcp_pid> python3 <tcp_laddr> <tcp_lport> <tcp_raddr> <tcp_rport> 4 8 \d+",),
    ),
    Expectation("tcpretrans", ("tcp",), (r"127.0.0.1:\d+ 127.0.0.1:\d+ SYN_SENT",)),
    Expectation("tcpsynbl", ("tcp",), (r"^@backlog\[8\]:", _BARS)),
    Expectation(
        "threadsnoop",
        ("threads",),
        (rf"^{_TIME}\.\d+ <threads_pid> aot_threads \S+",),
        old=(r"^\d+ <threads_pid> aot_threads \S+",),
    ),
    Expectation("undump", ("sockets",), (rf"{_TIME} aot_sockets <sockets_pid> 10 aot-undump",)),
    Expectation("vfscount", ("opens", "syncs"), (r"^@\[vfs_(read|open|write)\]: \d+",)),
    Expectation("vfsstat", ("forks", "syncs"), (r"^@\[vfs_(read|open|write)\]: \d+",)),
    Expectation("writeback", ("writeback",), (rf"{_TIME} \S+ \d+ \w+ \d+\.\d+",)),
    Expectation("xfsdist", ("xfs",), (r"^@us\[.*xfs_file_write_iter\]:", _BARS)),
)
BY_TOOL = {one.tool: one for one in EXPECTATIONS}
