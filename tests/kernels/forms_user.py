"""Probe forms in user space: functions and static probes of tests/support/traced/target.c.

The program lies where the objects do, and all run in that folder: scripts call it ./target, or
target, which $PATH finds.
"""

from __future__ import annotations

from tests.kernels.form import Form
from tests.support.traced import SOURCES

#: What workloads run.
TARGET = SOURCES / "target.c"
_RUN = ("{programs}/target", "3")


def _form(name: str, script: str, expected: str, between: bool = False) -> Form:
    return Form(name, script, expected, _RUN, between=between)


USER_FORMS = (
    _form(
        "uprobe",
        "uprobe:./target:plain { print((arg0 & 0xff, str(arg1))); }",
        r"\(251, some text\)",
    ),
    _form(
        "uprobe, short name",
        "u:./target:plain { print(arg2); }",
        "1099511627776",
    ),
    _form(
        "uprobe, in $PATH",
        "uprobe:target:plain { print(arg2); }",
        "1099511627776",
    ),
    _form(
        "uprobe:BINARY:FUNCTION+OFFSET",
        "uprobe:./target:call_all+4 { print(probe); }",
        r"uprobe:./target:call_all\+4",
    ),
    _form(
        "uprobe, wildcard",
        "uprobe:./target:pl*n { print((probe, arg2)); }",
        r"\(uprobe:./target:plain, 1099511627776\)",
    ),
    _form(
        "uprobe, wildcard with many members",
        "uprobe:./target:*s { @[probe] = count(); }",
        r"@\[uprobe:./target:pointers\]: 3",
        between=True,
    ),
    _form(
        "uprobe, comma list",
        "uprobe:./target:plain, uprobe:./target:colors { print((probe, arg0)); }",
        r"\(uprobe:./target:colors, 5\)",
    ),
    _form(
        "uprobe, arguments by name",
        "uprobe:./target:widths { print((args.c, args.s, args.u)); }",
        r"\(-1, -2, 4000000000\)",
    ),
    _form(
        "uprobe, arguments on the stack",
        "uprobe:./target:eight { print((args.g, args.h)); }",
        r"\(-7, 1234567890123\)",
    ),
    _form(
        "uprobe, struct of the program",
        "uprobe:./target:pointers { $r = (struct record *)arg0; print(($r->x, $r->next->name)); }",
        r"\(42, second\)",
    ),
    _form(
        "uprobe:BINARY@FILE:LINE",
        "uprobe:./target@target.c:108 { print(probe); }",
        r"uprobe:./target:\d+",
    ),
    _form(
        "uretprobe",
        "uretprobe:./target:eight { print(retval); }",
        "18364758544493064720",
    ),
    _form(
        "uretprobe, wildcard",
        "ur:./target:eig* { print((probe, retval)); }",
        r"\(uretprobe:./target:eight, 18364758544493064720\)",
        between=True,
    ),
    _form(
        "usdt",
        "usdt:./target:target:call { print((arg0, str(arg1))); }",
        r"\(2, some text\)",
    ),
    _form(
        "usdt, without a provider",
        "U:./target:counted { print(arg0); }",
        "2",
    ),
    _form(
        "usdt, counter (semaphore)",
        "usdt:./target:target:counted { print((probe, arg0)); }",
        r"\(usdt:./target:target:counted, 2\)",
        between=True,
    ),
    _form(
        "usdt, sites with other operands",
        "usdt:./target:target:operands { print((arg0, arg1, arg2, arg3, arg4)); }",
        r"\(100, 251, 3, 2, 77\)",
    ),
    _form(
        "usdt, wildcards",
        "usdt:./target:*:c* { print((probe, arg0)); }",
        r"\(usdt:./target:other:call, -1\)",
        between=True,
    ),
)
