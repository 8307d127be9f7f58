"""Forms of probes in the kernel's own code: kprobe, fentry, tracepoint, rawtracepoint, their kin.

The workload reads 4321 bytes of /dev/zero by one system call.
"""

from __future__ import annotations

from tests.kernels.form import HERE, Form

_READ = ("/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=4321", "count=1")
_OPEN = ("/bin/cat", "/proc/version")
_NO_KPROBES = {HERE: r"ERROR: cannot attach .*: this kernel was built without kprobes\n.*"}
_NO_FENTRY = {HERE: r"ERROR: the kernel does not allow to load .*"}
_NO_LOOP = {
    "5.10": r"ERROR: fentry:.*: this kernel has no helper bpf_loop, which came with Linux 5.17\n.*"
}
_ADDRESS = "0x$(sed -n 's/ [tT] vfs_read$//p' /proc/kallsyms)"


def _kprobe(name: str, script: str, expected: str = "4321", **more: object) -> Form:
    fields = {"workload": _READ, "refused": _NO_KPROBES, **more}
    return Form(name, script, expected, **fields)  # type: ignore[arg-type]


def _fentry(name: str, script: str, expected: str = "4321", **more: object) -> Form:
    fields = {"workload": _READ, "refused": _NO_FENTRY, **more}
    return Form(name, script, expected, **fields)  # type: ignore[arg-type]


