"""Forms of timers, counters, watchpoints, iterators, tests and what the tracer itself gets.

Workloads keep a processor busy for a while, or write to an address that they chose.
"""

from __future__ import annotations

from tests.kernels.form import HERE, Form

_ALL = (HERE, "5.10", "6.1", "6.12", "7.2")
_BUSY = ("/bin/sh", "-c", "timeout 0.4 sh -c 'while :; do :; done'; true")
_WRITES = """import ctypes as c
f = c.CDLL(None).mmap; f.restype = c.c_void_p
f.argtypes = [c.c_void_p, c.c_size_t] + [c.c_int] * 3 + [c.c_long]
w = c.c_uint64.from_address(f(0x10000000, 4096, 3, 0x32, -1, 0))
for i in range(4319, 4322): w.value = i
"""
_POKE = ("/usr/bin/python3", "-c", _WRITES)
_NO_COUNTER = dict.fromkeys(
    _ALL,
    r"ERROR: cannot attach .*: this machine has no counter for the hardware event .*\n"
    r"HINT: virtual machines often have no hardware counters; profile:hz:99 may serve instead",
)
_ONCE = '/comm == "sh" && !@/ { @ = 1; printf("%s %s\\n", probe, comm); }'
#: The loader takes the place of the shell that has this number.
_OWN = "$$"


def _busy(name: str, point: str, expected: str, **more: object) -> Form:
    return Form(name, f"{point} {_ONCE}", expected, workload=_BUSY, **more)  # type: ignore[arg-type]


def _timer(name: str, point: str, text: str) -> Form:
    script = f'{point} {{ @ += 1; if (@ == 3) {{ printf("%s %d\\n", probe, @); exit(); }} }}'
    return Form(name, script, f"{text} 3")


def _iter(name: str, body: str, expected: str, *without: str) -> Form:
    """without: the kernels that do not have it."""
    said = rf"ERROR: cannot attach iter:{name} \(SCRIPT:1\): this kernel has no iterator {name}\n.*"
    refused = dict.fromkeys(without, said)
    return Form(
        f"iter:{name}", f"iter:{name} {body}", expected, words=_OWN, refused=refused,
        between=bool(without),
    )  # fmt: skip


PERF_FORMS = (
    _timer("interval:ms:COUNT", "interval:ms:20", "interval:ms:20"),
    _timer("interval:us:COUNT", "interval:us:5000", "interval:us:5000"),
    _timer("interval:s:COUNT", "i:s:1", "interval:s:1"),
    _timer("interval:hz:COUNT", "interval:hz:50", "interval:hz:50"),
    _timer("interval:DURATION", "interval:20ms", "interval:us:20000"),
    _timer("interval:NANOSECONDS", "interval:20_000_000", "interval:us:20000"),
    _busy("profile:hz:COUNT", "profile:hz:99", "profile:hz:99 sh", between=True),
    _busy("profile:ms:COUNT", "p:ms:2", "profile:ms:2 sh"),
    _busy("profile:us:COUNT", "profile:us:2000", "profile:us:2000 sh"),
    _busy("profile:DURATION", "profile:2ms", "profile:us:2000 sh"),
    _busy("profile:NANOSECONDS", "profile:2_000_000", "profile:us:2000 sh"),
    _busy("profile:hz:PARAMETER", "profile:hz:$1", "profile:hz:99 sh", words="99"),
    _busy("software:cpu-clock:COUNT", "software:cpu-clock:1e6", "software:cpu-clock:1000000 sh"),
    _busy("software:task-clock:COUNT", "s:task-clock:1e6", "software:task-clock:1000000 sh"),
    _busy("software:page-faults:COUNT", "software:faults:1", "software:faults:1 sh"),
    _busy("software:minor-faults:COUNT", "software:minor-faults:1", "software:minor-faults:1 sh"),
    _busy("software:context-switches:COUNT", "software:cs:1", "software:cs:1 sh"),
    Form("hardware:EVENT:COUNT", "hardware:cache-misses:1e6 { }", "", refused=_NO_COUNTER),
    Form("hardware:EVENT, default count", "h:cycles { }", "", refused=_NO_COUNTER),
    Form(
        "watchpoint:ADDRESS:8:w",
        'watchpoint:0x10000000:8:w { @ += 1; if (@ == 3) { print(*(uint64*)uptr(0x10000000)); } }',
        "4321", workload=_POKE,
    ),
    Form(
        "watchpoint:ADDRESS:4:rw, short name",
        'w:0x10000000:4:rw { print(*(uint32*)uptr(0x10000000)); }',
        "4321", workload=_POKE,
    ),
    Form(
        "watchpoint:PARAMETER:8:w",
        'watchpoint:$1:8:w { @ += 1; if (@ == 3) { print(*(uint64*)uptr(0x10000000)); } }',
        "4321", workload=_POKE, words="0x10000000",
    ),
    _iter("task", "/ctx.task.tgid == $1/ { print((probe, ctx.task.tgid == $1)); }",
          r"\(iter:task, true\)"),
    _iter("task_file", "/ctx.task.tgid == $1 && ctx.fd == 1/ { print((probe, ctx.file != 0)); }",
          r"\(iter:task_file, true\)"),
    _iter("task_vma", "/ctx.task.tgid == $1/ { @ += ctx.vma.vm_end > ctx.vma.vm_start; } "
          'end { printf("%d\\n", @ > 10); }', "1", "5.10"),
    _iter("bpf_map", '{ print((probe, ctx.map.max_entries > 0)); }', r"\(iter:bpf_map, true\)"),
    _iter("bpf_prog", '{ print((probe, ctx.prog.len > 0)); }', r"\(iter:bpf_prog, true\)"),
    _iter("bpf_link", "{ print((probe, ctx.link.id > 0)); }", r"\(iter:bpf_link, true\)",
          "5.10"),
    _iter("cgroup", "/ctx.cgroup.level == 0/ { print((probe, ctx.cgroup.level)); }",
          r"\(iter:cgroup, 0\)", "5.10"),
    _iter("ksym", "{ @ += 1; } end { print(@ > 1000); clear(@); }", "true",
          "5.10"),
    _iter("netlink", "{ print((probe, ctx.sk != 0)); }", r"\(iter:netlink, true\)"),
    _iter("ipv6_route", "{ print((probe, ctx.rt != 0)); }", r"\(iter:ipv6_route, true\)"),
    Form(
        "iter, -p", 'iter:task { print((probe, ctx.task.tgid == pid)); }', r"\(iter:task, true\)",
        flags="-p $$",
    ),
    Form(
        "iter beside others",
        "begin { print(1); } iter:task { @ += 1; } interval:ms:50 { print(@ > 5); exit(); }",
        "true",
    ),
    Form(
        "self:signal:SIGUSR1", 'self:signal:SIGUSR1 { printf("%s 4321\\n", probe); }',
        "self:signal:SIGUSR1 4321", flags="-c 'sh -c \"kill -USR1 $PPID; sleep 1\"'",
    ),
)  # fmt: skip
