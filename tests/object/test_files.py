"""The finished file, as readelf, bpftool and LLVM's tools see it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.codegen.function import I16, I32
from aotrace.compiler.codegen.helpers import MapType
from aotrace.compiler.codegen.module import ModuleBuilder
from aotrace.compiler.objfile import elf
from aotrace.compiler.objfile.finish import finish
from aotrace.runtime.metadata import SECTION as METADATA
from aotrace.runtime.values.net import InetKind

from tests.object.script import SCRIPT, SECTION, SOURCE, U64, kernel, offset_of, own_pid_only, place
from tests.support.places import program

pytestmark = pytest.mark.needs("btf")

STATE = "trace_event_raw_inet_sock_set_state"
STATE_SECTION = "tracepoint/sock/inet_sock_set_state"


def write_tool(programs: int = 5) -> ModuleBuilder:
    """Some probes of a network tool: context fields, task fields, events, a map."""
    module = ModuleBuilder(SOURCE, "GPL")
    ring = module.map("events", MapType.RINGBUF, None, None, 1 << 18)
    addresses = module.map("at_addresses", MapType.LRU_HASH, InetKind(), U64, 1024)
    lost = module.counter("lost_events")
    for number in range(programs):
        f = module.program(f"probe_{number}", STATE_SECTION, place("tracepoint"))
        own_pid_only(f)
        event = f.helper("ringbuf_reserve", ring, 64, 0)
        with f.if_else(f.is_null(event)) as (full, reserved):
            with full:
                f.count_up(lost)
            with reserved:
                f.zero(event, 64)
                for index, field in enumerate(("sport", "dport", "protocol", "newstate")):
                    access = offset_of(kernel(), STATE, field)
                    kind = I32 if field == "newstate" else I16
                    f.ir.store(f.core_load(f.ctx, access, kind), f.offset(event, 8 * index))
                key = f.slot(24)
                f.copy(key, event, 24)
                f.helper("map_update_elem", addresses, key, f.offset(event, 24), 0)
                f.helper("get_current_comm", f.offset(event, 40), 16)
                f.helper("ringbuf_submit", event, 0)
    return module


def compile_tool(backend: Backend) -> bytes:
    module = write_tool()
    return finish(
        backend.emit(module.finish()).object,
        module.fixups,
        lambda settings: json.dumps(settings).encode(),
    )


@pytest.fixture(scope="module")
def data() -> bytes:
    with Backend() as backend:
        return compile_tool(backend)


@pytest.fixture
def file(data: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "tool.bpf.o"
    path.write_bytes(data)
    return path


def run(name: str, *args: str | Path) -> str:
    """Standard output of a tool that succeeds and has nothing to complain of."""
    path = program(name)
    assert path
    done = subprocess.run([path, *args], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_same_input_gives_the_same_bytes(data: bytes) -> None:
    with Backend() as backend:
        assert [compile_tool(backend), compile_tool(backend)] == [data, data]


def test_size_of_a_tool(data: bytes) -> None:
    assert len(data) < 10_000


@pytest.mark.needs("readelf")
def test_readelf_has_no_complaint(file: Path) -> None:
    said = run("readelf", "-aW", file)
    assert "R_BPF" in said
    assert "core." not in said
    assert ".debug" not in said


@pytest.mark.needs("readelf")
def test_metadata_is_a_section_of_its_own(file: Path, data: bytes) -> None:
    assert json.loads(bytes(elf.read(data).section(METADATA).data)) == {"$1": 0}
    assert METADATA in run("readelf", "-SW", file)


@pytest.mark.needs("root", "bpf", "bpftool")
@pytest.mark.live
def test_bpftool_loads_it_in_silence(file: Path) -> None:
    pins = Path("/sys/fs/bpf/aotrace-test")
    try:
        assert run("bpftool", "prog", "loadall", file, pins) == ""
        shown = run("bpftool", "prog", "dump", "xlated", "pinned", pins / "probe_3", "linum")
    finally:
        subprocess.run(["rm", "-rf", pins], check=False)
    assert "; / pid == $1 / [file:parent.bt line_num:2 line_col:3]" in shown


@pytest.mark.needs("bpftool")
def test_bpftool_makes_a_skeleton(file: Path) -> None:
    header = run("bpftool", "gen", "skeleton", file)
    for name in ("*events;", "*at_addresses;", "*probe_0;", "lost_events;", "setting_1;"):
        assert name in header


@pytest.mark.needs("bpftool")
def test_bpftool_links_it(file: Path, tmp_path: Path) -> None:
    run("bpftool", "gen", "object", tmp_path / "linked.o", file)
    assert "probe_4" in run("bpftool", "gen", "skeleton", tmp_path / "linked.o")


@pytest.mark.needs("bpftool")
def test_local_types_hold_the_used_members_alone(file: Path) -> None:
    types = json.loads(run("bpftool", "-j", "btf", "dump", "file", file))["types"]
    (local,) = [t for t in types if t.get("name") == STATE]
    named = {member["name"] for member in local["members"]}
    assert named == {"sport", "dport", "protocol", "newstate"}


def test_line_information_carries_the_script(data: bytes) -> None:
    strings = bytes(elf.read(data).section(".BTF").data)
    assert SCRIPT.splitlines()[1].encode() in strings
    assert b"parent.bt\0" in strings
    assert SECTION.encode() not in strings
