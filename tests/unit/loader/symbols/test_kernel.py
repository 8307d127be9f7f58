"""Kernel symbols out of texts as /proc/kallsyms has them."""

from __future__ import annotations

from pathlib import Path

from aotrace.loader.symbols.kernel import KernelSymbols
from aotrace.runtime.values.symbols import Frame
from hypothesis import given, settings
from hypothesis import strategies as st

_TEXT = """\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81000100 t local_one
ffffffff81000180 D a_variable
ffffffff81000200 W weak_one
ffffffff82000000 d jiffies
ffffffffc0000400 t in_module\t[nf_tables]
ffffffffc0000300 t local_one\t[ip_tables]
"""


def symbols(folder: Path, text: str) -> KernelSymbols:
    path = folder / "kallsyms"
    path.write_text(text)
    return KernelSymbols(str(path))


def test_addresses_have_the_name_of_the_function_before_them(tmp_path: Path) -> None:
    found = symbols(tmp_path, _TEXT)
    assert found.frames(0xFFFFFFFF81000100) == [Frame("local_one", 0)]
    assert found.frames(0xFFFFFFFF810001FF) == [Frame("local_one", 255)]
    assert found.frames(0xFFFFFFFF81000201) == [Frame("weak_one", 1)]
    assert found.frames(0xFFFFFFFF81000004)[0].name == "startup_64"


def test_modules_may_stand_in_any_order(tmp_path: Path) -> None:
    found = symbols(tmp_path, _TEXT)
    assert found.frames(0xFFFFFFFFC0000310) == [Frame("local_one", 16, "ip_tables")]
    assert found.frames(0xFFFFFFFFC0000410) == [Frame("in_module", 16, "nf_tables")]


def test_addresses_of_names(tmp_path: Path) -> None:
    found = symbols(tmp_path, _TEXT)
    assert found.find("jiffies") == 0xFFFFFFFF82000000
    assert found.find("local_one") == 0xFFFFFFFF81000100
    assert found.find("local") is None
    assert found.find("in_module") == 0xFFFFFFFFC0000400
    assert [(s.module, s.type) for s in found.named("local_one")] == [
        ("", "t"), ("ip_tables", "t"),
    ]  # fmt: skip
    assert len(list(found.every())) == 9


def test_addresses_that_are_kept_from_us(tmp_path: Path) -> None:
    hidden = "0000000000000000 T _text\n0000000000000000 T tcp_sendmsg\n"
    found = symbols(tmp_path, hidden)
    assert found.find("tcp_sendmsg") is None
    assert found.frames(0xFFFFFFFF81000000) == []


def test_no_file_and_no_lines(tmp_path: Path) -> None:
    assert KernelSymbols(str(tmp_path / "none")).frames(5) == []
    assert symbols(tmp_path, "nonsense\n\nmore").find("more") is None
    assert symbols(tmp_path, "ffffffff81000000 T _text\n").frames(0x1000) == []


@settings(max_examples=60)
@given(st.lists(st.integers(1, (1 << 64) - 1), min_size=1, unique=True), st.integers(0, 1 << 20))
def test_any_order_of_lines_gives_the_nearest_before(addresses: list[int], behind: int) -> None:
    import tempfile

    text = "".join(f"{address:016x} t f{address:x}\n" for address in addresses)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        found = KernelSymbols(file.name)
        for address in addresses:
            wanted = min(address + behind, (1 << 64) - 1)
            nearest = max(a for a in addresses if a <= wanted)
            assert found.frames(wanted) == [Frame(f"f{nearest:x}", wanted - nearest)]
            assert found.find(f"f{address:x}") == address
