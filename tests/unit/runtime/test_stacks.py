"""Stacks and symbols: what their frames look like in each mode, as text and as JSON."""

from __future__ import annotations

import struct

import pytest
from aotrace.runtime.values import KstackKind, KsymKind, UstackKind, UsymKind, from_spec
from aotrace.runtime.values.stacks import COUNT_BITS, MODES, Stack, StackKind
from aotrace.runtime.values.symbols import Frame
from hypothesis import given
from hypothesis import strategies as st

_KEY = 5 << COUNT_BITS


class Fake:
    """Services with a few names. `gone`: keys that the table no longer has."""

    def __init__(self, pid: int = 7, *addresses: int, gone: bool = False) -> None:
        self.stack = Stack(pid, struct.pack(f"<{len(addresses)}Q", *addresses))
        self.gone = gone

    def find(self, kind: StackKind, key: int) -> Stack | None:
        return None if self.gone else self.stack

    def note(self, kind: StackKind, key: int) -> None:
        raise AssertionError

    def kernel(self, addresses: list[int]) -> list[list[Frame]]:
        return [self.frames(address, True) for address in addresses]

    def user(self, kind: StackKind, key: int, stack: Stack) -> list[list[Frame]]:
        return [_USER.get((stack.pid, address), []) for address in stack.addresses]

    def frames(self, address: int, detailed: bool) -> list[Frame]:
        return [Frame("tcp_sendmsg", address - 0x1000)] if 0x1000 <= address < 0x2000 else []


class FakeUser:
    def frames(self, pid: int, address: int, detailed: bool) -> list[Frame]:
        return _USER.get((pid, address), [])


_USER = {
    (7, 0x10): [Frame("main", 3, "/bin/a")],
    (7, 0x20): [Frame("small", 0, "/bin/a", "a.c:3", True), Frame("big", 9, "/bin/a", "a.c:8")],
    (7, 0x30): [Frame("jitted", 1)],
}


def kernel(mode: str, *addresses: int, gone: bool = False) -> str:
    kind = KstackKind(mode, 127)
    kind.service = Fake(0, *addresses, gone=gone)
    return kind.text(_KEY | len(addresses))


def user(mode: str, *addresses: int) -> str:
    kind = UstackKind(mode, 127)
    kind.service = Fake(7, *addresses)
    return kind.text(_KEY | len(addresses))


def test_frames_by_name() -> None:
    assert kernel("bpftrace", 0x1010, 0x9) == "\n        tcp_sendmsg+16\n        0x9\n"
    assert user("bpftrace", 0x10, 0x40) == "\n        main+3\n        0x40\n"


def test_frames_as_perf_shows_them() -> None:
    assert kernel("perf", 0x1010, 0x9) == "\n\t1010 tcp_sendmsg+16\n\t9 0x9\n"
    shown = user("perf", 0x10, 0x30, 0x40)
    assert shown == "\n\t10 main+3 (/bin/a)\n\t30 jitted+1 ([unknown])\n\t40 0x40 ([unknown])\n"


def test_raw_frames() -> None:
    assert kernel("raw", 0x1010, 0xFFFFFFFF81000000) == "\n1010\nffffffff81000000\n"


def test_lines_of_source_and_inlined_functions() -> None:
    assert user("bpftrace", 0x20) == "\n        [inlined] small@a.c:3\n        big+9@a.c:8\n"
    assert user("perf", 0x20) == "\n\t20 small (inlined)\n\t20 big+9 (/bin/a)\n"


def test_frames_by_build_id() -> None:
    kind = UstackKind("build_id", 3)
    fake = Fake()
    valid, address = (1, bytes(range(20)), 0x5), (2, bytes(20), 0xABC)
    fake.stack = Stack(7, b"".join(struct.pack("<i20sQ", *frame) for frame in (valid, address)))
    kind.service = fake
    assert kind.text(_KEY | 2) == f"\n{bytes(range(20)).hex()} 0x05\nabc\n"
    assert (kind.table, kind.entry_size) == ("stacks_3_build_id", 8 + 3 * 32)


def test_no_frames() -> None:
    assert kernel("bpftrace") == "\n"
    assert KstackKind("bpftrace", 127).text(_KEY | 3) == "\n"  # no service: nothing is known


def test_a_stack_that_made_room_for_another() -> None:
    assert (
        kernel("bpftrace", 0x1010, gone=True) == "\n        [lost: the table of stacks is full]\n"
    )


def test_json_has_the_text_and_keys_lose_their_blanks() -> None:
    kind = KstackKind("perf", 127)
    kind.service = Fake(0, 0x1010)
    assert kind.json(_KEY | 1) == "\n\t1010 tcp_sendmsg+16\n"
    assert kind.json_key(_KEY | 1) == "\n\t1010tcp_sendmsg+16\n"


def test_symbols() -> None:
    kernel_kind, user_kind = KsymKind(), UsymKind()
    assert (kernel_kind.text(1), user_kind.text((2, 7))) == ("0x1", "0x2")
    kernel_kind.service, user_kind.service = Fake(), FakeUser()
    assert (kernel_kind.text(0x1010), kernel_kind.json(0x1010)) == ("tcp_sendmsg",) * 2
    assert (user_kind.text((0x20, 7)), user_kind.text((0x20, 8))) == ("big", "0x20")
    raw = struct.pack("<QQ", 0x20, 7)
    assert user_kind.decode(b"--" + raw, 2) == (0x20, 7)


@given(st.sampled_from((KstackKind, UstackKind)), st.sampled_from(MODES), st.integers(0, 1024))
def test_specs_come_back(kind: type[StackKind], mode: str, limit: int) -> None:
    made = kind(mode, limit)
    again = from_spec(made.spec())
    assert again == made
    assert isinstance(again, kind)
    assert again.table == made.table


@pytest.mark.parametrize(
    "spec",
    [{"mode": "x", "limit": 1}, {"mode": "raw", "limit": 1025}, {"mode": "raw", "limit": -1}, {}],
)
def test_specs_of_no_stack(spec: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="stack"):
        from_spec({"kind": "kstack", **spec})


def test_keys_are_in_no_order_of_their_own() -> None:
    assert {kind.order(3) for kind in (KstackKind("raw", 3), UstackKind("raw", 3))} == {0}
    assert UsymKind().order_many([(1, 2), (0, 1)]) == [0, 0]
    assert KsymKind().order_many([1, 2]) == [0, 0]
