"""Loading: what is tried again, and what is closed."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest
from aotrace.loader import contexts, loading
from aotrace.loader.console import Console
from aotrace.loader.errors import LoaderError, ObjectError
from aotrace.loader.libbpf.lib import BpfError
from aotrace.loader.objectfile import ObjectFile
from aotrace.loader.probes import MissingProbes
from aotrace.runtime.metadata import Metadata, Program

from tests.unit.loader.test_objectfile import OBJECT

FILE = ObjectFile("t.bpf.o", OBJECT)
LOG = "libbpf: prog 'b': failed to find kernel BTF type ID of 'gone': -3\n"


class FakeLib:
    def __init__(self) -> None:
        self.log: list[str] = []


class FakeProgram:
    def __init__(self) -> None:
        self.disabled = False

    def disable(self) -> None:
        self.disabled = True


class FakeKernel:
    """Stands for handles.Object; `accepts` judges what would be loaded."""

    def __init__(self, accepts: Callable[[FakeObject], str]) -> None:
        self.accepts = accepts
        self.opened: list[FakeObject] = []

    def __call__(self, lib: FakeLib, image: bytes, name: str) -> FakeObject:
        self.opened.append(FakeObject(self, lib, image))
        return self.opened[-1]


class FakeObject:
    def __init__(self, kernel: FakeKernel, lib: FakeLib, image: bytes) -> None:
        self.kernel, self.lib, self.image = kernel, lib, image
        self.programs = {"a": FakeProgram(), "b": FakeProgram()}
        self.closed = False

    def load(self) -> None:
        complaint = self.kernel.accepts(self)
        if complaint:
            self.lib.log.append(complaint)
            raise BpfError("bpf_object__load", errno.ESRCH)

    def map(self, name: str) -> None:
        return None

    def close(self) -> None:
        self.closed = True


def load(
    monkeypatch: pytest.MonkeyPatch,
    accepts: Callable[[FakeObject], str],
    config: dict[str, Any] | None = None,
    names: str = "ab",
) -> tuple[Any, list[FakeObject]]:
    kernel = FakeKernel(accepts)
    monkeypatch.setattr(loading, "Object", kernel)
    programs = [Program(name, "", f"fentry:{name}", "trace", {}, 1) for name in names]
    meta = Metadata("", "t.bt", "", "GPL", programs, [], [], [], config or {}, [], [])
    lib: Any = FakeLib()
    loaded = loading.load_object(lib, FILE, meta, {}, MissingProbes(meta, Console()))
    return loaded, kernel.opened


def needs_b(bpf: FakeObject) -> str:
    return "" if bpf.programs["b"].disabled else LOG


def test_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, opened = load(monkeypatch, lambda bpf: "")
    assert opened == [loaded]
    assert loaded.image == OBJECT


def test_without_a_program_that_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    loaded, opened = load(monkeypatch, needs_b, {"missing_probes": "warn"})
    assert opened[-1] is loaded
    assert [bpf.closed for bpf in opened] == [True, False]
    assert "no function gone. Skipping" in capfd.readouterr().err


def test_not_without_a_program_that_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LoaderError, match="no function gone"):
        load(monkeypatch, needs_b)


def test_with_structs_of_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "adapt", lambda image, programs, own: b"fit" if own else image)
    loaded, opened = load(monkeypatch, lambda bpf: "" if bpf.image == b"fit" else "refused")
    assert loaded.image == b"fit"
    assert len(opened) == 2
    assert opened[0].closed
    assert loaded.lib.log == []


def test_a_program_that_is_not_in_the_object(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ObjectError, match="no program c"):
        load(monkeypatch, lambda bpf: "", names="abc")


def test_a_map_that_is_not_in_the_object() -> None:
    bpf: Any = FakeObject(FakeKernel(lambda bpf: ""), FakeLib(), b"")
    with pytest.raises(ObjectError, match=r"t\.bpf\.o is damaged: no map at_x"):
        loading.find_map(bpf, "at_x", "t.bpf.o")
