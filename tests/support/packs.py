"""What each script of packs/net/ must print under tests/support/tcp_workload.py, and how to tell.

One record per script. A pattern is a row of words as a user reads them; the names in braces stand
for what the workload reports of each connection: {pid} {version} {laddr} {lport} {raddr} {rport},
where "l" is the connecting end. Every pattern must match a line for every connection.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.observe import Job, Result
from tests.support.places import PACKS, PROJECT, SYSTEM_PYTHON, console_script

WORKLOAD = PROJECT / "tests/support/tcp_workload.py"
READY = r"^Attached \d+ probe"


@dataclass(frozen=True)
class Expectation:
    """A script, the cases of the workload that it is to show, and what it must say of each.

    uses_kprobes: needs kprobes, which not every kernel is built with.
    """

    script: str
    cases: tuple[str, ...]
    patterns: tuple[str, ...]
    uses_kprobes: bool = False

    @property
    def source(self) -> Path:
        return PACKS / "net" / f"{self.script}.bt"

    def job(self, argv: list[str]) -> Job:
        """Runs the script, by whatever argv, under its share of the workload."""
        workload = [str(SYSTEM_PYTHON), str(WORKLOAD), *self.cases]
        return Job(self.script, argv, ready=READY, workload=workload)

    def missing(self, result: Result) -> list[str]:
        """The rows that the output lacks, in words; empty if the script did its job."""
        facts = [json.loads(line) for line in result.workload_stdout.splitlines()]
        rows = [_fill(pattern, fact) for fact in facts for pattern in self.patterns]
        absent = [row for row in rows if not _has_row(result.stdout, row)]
        return absent if rows else ["any connection: the workload made none"]


_CONNECTING = ("exchange", "refused", "retransmit")

EXPECTATIONS = (
    Expectation(
        "tcpconnect",
        _CONNECTING,
        ("{pid} python3 {version} {laddr} {raddr} {rport}",),
    ),
    Expectation(
        "tcpconnect-kprobe",
        _CONNECTING,
        ("{pid} python3 {laddr} {lport} {raddr} {rport}",),
        uses_kprobes=True,
    ),
    Expectation(
        "tcpaccept",
        ("exchange",),
        ("{pid} python3 {laddr} {lport} {raddr} {rport} 0/8",),
        uses_kprobes=True,
    ),
    Expectation(
        "tcplife",
        ("exchange",),
        ("python3 {laddr} {lport} {raddr} {rport} 4 8", "{raddr} {rport} {laddr} {lport} 8 4"),
        uses_kprobes=True,
    ),
    Expectation("tcpretrans", ("retransmit",), ("{laddr} {lport} {raddr} {rport} 2",)),
    Expectation(
        "tcpstates",
        ("exchange",),
        (
            "python3 {version} {laddr} 0 {raddr} {rport} 7 2",
            "{version} {laddr} {lport} {raddr} {rport} 2 1",
            "{version} {raddr} {rport} {laddr} {lport} 3 1",
        ),
    ),
    Expectation("tcpdrop", ("drop",), ("{laddr} {lport} {raddr} {rport}",)),
    Expectation("tcprtt", ("exchange",), ("@rtt_us[{raddr}]:",), uses_kprobes=True),
)


def build_packs(folder: Path) -> dict[str, Path]:
    """Compiles every script once, for this machine's kernel, without a warning; name to object."""
    folder.mkdir(parents=True, exist_ok=True)
    objects = {}
    for expectation in EXPECTATIONS:
        target = folder / f"{expectation.script}.bpf.o"
        command = [str(console_script("aotracec")), "build", str(expectation.source)]
        made = subprocess.run([*command, "-o", str(target)], check=True, stderr=subprocess.PIPE)
        assert not made.stderr, made.stderr.decode()
        objects[expectation.script] = target
    return objects


def _fill(pattern: str, fact: dict[str, Any]) -> str:
    (laddr, lport), (raddr, rport) = fact["local"], fact["peer"]
    names = {"laddr": laddr, "lport": lport, "raddr": raddr, "rport": rport}
    return pattern.format(pid=fact["pid"], version=fact["family"], **names)


def _has_row(text: str, row: str) -> bool:
    words = r"\s+".join(re.escape(word) for word in row.split())
    return re.search(rf"(?:^|\s){words}(?:\s|$)", text, re.MULTILINE) is not None
