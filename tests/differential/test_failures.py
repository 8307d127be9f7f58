"""What fails while a script runs is told alike: the same words, places, order and streams."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from aotrace.compiler.pipeline import Compiler
from aotrace.compiler.source import Source

from tests.support.forky import bpftrace27
from tests.support.places import console_script

pytestmark = [pytest.mark.differential, pytest.mark.needs("root", "bpf", "btf", "bpftrace27")]

SCRIPTS = {
    "full map": """config = { max_map_keys = 2 }
begin { @a[1] = (int64)1; @a[2] = 5; @a[3] = 3; @a[1] = 4; }
""",
    "full map of counts": """config = { max_map_keys = 1 }
begin {
\t@c["x"] = count(); @c["y"] = count();
\t@h[1] = hist(1); @h[2] = hist(2);
  @s[1] = sum(1); @s[2] = sum(5); @l[1] = lhist(1, 0, 10, 1); @l[2] = lhist(1, 0, 10, 1);
}
""",
    "full map in a macro": """config = { max_map_keys = 1 }
macro put(@m, key) { @m[key] = 1; }
macro twice(@m, key) { put(@m, key); put(@m, key + 1); warnf("put %d", key); errorf("so"); }
begin { twice(@a, 5); }
""",
    "declared sizes": """let @small = hash(1);
begin { @small["a"] = "one"; @small["b"] = "two"; @other["c"] = 1; }
""",
    "increment of a full map": """config = { max_map_keys = 1 }
begin { @a[1]++; @a[2]++; @a[3]--; ++@a[4]; }
""",
    "division by zero": """begin {
  $zero = (uint64)0; print(7 / $zero); print(7 % $zero); $x = (uint64)9; $x /= $zero; print($x);
  printf("%d %d\\n", 1 / $zero, 2 % ($zero + $zero));
  $y = ((1 + 2) % ($zero)) + 1; $y = (1 / $zero); if ((2 / $zero) == 1) { print(1); }
}
""",
    "index out of bounds": """begin {
  $a = (uint8[4])0; $i = (uint64)4; $y = $a[$i]; $i = 3; print($a[$i]); $i = 100; $y = $a[$i];
  $y = ($a)[$i]; $y = ($a[$i]); print(((uint8[4])(uint32)1)[$i]);
}
""",
    "keys that are not there": """begin {
  @a[1] = 1; print(@a[1]); print(@a[2]); $x = @a[3]; if (@a[4] == 9) { print("?"); }
  @b["x"] = "text"; $y = @b["y"]; print(@none); @a[5] += 2; @none = 1; clear(@none);
  print((@a[6])); if ((@a[7]) == 1) { print(1); } $z = (int16)(@a[8]);
}
""",
    "in arguments of an event": """struct in { int x; struct in *n; int a[2]; char c[4]; };
begin {
  @a[1] = avg(2); @b[1] = 1; $p = (uint8*)8; print((1, @b[2])); printf("%d %d\\n", @b[3], 4);
  print(@a[1]); print(@a[2]); print((@a[3], 1)); printf("%s|\\n", buf(uptr($p), 4)); print(@b[1]);
  $q = uptr((struct in *)8); print(($q)->x); print((($q->n)->x)); $x = (int16)($q->x);
  $y = ($q->a)[1]; print((1, ($q)->x)); print(buf($q->a, 2));
}
""",
    "a probe that fails often": """interval:ms:1 / @i < 5 / {
  $zero = (uint64)0; @n = 5 / $zero; @i++; if (@i == 5) { exit(); }
}
""",
}
_OPTIONS = (
    (),
    ("-k",),
    ("-k", "-f", "json"),
    ("-f", "json"),
    ("--no-warnings",),
    ("-f", "json", "--no-warnings"),
)


class Said(NamedTuple):
    status: int
    stdout: str
    warnings: str


@pytest.mark.parametrize("options", _OPTIONS, ids="_".join)
@pytest.mark.parametrize("name", SCRIPTS)
def test_failures(name: str, options: tuple[str, ...], compiler: Compiler, tmp_path: Path) -> None:
    source, object_ = tmp_path / "script.bt", tmp_path / "script.bpf.o"
    source.write_text(SCRIPTS[name])
    script = Source("script.bt", SCRIPTS[name])
    object_.write_bytes(compiler.emit(script, compiler.analyse(script)).object)
    theirs = _run(bpftrace27(*options, str(source)))
    ours = _run([str(console_script("aotrace")), "run", str(object_), *options])
    assert ours == theirs


def test_some_are_told() -> None:
    """Else the tests above compare nothing."""
    assert "retcode: -7" in _run(bpftrace27("-e", SCRIPTS["full map"])).warnings


def _run(argv: list[str]) -> Said:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    out, err = done.stdout.decode(), done.stderr.decode()
    return Said(done.returncode, _named(out), _warnings(err))


def _named(text: str) -> str:
    """The script's name without its folder."""
    return re.sub(r"[/\w.-]*?script\.bt", "script.bt", text)


def _warnings(text: str) -> str:
    """From the first that has a place on; what comes before is of the machine."""
    found = re.search(r"^[^\n]*(script\.bt|stdin):\d+.*", _named(text), re.MULTILINE | re.DOTALL)
    return found.group() if found else ""
