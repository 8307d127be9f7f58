"""The tracepoints and functions of the fake kernel (fake_kernel.py)."""

from __future__ import annotations

from .btf_writer import BtfWriter


def event_class(
    w: BtfWriter,
    template: str,
    params: tuple[str, ...],
    *fields: str,
    static_functions: bool = True,
) -> None:
    """What DECLARE_EVENT_CLASS leaves in BTF: the context struct and the BPF entry function.

    Kernels before 6.0 have no static functions in BTF, hence not this one.
    """
    w.struct(f"trace_event_raw_{template}", "struct trace_entry ent", *fields, "char __data[]")
    if static_functions:
        w.func(f"__bpf_trace_{template}", "void", "void *__data", *params, linkage=0)


def event(w: BtfWriter, name: str, params: tuple[str, ...]) -> None:
    """What DEFINE_EVENT leaves in BTF (kernel: include/trace/bpf_probe.h, tracepoint.h)."""
    proto = w.proto("void", "void *__data", *params, named=False)
    w.typedef(f"btf_trace_{name}", w.ptr(proto))
    w.func(f"__traceiter_{name}", "int", "void *__data", *params)


def trace_event(
    w: BtfWriter,
    name: str,
    params: tuple[str, ...],
    *fields: str,
    static_functions: bool = True,
) -> None:
    """TRACE_EVENT: an event that is its own class."""
    event_class(w, name, params, *fields, static_functions=static_functions)
    event(w, name, params)


def write_tracepoints(w: BtfWriter) -> None:
    """System calls, scheduler and TCP events, alone and of shared classes."""
    w.struct(
        "trace_entry",
        "unsigned short type",
        "unsigned char flags",
        "unsigned char preempt_count",
        "int pid",
    )
    entry = "struct trace_entry ent"
    w.struct("syscall_trace_enter", entry, "int nr", "unsigned long args[]")
    w.struct("syscall_trace_exit", entry, "int nr", "long ret")
    syscall = ("struct pt_regs *regs", "long id")
    trace_event(w, "sys_enter", syscall, "long id", "unsigned long args[6]")
    trace_event(w, "sys_exit", ("struct pt_regs *regs", "long ret"), "long id", "long ret")
    _task_events(w)
    _tcp_events(w)
    packet = ("struct sk_buff *skb",)
    trace_event(w, "net_dev_queue", packet, "void *skbaddr", "unsigned int len")


def _task_events(w: BtfWriter) -> None:
    switch = ("bool preempt", "struct task_struct *prev", "struct task_struct *next")
    trace_event(
        w,
        "sched_switch",
        (*switch, "unsigned int prev_state"),
        "char prev_comm[16]",
        "pid_t prev_pid",
        "int prev_prio",
        "long prev_state",
        "char next_comm[16]",
        "pid_t next_pid",
        "int next_prio",
    )
    task = ("struct task_struct *p",)
    wakeup = ("char comm[16]", "pid_t pid", "int prio", "int target_cpu")
    event_class(w, "sched_wakeup_template", task, *wakeup)
    for name in ("sched_wakeup", "sched_waking", "sched_wakeup_new"):
        event(w, name, task)
    event_class(w, "sched_process_template", task, "char comm[16]", "pid_t pid", "int prio")
    for name in ("sched_process_free", "sched_process_exit"):
        event(w, name, task)
    execed = ("struct task_struct *p", "pid_t old_pid", "struct linux_binprm *bprm")
    trace_event(
        w, "sched_process_exec", execed, "u32 __data_loc_filename", "pid_t pid", "pid_t old_pid"
    )


def _tcp_events(w: BtfWriter) -> None:
    ports = ("__u16 sport", "__u16 dport", "__u16 family")
    addresses = ("__u8 saddr[4]", "__u8 daddr[4]", "__u8 saddr_v6[16]", "__u8 daddr_v6[16]")
    trace_event(
        w,
        "inet_sock_set_state",
        ("const struct sock *sk", "const int oldstate", "const int newstate"),
        "const void *skaddr",
        "int oldstate",
        "int newstate",
        *ports,
        "__u16 protocol",
        *addresses,
    )
    trace_event(
        w,
        "tcp_retransmit_skb",
        ("const struct sock *sk", "const struct sk_buff *skb"),
        "const void *skbaddr",
        "const void *skaddr",
        "int state",
        *ports,
        *addresses,
    )
    event_class(w, "tcp_event_sk", ("struct sock *sk",), "const void *skaddr", *ports, *addresses)
    for name in ("tcp_destroy_sock", "tcp_rcv_space_adjust"):
        event(w, name, ("struct sock *sk",))
    event(w, "many_words", tuple(f"long word_{number}" for number in range(10)))
    trace_event(w, "fake_relative", ("u32 id",), "u32 __rel_loc_label", "u64 id:12", "u64 rest:52")


def write_functions(w: BtfWriter) -> None:
    """What kprobes and fentry attach to."""
    w.func("tcp_connect", "int", "struct sock *sk")
    w.func("tcp_v4_connect", "int", "struct sock *sk", "struct sockaddr *uaddr", "int addr_len")
    w.func("tcp_v6_connect", "int", "struct sock *sk", "struct sockaddr *uaddr", "int addr_len")
    w.func("tcp_set_state", "void", "struct sock *sk", "int state")
    w.func("tcp_rcv_established", "void", "struct sock *sk", "struct sk_buff *skb")
    w.func("tcp_retransmit_skb", "int", "struct sock *sk", "struct sk_buff *skb", "int segs")
    w.func("inet_csk_accept", "struct sock *", "struct sock *sk", "int flags", "int *err")
    w.func("tcp_sendmsg", "int", "struct sock *sk", "struct msghdr *msg", "size_t size")
    buffer = ("struct file *file", "char *buf", "size_t count", "loff_t *pos")
    w.func("vfs_read", "ssize_t", *buffer)
    w.func("vfs_write", "ssize_t", *buffer)
    w.func("vfs_open", "int", "const struct path *path", "struct file *file")
    w.func("do_exit", "void", "long code")
    w.func("printk_like", "int", "const char *fmt", "...")
    w.func("static_helper", "bool", "u8 small", "s16 medium", linkage=0)
    w.func("handed_over", "int", "int first", "struct path where", "u32 behind")


def write_iterators(w: BtfWriter) -> None:
    """Contexts of BPF iterators: every pointer lies in a union of its own, as in the kernel."""
    w.struct("seq_file", "char *buf", "size_t size")
    w.struct("bpf_iter_meta", "struct seq_file *seq", "u64 session_id", "u64 seq_num")

    def iterator(name: str, *members: str) -> None:
        boxed = [
            ("", w.union("", member)) if "*" in member else member
            for member in ("struct bpf_iter_meta *meta", *members)
        ]
        w.struct(f"bpf_iter__{name}", *boxed)

    iterator("task", "struct task_struct *task")
    iterator("task_file", "struct task_struct *task", "u32 fd", "struct file *file")
    iterator("tcp", "struct sock_common *sk_common", "uid_t uid")
    iterator("task__safe_trusted", "struct task_struct *task")
