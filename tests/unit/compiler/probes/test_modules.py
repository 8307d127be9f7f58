"""Types of a module, in the probes that are in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from aotrace.compiler.arch import X86_64
from aotrace.compiler.codegen.backend import Backend
from aotrace.compiler.diagnostics import CompileError
from aotrace.compiler.kernel.sources import open_sources
from aotrace.compiler.pipeline import Compiler, Options
from aotrace.compiler.source import Source
from aotrace.compiler.syntax.preprocess import Options as PreprocessOptions

from tests.support.fake_kernel import fake_btf, fake_module_btf

_BODY = "{ $state = (struct fakemod_state *)arg0; print(($state.hits, sizeof(*$state))); }"


@pytest.fixture
def compiler(tmp_path: Path) -> Compiler:
    """For a kernel that has a module."""
    (tmp_path / "vmlinux").write_bytes(fake_btf())
    (tmp_path / "fakemod").write_bytes(fake_module_btf())
    sources = open_sources(btf_directory=tmp_path, arch="x86_64")
    return Compiler(
        sources, Options(X86_64, preprocessor=PreprocessOptions(cache_dir=None)), Backend()
    )


@pytest.mark.parametrize(
    "point",
    [
        "kprobe:fakemod:fakemod_poke", "kprobe:fakemod_poke", "kprobe:fakemod:fakemod_poke+4",
        "kretprobe:fakemod:fakemod_poke", "fentry:fakemod_poke", "fexit:fakemod:fakemod_poke",
        "rawtracepoint:fakemod:fakemod_poked",
    ],
)  # fmt: skip
def test_they_can_be_named(compiler: Compiler, point: str) -> None:
    body = _BODY.replace("arg0", "retval") if point.startswith("kretprobe") else _BODY
    with compiler:
        source = Source("script.bt", f"{point} {body}")
        assert compiler.emit(source, compiler.analyse(source)).object


def test_elsewhere_they_are_unknown(compiler: Compiler) -> None:
    with compiler, pytest.raises(CompileError) as caught:
        compiler.analyse(Source("script.bt", f"kprobe:vfs_read {_BODY}"))
    assert caught.value.diagnostics[0].message == "unknown type `struct fakemod_state`"


def test_a_member_of_a_wildcard_says_its_module(compiler: Compiler) -> None:
    with compiler:
        text = "fentry:fake*:fakemod_p* { print(args.how); }"
        programs = compiler.analyse(Source("script.bt", text)).plan.programs
    assert [p.record.target for p in programs] == [
        {"function": "fakemod_poke", "module": "fakemod"}
    ]
