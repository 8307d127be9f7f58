"""The local names of tracepoint context structs.

An event's record is laid out by a struct of its own name or of its class, and which one differs
between kernels (tcp_retransmit_skb got its own in 6.18). So each event has its local type under a
CO-RE flavour (`STRUCT___e_EVENTxxx`, libbpf's bpf_core_essential_name_len ignores what follows the
three underscores) of one fixed length, in which a loader may exchange the struct's name for the
one that the target uses.
"""

from __future__ import annotations

PREFIX = "trace_event_raw_"
_LENGTH = 120


def flavour(event: str) -> str:
    """What follows the struct's name."""
    return f"___e_{event}"


def local_name(struct: str, event: str) -> str:
    """The name of an event's local type, of a length that does not depend on the struct's."""
    name = struct + flavour(event)
    return name.ljust(max(_LENGTH, len(name)), "x")


def renamed(section: bytes, event: str, built: str, actual: str) -> bytes:
    """An object's bytes with the event's local type under another struct's name."""
    old, new = local_name(built, event).encode(), local_name(actual, event).encode()
    return section.replace(old, new) if len(old) == len(new) else section
