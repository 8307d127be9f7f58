"""Packets that a script keeps, read back from the file, where trampolines are."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernels.catalog import KERNELS, Kernel
from tests.kernels.sharing import Guests, Suite
from tests.support.observe import Job
from tests.support.places import console_script

pytestmark = [pytest.mark.kernels, pytest.mark.needs("kernels", "btf")]

# an Ethernet header stands before what leaves; of what arrives too much is asked for, as well
_SCRIPT = """
fentry:ip_rcv { @in[(int32)skboutput("FOLDER/in.pcap", args.skb, args.skb.len, 0)] = count(); }
fentry:__dev_queue_xmit
{
	@out[(int32)skboutput("FOLDER/out.pcap", args.skb, args.skb.len, 14)] = count();
	@over[(int32)skboutput("FOLDER/out.pcap", args.skb, args.skb.len + 1, 0)] = count();
}
"""
_LOCALHOST = bytes((127, 0, 0, 1))
_TCP, _PORT, _SYN = 6, 1, 2
_RAW_IP = 101  # LINKTYPE_RAW


def _packets(path: Path) -> Iterator[tuple[float, bytes]]:
    """Time and bytes of each."""
    data = path.read_bytes()
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHiIII", data)
    assert (magic, major, minor, link) == (0xA1B2C3D4, 2, 4, _RAW_IP)
    at = 24
    while at < len(data):
        seconds, microseconds, here, all_ = struct.unpack_from("<IIII", data, at)
        assert here == all_
        yield seconds + microseconds / 1e6, data[at + 16 : at + 16 + here]
        at += 16 + here
    assert at == len(data)


def _is_syn(packet: bytes) -> bool:
    """The first packet of a connection to the port, whole, from this machine to itself."""
    header = (packet[0] & 15) * 4
    port, flags = packet[header + 2 : header + 4], packet[header + 13]
    return (
        packet[0] >> 4 == 4
        and int.from_bytes(packet[2:4], "big") == len(packet)
        and (packet[9], packet[12:16], packet[16:20]) == (_TCP, _LOCALHOST, _LOCALHOST)
        and (int.from_bytes(port, "big"), flags & _SYN) == (_PORT, _SYN)
    )


def _prepare(kernel: Kernel, folder: Path) -> list[Job]:
    source, built = folder / "packets.bt", folder / "packets.bpf.o"
    source.write_text(_SCRIPT.replace("FOLDER", str(folder)))
    subprocess.run([console_script("aotracec"), "build", source, "-o", built], check=True)
    connect = "wget -q -O - http://127.0.0.1:1/; exit 0"
    argv = ["aotrace", "run", str(built), "-c", f"sh -c '{connect}'"]
    return [Job("run", argv, interrupt=False), Job("date", ["/bin/date", "+%s"], interrupt=False)]


SUITE = Suite("packets", _prepare)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_packets_are_in_the_files(kernel: Kernel, guests: Guests) -> None:
    ran = guests.ran(SUITE, kernel)
    run, now = ran.results["run"].check(), int(ran.results["date"].check().stdout)
    for name in ("in", "out"):
        packets = list(_packets(ran.folder / f"{name}.pcap"))
        assert f"@{name}[0]: {len(packets)}\n" in run.stdout
        assert any(_is_syn(packet) for _, packet in packets)
        assert all(abs(when - now) < 600 for when, _ in packets)
    assert "WARNING" not in run.stderr
    assert "@over[-14]: " in run.stdout  # EFAULT: it is not as long as that
