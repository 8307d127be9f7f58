from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.places import BUILD

_SCRIPT = """
import os, sys
from aotrace.loader.libbpf import lingering
reader, writer, count = map(int, sys.argv[1:])
sys.stdin.readline()  # until the test has closed its own
links, theirs = os.pipe()
for _ in range(count):
    lingering.add(os.dup(theirs), os.dup(writer))
os.close(theirs)
os.close(writer)
lingering.let_go()
assert os.read(links, 1) == b""
os.set_blocking(reader, False)
try:
    print("closed" if os.read(reader, 1) == b"" else "?")
except BlockingIOError:
    print("kept")
"""


@pytest.mark.parametrize(("count", "said"), [(3, "closed"), (40, "kept")])
def test_many_are_kept_until_the_loader_has_ended(count: int, said: str) -> None:
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(reader), str(writer), str(count)],
        pass_fds=(reader, writer), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(BUILD / "src")},
    ) as loader:  # fmt: skip
        os.close(writer)
        assert loader.communicate("\n", timeout=20) == (f"{said}\n", None)
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""  # waits for the process that had them
    os.close(reader)
