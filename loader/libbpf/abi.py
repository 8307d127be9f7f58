"""libbpf's C interface: the structs and functions in use, each in one table row.

Signatures and structs: libbpf's libbpf.h and bpf.h, major version 1. Option structs carry their own
size, so that a library which is older or newer than these definitions takes them.
"""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    c_bool,
    c_char_p,
    c_int,
    c_size_t,
    c_uint,
    c_uint32,
    c_uint64,
    c_void_p,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: libbpf's print levels.
WARN, INFO, DEBUG = 0, 1, 2

#: int print(enum libbpf_print_level, const char *format, va_list). A va_list parameter is an
#: address on x86-64 (an array decays) and on arm64 (a struct of over 16 bytes goes by reference).
PrintFunction = CFUNCTYPE(c_int, c_int, c_void_p, c_void_p)
#: int sample(void *context, void *data, size_t size)
SampleFunction = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
#: void sample(void *context, int cpu, void *data, __u32 size), void lost(…, int cpu, __u64 count)
PerfSampleFunction = CFUNCTYPE(None, c_void_p, c_int, c_void_p, c_uint32)
PerfLostFunction = CFUNCTYPE(None, c_void_p, c_int, c_uint64)


class Sized(ctypes.Structure):
    """An option struct: its first field is its own size."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(sz=ctypes.sizeof(self), **fields)


class OpenOptions(Sized):
    """struct bpf_object_open_opts, as far as used."""

    _fields_ = [("sz", c_size_t), ("object_name", c_char_p)]


class TestRunOptions(Sized):
    """struct bpf_test_run_opts."""

    _fields_ = [
        ("sz", c_size_t),
        ("data_in", c_void_p),
        ("data_out", c_void_p),
        ("data_size_in", c_uint32),
        ("data_size_out", c_uint32),
        ("ctx_in", c_void_p),
        ("ctx_out", c_void_p),
        ("ctx_size_in", c_uint32),
        ("ctx_size_out", c_uint32),
        ("retval", c_uint32),
        ("repeat", c_int),
        ("duration", c_uint32),
        ("flags", c_uint32),
        ("cpu", c_uint32),
        ("batch_size", c_uint32),
    ]


class KprobeOptions(Sized):
    """struct bpf_kprobe_opts, without the attach mode that newer libraries know."""

    _fields_ = [
        ("sz", c_size_t),
        ("bpf_cookie", c_uint64),
        ("offset", c_size_t),
        ("retprobe", c_bool),
    ]


class UprobeOptions(Sized):
    """struct bpf_uprobe_opts, without the attach mode that newer libraries know."""

    _fields_ = [
        ("sz", c_size_t),
        ("ref_ctr_offset", c_size_t),
        ("bpf_cookie", c_uint64),
        ("retprobe", c_bool),
        ("func_name", c_char_p),
    ]


class CgroupInfo(ctypes.Structure):
    """The `cgroup` of union bpf_iter_link_info (linux/bpf.h)."""

    _fields_ = [("order", c_uint32), ("cgroup_fd", c_uint32), ("cgroup_id", c_uint64)]


class IterOptions(Sized):
    """struct bpf_iter_attach_opts."""

    _fields_ = [("sz", c_size_t), ("link_info", c_void_p), ("link_info_len", c_uint32)]


class PerfEventAttr(ctypes.Structure):
    """struct perf_event_attr up to PERF_ATTR_SIZE_VER1 (linux/perf_event.h)."""

    _fields_ = [
        ("type", c_uint32),
        ("size", c_uint32),
        ("config", c_uint64),
        ("sample_period", c_uint64),
        ("sample_type", c_uint64),
        ("read_format", c_uint64),
        ("flags", c_uint64),
        ("wakeup_events", c_uint32),
        ("bp_type", c_uint32),
        ("bp_addr", c_uint64),
        ("bp_len", c_uint64),
    ]


#: How a function tells of failure: a negative errno, a null pointer with errno set, or not in a way
#: that is always a failure.
CODE, OBJECT, PLAIN = "code", "object", "plain"

#: (name, result, arguments, failure)
FUNCTIONS = (
    ("libbpf_set_print", c_void_p, (PrintFunction,), PLAIN),
    ("bpf_object__open_mem", c_void_p, (c_char_p, c_size_t, c_void_p), OBJECT),
    ("bpf_object__load", c_int, (c_void_p,), CODE),
    ("bpf_object__close", None, (c_void_p,), PLAIN),
    ("bpf_object__next_program", c_void_p, (c_void_p, c_void_p), PLAIN),
    ("bpf_object__find_map_by_name", c_void_p, (c_void_p, c_char_p), PLAIN),
    ("bpf_program__name", c_char_p, (c_void_p,), PLAIN),
    ("bpf_program__fd", c_int, (c_void_p,), CODE),
    ("bpf_program__set_autoload", c_int, (c_void_p, c_bool), CODE),
    ("bpf_program__set_expected_attach_type", c_int, (c_void_p, c_int), CODE),
    ("bpf_program__set_attach_target", c_int, (c_void_p, c_int, c_char_p), CODE),
    ("bpf_program__insns", c_void_p, (c_void_p,), PLAIN),
    ("bpf_program__insn_cnt", c_size_t, (c_void_p,), PLAIN),
    ("bpf_program__unload", None, (c_void_p,), PLAIN),
    ("bpf_map__set_max_entries", c_int, (c_void_p, c_uint), CODE),
    ("btf__load_vmlinux_btf", c_void_p, (), OBJECT),
    ("btf__load_module_btf", c_void_p, (c_char_p, c_void_p), OBJECT),
    ("btf__load_from_kernel_by_id", c_void_p, (c_uint,), OBJECT),
    ("btf__type_by_id", c_void_p, (c_void_p, c_uint), OBJECT),
    ("btf__name_by_offset", c_char_p, (c_void_p, c_uint), PLAIN),
    ("btf__find_by_name_kind", c_int, (c_void_p, c_char_p, c_uint), CODE),
    ("btf__free", None, (c_void_p,), PLAIN),
    ("bpf_program__attach_tracepoint", c_void_p, (c_void_p, c_char_p, c_char_p), OBJECT),
    ("bpf_program__attach_raw_tracepoint", c_void_p, (c_void_p, c_char_p), OBJECT),
    ("bpf_program__attach_kprobe_opts", c_void_p, (c_void_p, c_char_p, c_void_p), OBJECT),
    (
        "bpf_program__attach_uprobe_opts", c_void_p,
        (c_void_p, c_int, c_char_p, c_size_t, c_void_p), OBJECT,
    ),
    ("bpf_program__attach_perf_event", c_void_p, (c_void_p, c_int), OBJECT),
    ("bpf_program__attach_trace", c_void_p, (c_void_p,), OBJECT),
    ("bpf_program__attach_iter", c_void_p, (c_void_p, c_void_p), OBJECT),
    ("bpf_link__destroy", c_int, (c_void_p,), PLAIN),
    ("bpf_link__fd", c_int, (c_void_p,), CODE),
    ("bpf_link__pin", c_int, (c_void_p, c_char_p), CODE),
    ("bpf_iter_create", c_int, (c_int,), CODE),
    ("bpf_map__fd", c_int, (c_void_p,), CODE),
    ("bpf_map__key_size", c_uint, (c_void_p,), PLAIN),
    ("bpf_map__value_size", c_uint, (c_void_p,), PLAIN),
    ("bpf_map__max_entries", c_uint, (c_void_p,), PLAIN),
    ("bpf_map__initial_value", c_void_p, (c_void_p, POINTER(c_size_t)), PLAIN),
    ("bpf_map_lookup_elem", c_int, (c_int, c_void_p, c_void_p), CODE),
    ("bpf_map_update_elem", c_int, (c_int, c_void_p, c_void_p, c_uint64), CODE),
    ("bpf_map_delete_elem", c_int, (c_int, c_void_p), CODE),
    ("bpf_map_get_next_key", c_int, (c_int, c_void_p, c_void_p), CODE),
    (
        "bpf_map_lookup_batch", c_int,
        (c_int, c_void_p, c_void_p, c_void_p, c_void_p, POINTER(c_uint32), c_void_p), PLAIN,
    ),
    ("bpf_prog_test_run_opts", c_int, (c_int, c_void_p), CODE),
    ("libbpf_num_possible_cpus", c_int, (), CODE),
    ("libbpf_version_string", c_char_p, (), PLAIN),
    ("libbpf_probe_bpf_prog_type", c_int, (c_int, c_void_p), PLAIN),
    ("libbpf_probe_bpf_map_type", c_int, (c_int, c_void_p), PLAIN),
    ("libbpf_probe_bpf_helper", c_int, (c_int, c_int, c_void_p), PLAIN),
    ("ring_buffer__new", c_void_p, (c_int, SampleFunction, c_void_p, c_void_p), OBJECT),
    ("ring_buffer__consume", c_int, (c_void_p,), PLAIN),
    ("ring_buffer__free", None, (c_void_p,), PLAIN),
)  # fmt: skip

#: perf_event_open(2) has no wrapper in libc: its number by machine (asm/unistd.h).
PERF_EVENT_OPEN = {
    "x86_64": 298, "aarch64": 241, "riscv64": 241, "ppc64le": 319, "s390x": 331,
}  # fmt: skip
