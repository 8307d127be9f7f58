"""Real TCP over the loopback, IPv4 and IPv6, for tracers to see; prints what it did as JSON lines.

Standard library only: it runs with the plain python3 of a test guest as well. Each case prints one
object per family: {"case", "family", "pid", "local": [address, port], "peer": [address, port]} and
what else is known; local is the connecting side. `python tcp_workload.py [CASE ...]`; without
names, all cases run.

- exchange: connect, send 4096 bytes, answer 8192, close. Every socket of it has a full life.
- refused: connect to a port that nobody listens on.
- retransmit: connect to a listener whose queue is full: its kernel drops the SYN, and the
  connecting one sends it again after a second.
- drop: a segment with a sequence number far outside the window, sent from a raw socket into a
  living connection: the receiving TCP drops it; and one ahead of what the receiver waits for, then
  one that covers it: the first is dropped out of the queue, where it has its socket. Needs root.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

FAMILIES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
SENT_BYTES = 4096
ANSWERED_BYTES = 8192
# Linux sends a SYN again after one second.
_RETRANSMIT_SECONDS = 1.4
_ACK = 0x10
# linux/tcp.h: the sequence numbers of a connection are read while it is under repair
_TCP_REPAIR, _TCP_REPAIR_QUEUE, _TCP_QUEUE_SEQ = 19, 20, 21
_RECEIVING, _SENDING = 1, 2
_REPAIR_ON, _REPAIR_OFF = 1, -1


def exchange(family: int, address: str) -> dict[str, Any]:
    with _listener(family, address) as listener:
        client = socket.create_connection(_endpoint(listener))
        server, _ = listener.accept()
        facts = _facts(client)
        client.sendall(bytes(SENT_BYTES))
        _receive(server, SENT_BYTES)
        server.sendall(bytes(ANSWERED_BYTES))
        _receive(client, ANSWERED_BYTES)
        client.close()
        server.close()
    return {**facts, "sent": SENT_BYTES, "answered": ANSWERED_BYTES}


def refused(family: int, address: str) -> dict[str, Any]:
    with socket.socket(family) as reserved, socket.socket(family) as client:
        reserved.bind((address, 0))  # bound, not listening: nobody else gets the port
        client.bind((address, 0))
        port = reserved.getsockname()[1]
        error = client.connect_ex((address, port))
        local = client.getsockname()[:2]
    return {"local": local, "peer": (address, port), "errno": error}


def retransmit(family: int, address: str) -> dict[str, Any]:
    with _listener(family, address, backlog=0) as listener:
        with socket.create_connection(_endpoint(listener)), socket.socket(family) as client:
            client.setblocking(False)
            client.bind((address, 0))
            client.connect_ex(_endpoint(listener))
            local = client.getsockname()[:2]
            time.sleep(_RETRANSMIT_SECONDS)
        return {"local": local, "peer": _endpoint(listener)}


def drop(family: int, address: str) -> dict[str, Any]:
    with _listener(family, address) as listener:
        client = socket.create_connection(_endpoint(listener))
        server, _ = listener.accept()
        facts = _facts(client)
        with client, server, socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
            ports = facts["local"][1], facts["peer"][1]
            sent, received = _sequence_numbers(client)
            # half the sequence space away from anything in flight; covered; covering
            for ahead, size in ((1 << 31, 1), (64, 1), (32, 128)):
                place = (sent + ahead) % (1 << 32), received
                raw.sendto(_segment(family, address, ports, place, bytes(size)), (address, 0))
            time.sleep(0.1)
    return facts


CASES: dict[str, Callable[[int, str], dict[str, Any]]] = {
    "exchange": exchange,
    "refused": refused,
    "retransmit": retransmit,
    "drop": drop,
}


def _listener(family: int, address: str, backlog: int = 8) -> socket.socket:
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen(backlog)
    return listener


def _endpoint(of: socket.socket) -> tuple[str, int]:
    address, port = of.getsockname()[:2]
    return address, port


def _facts(client: socket.socket) -> dict[str, Any]:
    return {"local": client.getsockname()[:2], "peer": client.getpeername()[:2]}


def _receive(side: socket.socket, count: int) -> None:
    while count > 0:
        count -= len(side.recv(count))


def _sequence_numbers(client: socket.socket) -> tuple[int, int]:
    """Those of the next bytes that are sent and received."""

    def option(name: int, value: int) -> None:
        client.setsockopt(socket.IPPROTO_TCP, name, value)

    numbers = []
    option(_TCP_REPAIR, _REPAIR_ON)
    for queue in (_SENDING, _RECEIVING):
        option(_TCP_REPAIR_QUEUE, queue)
        numbers.append(client.getsockopt(socket.IPPROTO_TCP, _TCP_QUEUE_SEQ) % (1 << 32))
    option(_TCP_REPAIR, _REPAIR_OFF)
    return numbers[0], numbers[1]


def _segment(
    family: int, address: str, ports: tuple[int, int], place: tuple[int, int], data: bytes
) -> bytes:
    """place: the sequence number and the acknowledged one."""
    packed = socket.inet_pton(family, address)
    head = struct.pack("!HHIIBBHHH", *ports, *place, 5 << 4, _ACK, 1024, 0, 0)
    segment = head + data
    pseudo = packed + packed + struct.pack("!HH", socket.IPPROTO_TCP, len(segment))
    checksum = _checksum(pseudo + segment)
    return segment[:16] + struct.pack("!H", checksum) + segment[18:]


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2))
    total: int = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def main(names: list[str]) -> int:
    for name in names or list(CASES):
        for family, address in FAMILIES:
            facts = CASES[name](family, address)
            version = 6 if family == socket.AF_INET6 else 4
            line = {"case": name, "family": version, "pid": os.getpid(), **facts}
            print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