KERNEL_FORMS = (
    Form("begin, end", 'begin { exit(); } end { printf("%d\\n", 4320 + 1); }', "4321"),
    _kprobe("kprobe", 'kprobe:vfs_read /comm == "dd" && arg2 == 4321/ { print(arg2); }'),
    _kprobe("kprobe, short name", 'k:vfs_read /comm == "dd" && arg2 == 4321/ { print(arg2); }'),
    _kprobe(
        "kprobe:vmlinux:FUNCTION",
        'kprobe:vmlinux:vfs_read /comm == "dd" && arg2 == 4321/ { print(arg2); }',
    ),
    _kprobe(
        "kprobe:MODULE:FUNCTION",
        'kprobe:9pnet:p9_client_walk /comm == "head"/ { printf("%s %d\\n", probe, arg1); }',
        "kprobe:9pnet:p9_client_walk 1", between=True,
        workload=("/bin/head", "-c", "4", "{object}"),
    ),
    _kprobe(
        "kprobe:FUNCTION+OFFSET", 'kprobe:vfs_read+$1 /comm == "dd"/ { print((probe, 4321)); }',
        r"\(kprobe:vfs_read\+[59], 4321\)", words="9", words_on={"5.10": "5"}, between=True,
    ),
    _kprobe(
        "kprobe:ADDRESS", 'kprobe:$1 /comm == "dd" && arg2 == 4321/ { print(arg2); }',
        words=_ADDRESS, unsafe=True,
    ),
    _kprobe(
        "kprobe, wildcard",
        'kprobe:vfs_rea* /comm == "dd" && arg2 == 4321/ { printf("%s %d\\n", probe, arg2); }',
        "kprobe:vfs_read 4321", between=True,
    ),
    _kprobe(
        "kprobe, wildcard in module and function",
        'kprobe:vmlinu*:vfs_rea* /comm == "dd" && arg2 == 4321/ { print((probe, arg2)); }',
        r"\(kprobe:vmlinux:vfs_read, 4321\)",
    ),
    _kprobe(
        "kprobe, comma list",
        'kprobe:vfs_read,kprobe:vfs_write /comm == "dd" && arg2 == 4321/ { print((probe, arg2)); }',
        r"\(kprobe:vfs_write, 4321\)",
    ),
    _kprobe("kretprobe", 'kretprobe:vfs_read /comm == "dd" && retval == 4321/ { print(retval); }'),
    _kprobe(
        "kretprobe:ADDRESS", 'kretprobe:$1 /comm == "dd" && retval == 4321/ { print(retval); }',
        words=_ADDRESS, unsafe=True,
    ),
    _kprobe(
        "kretprobe, wildcard",
        'kretprobe:vfs_rea* /comm == "dd" && retval == 4321/ { print((probe, retval)); }',
        r"\(kretprobe:vfs_read, 4321\)", between=True,
    ),
    _kprobe(
        "kprobe and kretprobe, a session where the kernel has them",
        'kprobe:vfs_read /comm == "dd" && arg2 == 4321/ { @asked[tid] = arg2; }'
        " kretprobe:vfs_read /@asked[tid]/ { print((@asked[tid], retval)); }",
        r"\(4321, 4321\)",
    ),
    _kprobe(
        "kprobe, wildcard with all registers",
        'kprobe:vfs_read /comm == "dd" && arg2 == 4321/ { @bx[tid] = reg("bx"); }'
        ' kprobe:vfs_rea* /comm == "dd" && arg2 == 4321/ { print((arg2, @bx[tid] == reg("bx"))); }',
        r"\(4321, true\)",
    ),
    _fentry(
        "fentry",
        'fentry:vfs_read /comm == "dd" && args.count == 4321/ { print((probe, args.count)); }',
        r"\(fentry:vmlinux:vfs_read, 4321\)",
    ),
    _fentry(
        "fentry, old name",
        'kfunc:vmlinux:vfs_read /comm == "dd" && args.count == 4321/ { print(args.count); }',
    ),
    _fentry(
        "fentry, wildcard with typed arguments",
        'fentry:ksys_rea* /comm == "dd" && args.count == 4321/'
        " { print((probe, args.count)); }",
        r"\(fentry:vmlinux:ksys_read, 4321\)",
    ),
    _fentry(
        "fentry, wildcard", 'fentry:vfs_r* /comm == "dd"/ { @[probe] = count(); }',
        r"@\[fentry:vmlinux:vfs_read\]: \d+", between=True,
    ),
    _fentry(
        "fentry, wildcard with a loop of the kernel's",
        'fentry:vfs_rea* /comm == "dd"/'
        " { for ($i : 0..(pid > 0 ? 2 : 1)) { @[probe, func] = sum($i); } }",
        r"@\[fentry:vmlinux:vfs_read, vfs_read\]: [1-9]\d*",
        refused={**_NO_FENTRY, **_NO_LOOP}, between=True,
    ),
    _fentry(
        "fexit",
        'fexit:vfs_read /comm == "dd" && args.count == 4321/ { print((args.count, retval)); }',
        r"\(4321, 4321\)",
    ),
    _fentry(
        "fexit, wildcard with typed result",
        'fexit:ksys_rea*,fexit:ksys_writ* /comm == "dd" && retval == 4321/'
        " { print((probe, retval)); }",
        r"\(fexit:vmlinux:ksys_write, 4321\)", between=True,
    ),
    _fentry(
        "fentry:bpf:PROGRAM",
        'fentry:bpf:p0_sys_exit_rea /comm == "dd"/ { @[probe] = count(); }',
        r"@\[fentry:bpf:\d+:p0_sys_exit_rea\]: [1-9]\d*",
        words="$(timeout 20 {loader} run {programs}/tracepoint_short_name.bpf.o >said 2>&1"
        " & n=0; until grep -q Attached said || [ $((n += 1)) -gt 200 ]; do sleep 0.1; done)",
        between=True,
    ),
    Form(
        "tracepoint", 'tracepoint:syscalls:sys_enter_read /comm == "dd" && args.count == 4321/'
        " { print((probe, args.count)); }",
        r"\(tracepoint:syscalls:sys_enter_read, 4321\)", _READ,
    ),
    Form(
        "tracepoint, short name",
        't:syscalls:sys_exit_read /comm == "dd" && args.ret == 4321/ { print(args.ret); }',
        "4321", _READ,
    ),
    Form(
        "tracepoint, wildcard with typed arguments",
        'tracepoint:syscalls:sys_enter_openat* /comm == "cat"/'
        ' { printf("%s %s\\n", probe, str(args.filename)); }',
        "tracepoint:syscalls:sys_enter_openat /proc/version", _OPEN,
    ),
    Form(
        "tracepoint, wildcard",
        'tracepoint:syscalls:sys_enter_rea* /comm == "dd"/ { @[probe] = count(); }',
        r"@\[tracepoint:syscalls:sys_enter_read\]: \d+", _READ, between=True,
    ),
    Form(
        "tracepoint, wildcard in the category",
        'tracepoint:sch*:sched_process_exi* /comm == "dd"/ { @[probe] = count(); }',
        r"@\[tracepoint:sched:sched_process_exit\]: 1", _READ,
    ),
    Form(
        "tracepoint, __data_loc",
        'tracepoint:sched:sched_process_exec /comm == "dd"/ { print(str(args.filename)); }',
        "/bin/dd", _READ,
    ),
    Form(
        "rawtracepoint", 'rawtracepoint:sys_exit /comm == "dd" && args.ret == 4321/'
        " { print((probe, args.ret)); }",
        r"\(rawtracepoint:vmlinux:sys_exit, 4321\)", _READ,
    ),
    Form(
        "rawtracepoint, argN", 'rt:sys_exit /comm == "dd" && arg1 == 4321/ { print(arg1); }',
        "4321", _READ,
    ),
    Form(
        "rawtracepoint:MODULE:EVENT",
        'rawtracepoint:vmlinux:sys_exit /comm == "dd" && args.ret == 4321/ { print(args.ret); }',
        "4321", _READ,
    ),
    Form(
        "rawtracepoint, wildcard",
        'rawtracepoint:sched_process_ex* /comm == "dd"/ { @[probe] = count(); }',
        r"@\[rawtracepoint:vmlinux:sched_process_exit\]: 1", _READ, between=True,
    ),
)  # fmt: skip
