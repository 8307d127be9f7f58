"""A small fixed kernel for tests: BTF that never changes, so that golden files do not either.

It has the names of the real kernel, with layouts of its own. What a test needs is added here,
never taken from the kernel of the machine that runs the tests.
"""

from __future__ import annotations

from functools import cache

from .btf_writer import BtfWriter
from .fake_structs import write_structs
from .fake_tracing import trace_event, write_functions, write_iterators, write_tracepoints

_INTS = (
    ("char", 1, "signed"),
    ("signed char", 1, "signed"),
    ("unsigned char", 1, ""),
    ("short int", 2, "signed"),
    ("short unsigned int", 2, ""),
    ("int", 4, "signed"),
    ("unsigned int", 4, ""),
    ("long int", 8, "signed"),
    ("long unsigned int", 8, ""),
    ("long long int", 8, "signed"),
    ("long long unsigned int", 8, ""),
    ("_Bool", 1, "bool"),
)

_TYPEDEFS = (
    ("__s8", "signed char"),
    ("__u8", "unsigned char"),
    ("__s16", "short"),
    ("__u16", "unsigned short"),
    ("__s32", "int"),
    ("__u32", "unsigned int"),
    ("__s64", "long long"),
    ("__u64", "unsigned long long"),
    ("s8", "__s8"),
    ("u8", "__u8"),
    ("s16", "__s16"),
    ("u16", "__u16"),
    ("s32", "__s32"),
    ("u32", "__u32"),
    ("s64", "__s64"),
    ("u64", "__u64"),
    ("uint8_t", "u8"),
    ("uint16_t", "u16"),
    ("uint32_t", "u32"),
    ("uint64_t", "u64"),
    ("__be16", "__u16"),
    ("__be32", "__u32"),
    ("__sum16", "__u16"),
    ("bool", "_Bool"),
    ("pid_t", "int"),
    ("uid_t", "unsigned int"),
    ("gid_t", "unsigned int"),
    ("umode_t", "unsigned short"),
    ("size_t", "unsigned long"),
    ("ssize_t", "long"),
    ("loff_t", "long long"),
    ("sector_t", "u64"),
    ("dev_t", "u32"),
)


@cache
def fake_btf() -> bytes:
    """Raw BTF of the fake kernel, as /sys/kernel/btf/vmlinux would hold it."""
    return fake_writer().build()


def fake_module_btf() -> bytes:
    """Split BTF of a module `fakemod` on top of fake_btf(): a struct, a function, a tracepoint."""
    writer = BtfWriter(base=fake_writer())
    writer.struct("fakemod_state", "struct task_struct *owner", "u64 hits", "struct sock sk")
    writer.func("fakemod_poke", "int", "struct fakemod_state *state", "u32 how")
    state = ("struct fakemod_state *state",)
    trace_event(writer, "fakemod_poked", state, "u64 hits", "u32 __data_loc_label")
    return writer.build()


def fake_writer() -> BtfWriter:
    """The fake kernel still open, for tests that add types of their own."""
    writer = BtfWriter()
    for name, size, flag in _INTS:
        writer.integer(name, size, flag)
    for name, target in _TYPEDEFS:
        writer.typedef(name, target)
    write_structs(writer)
    write_tracepoints(writer)
    write_functions(writer)
    write_iterators(writer)
    writer.var("process_counts", "unsigned long")
    return writer
