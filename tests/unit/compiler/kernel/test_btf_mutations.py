"""Damaged BTF, whatever the damage, ends in KernelDataError or in types; never in anything else."""

from __future__ import annotations

import io
import struct
from contextlib import suppress

from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.btf_kinds import BtfKind
from aotrace.compiler.kernel.btf_sections import split_sections
from aotrace.compiler.kernel.c_types import c_type_text
from aotrace.compiler.kernel.elf_section import read_sections
from aotrace.compiler.kernel.errors import KernelDataError
from aotrace.compiler.kernel.functions import Functions
from aotrace.compiler.kernel.tracepoints import Tracepoints
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fake_kernel import fake_btf, fake_module_btf

from .test_btf_files import elf

_HEADER_WORDS = 6

_words = st.tuples(st.integers(0, len(fake_btf()) // 4 - 1), st.integers(0, 0xFFFFFFFF))
_small_words = st.tuples(st.integers(0, len(fake_btf()) // 4 - 1), st.integers(0, 300))
_mutations = st.lists(_words | _small_words, min_size=1, max_size=12)


def _mutated(data: bytes, mutations: list[tuple[int, int]]) -> bytes:
    result = bytearray(data)
    for index, value in mutations:
        if index * 4 + 4 <= len(result):
            struct.pack_into("<I", result, index * 4, value)
    return bytes(result)


def _use_everything(btf: Btf) -> None:
    """All that the compiler asks of BTF, each question on its own."""
    for type_id in range(btf.type_count):
        for question in (btf.type, btf.resolve, btf.size_of, lambda i: c_type_text(btf, i)):
            with suppress(KernelDataError):
                question(type_id)
    tracepoints, functions = Tracepoints(btf), Functions(btf)
    for ask in (
        lambda: btf.find(BtfKind.STRUCT, "sock"),
        lambda: btf.find_enumerator("TCP_LISTEN"),
        lambda: list(btf.names(BtfKind.FUNC)),
        lambda: btf.find_prefixes((BtfKind.STRUCT, "t"), (BtfKind.TYPEDEF, "btf_")),
        lambda: tracepoints.find("sched", "sched_switch"),
        lambda: tracepoints.find("sched", "sched_waking", ["pid"]),
        lambda: tracepoints.find("syscalls", "sys_enter_openat"),
        lambda: tracepoints.find("syscalls", "sys_exit_openat"),
        lambda: tracepoints.suggestions("sched", "sched_swich"),
        lambda: functions.find("tcp_connect"),
        lambda: functions.raw_tracepoint("sched_switch"),
        lambda: functions.suggestions("tcp_conect"),
    ):
        with suppress(KernelDataError):
            ask()


@settings(max_examples=150, deadline=None)
@given(_mutations)
def test_words_overwritten(mutations: list[tuple[int, int]]) -> None:
    with suppress(KernelDataError):
        _use_everything(Btf.parse(_mutated(fake_btf(), mutations)))


def _words_but_infos() -> list[int]:
    """Indices of the words that may change without any type changing its size."""
    sections = split_sections(fake_btf(), is_split=False)
    infos = {start + 1 for start in sections.starts}
    return [_HEADER_WORDS + i for i in range(len(sections.words)) if i not in infos]


_values = st.integers(0, 300) | st.integers(0, 0xFFFFFFFF)
_references = st.lists(
    st.tuples(st.sampled_from(_words_but_infos()), _values), min_size=1, max_size=40
)


@settings(max_examples=200, deadline=None)
@given(_references)
def test_names_and_types_pointed_elsewhere(mutations: list[tuple[int, int]]) -> None:
    btf = Btf.parse(_mutated(fake_btf(), mutations))
    assert btf.type_count == Btf.parse(fake_btf()).type_count
    _use_everything(btf)


@settings(max_examples=50, deadline=None)
@given(_mutations)
def test_words_of_a_module_overwritten(mutations: list[tuple[int, int]]) -> None:
    with suppress(KernelDataError):
        damaged = _mutated(fake_module_btf(), [(i % 200, value) for i, value in mutations])
        _use_everything(Btf.parse(damaged, Btf.parse(fake_btf())))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(fake_btf())), st.binary(max_size=64))
def test_cut_and_continued_with_noise(size: int, noise: bytes) -> None:
    with suppress(KernelDataError):
        _use_everything(Btf.parse(fake_btf()[:size] + noise))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_noise_behind_the_header(noise: bytes) -> None:
    with suppress(KernelDataError):
        _use_everything(Btf.parse(fake_btf()[:8] + noise))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 79), st.integers(0, 255)), max_size=12), st.integers(0, 400)
)
def test_elf_headers_overwritten(mutations: list[tuple[int, int]], size: int) -> None:
    whole = elf(__BTF=fake_btf()[:64])
    data = bytearray(whole)
    for index, value in mutations:
        # The file header, then the last section header.
        data[index if index < 64 else len(data) - 80 + index] = value
    with suppress(KernelDataError):
        read_sections(io.BytesIO(bytes(data[: len(data) - size % 3])), (".BTF",))
