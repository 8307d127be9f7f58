"""Attach points that cannot be had, and all that aotrace says of each."""

from __future__ import annotations

import re

from tests.kernels.form import HERE, Form

_GUESTS = ("5.10", "6.1", "6.12", "7.2")
_EXPECTED = "\nHINT: if that is expected, set the script's config: missing_probes = warn"


def _wrong(
    name: str, script: str, message: str, *, words: str = "", here: bool = False,
    pattern: bool = False, between: bool = False,
) -> Form:  # fmt: skip
    """here: this machine's own kernel says the same. pattern: the message is an expression."""
    said = "ERROR: " + (message if pattern else re.escape(message))
    kernels = (*_GUESTS, HERE) if here else _GUESTS
    refused = dict.fromkeys(kernels, said)
    return Form(
        f"wrong: {name}", script, "", words=words, refused=refused, only=kernels, between=between
    )


WRONG_FORMS = (
    _wrong(
        "unknown function", "kprobe:no_such_function { print(1); }",
        "cannot attach kprobe:no_such_function (SCRIPT:1): this kernel has no function "
        "no_such_function\nHINT: it may be inlined or renamed here", between=True,
    ),
    _wrong(
        "unknown function by a parameter", "kretprobe:$1 { print(1); }",
        "cannot attach kretprobe:no_such_function (SCRIPT:1): this kernel has no function "
        "no_such_function\nHINT: it may be inlined or renamed here",
        words="no_such_function",
    ),
    _wrong(
        "function of another module", "kprobe:9pnet:vfs_read { print(1); }",
        "cannot attach kprobe:9pnet:vfs_read (SCRIPT:1): module 9pnet has no function vfs_read here"
        "\nHINT: it is in vmlinux",
    ),
    _wrong(
        "module that is not there", "kprobe:no_such_module:vfs_read { print(1); }",
        "cannot attach kprobe:no_such_module:vfs_read (SCRIPT:1): module no_such_module has no "
        "function vfs_read here\nHINT: it is in vmlinux", between=True,
    ),
    _wrong(
        "offset behind the function", "kprobe:vfs_read+99999 { print(1); }",
        r"cannot attach kprobe:vfs_read\+99999 \(SCRIPT:1\): offset 99999 lies outside of vfs_read"
        r", which has \d+ bytes" + re.escape(_EXPECTED),
        pattern=True, between=True,
    ),
    _wrong(
        "offset inside an instruction", "kprobe:vfs_read+6 { print(1); }",
        "cannot attach kprobe:vfs_read+6 (SCRIPT:1): vfs_read+6 is not the start of an instruction"
        "\nHINT: try another offset", between=True,
    ),
    _wrong(
        "function that kprobes refuse", "kprobe:kprobe_int3_handler { print(1); }",
        r"cannot attach kprobe:kprobe_int3_handler \(SCRIPT:1\): function kprobe_int3_handler: .*: "
        "Invalid argument\nHINT: some functions of the kernel cannot be probed, and override\\(\\)"
        " works on those alone that /sys/kernel/debug/error_injection/list names",
        pattern=True, between=True,
    ),
    _wrong(
        "kprobe wildcard that matches nothing", "kprobe:no_such_* { print(1); }",
        "cannot attach kprobe:no_such_* (SCRIPT:1): nothing here matches" + _EXPECTED, here=True,
    ),
    _wrong(
        "fentry wildcard that matches nothing", "fentry:no_such_* { print(1); }",
        "cannot attach fentry:no_such_* (SCRIPT:1): nothing here matches" + _EXPECTED, here=True,
    ),
    _wrong(
        "tracepoint wildcard that matches nothing", "tracepoint:sched:no_such_* { print(1); }",
        "cannot attach tracepoint:sched:no_such_* (SCRIPT:1): nothing here matches" + _EXPECTED,
        here=True,
    ),
    _wrong(
        "rawtracepoint wildcard that matches nothing", "rawtracepoint:no_such_* { print(1); }",
        "cannot attach rawtracepoint:no_such_* (SCRIPT:1): nothing here matches" + _EXPECTED,
        here=True,
    ),
    _wrong(
        "unknown BPF program", "fentry:bpf:no_such_program { print(1); }",
        "cannot attach fentry:bpf:no_such_program (SCRIPT:1): nothing here matches" + _EXPECTED,
        here=True,
    ),
    _wrong(
        "unknown event", "tracepoint:sched:$1 { print(1); }",
        "cannot attach tracepoint:sched:no_such_event (SCRIPT:1): this kernel has no tracepoint "
        "sched:no_such_event" + _EXPECTED,
        words="no_such_event", here=True,
    ),
    _wrong(
        "unknown raw event", "rawtracepoint:$1 { print(1); }",
        "cannot attach rawtracepoint:no_such_event (SCRIPT:1): this kernel has no raw tracepoint "
        "no_such_event" + _EXPECTED,
        words="no_such_event", here=True,
    ),
    _wrong(
        "offset of a kretprobe by a parameter", "kretprobe:$1 { print(1); }",
        "kretprobe:$1 (SCRIPT:1): a kretprobe has no offset", words="vfs_read+4", here=True,
    ),
    _wrong(
        "address by a parameter", "kprobe:$1 { print(1); }",
        "kprobe:$1 (SCRIPT:1): probing by address requires --unsafe", words="0xffffffff81000000",
        here=True,
    ),
    _wrong(
        "too many probes", "config = { max_probes = 5 } rawtracepoint:* { @ = count(); }",
        r"Can't attach to \d+ probes because it exceeds the current limit of 5 probes\.\n"
        r"HINT: the config can raise it: max_probes = N; so many may slow the machine down",
        words="", here=True, pattern=True,
    ),
)  # fmt: skip
