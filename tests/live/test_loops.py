"""Loops on the running kernel: in place and through the kernel's loop helpers."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.places import console_script

pytestmark = [pytest.mark.live, pytest.mark.needs("root", "bpf", "btf", "libbpf")]

CASES = {
    "while": (
        """$j = 0;
        while ($j < 10) { $j++; if ($j == 2) { continue; } if ($j > 4) { break; } print($j); }""",
        "1\n3\n4\n",
    ),
    "range in place": ("for ($i : -1..2) { print($i); }", "-1\n0\n1\n"),
    "empty range": (
        "for ($i : 5..5) { print($i); } for ($i : 5..0) { print($i); } print(7);",
        "7\n",
    ),
    "range by helper": (
        """$s = 0; $n = 5000;
        for ($i : 2..$n) { if ($i == 3) { continue; } $s += $i; if ($i == 4000) { break; } }
        print($s);""",
        f"{sum(range(2, 4001)) - 3}\n",
    ),
    "range that is known and long": (
        "$s = 0; for ($i : 0..100000) { $s += $i; } print($s);",
        f"{sum(range(100000))}\n",
    ),
    "a map's entries": (
        """@a[1, "x"] = 5; $s = 0;
        for ($kv : @a) { print($kv); $s += $kv.1; } print($s); clear(@a);""",
        "((1, x), 5)\n5\n",
    ),
    "a map of counts": (
        """@c[7] = count(); @c[7] = count(); @m[1] = max(5);
        for ($kv : @c) { print($kv); } for ($kv : @m) { print($kv.1); } clear(@c); clear(@m);""",
        "(7, 2)\n5\n",
    ),
    "a loop's variable made wider": (
        """@m["a", 1] = (1, "b"); @c[1] = count();
        for ($kv : @m) { print($kv); $kv = (("a longer text", 7), (5, "longer")); print($kv); }
        for ($kv : @c) { print($kv); $kv = (500000000000, 3); print($kv); } clear(@m); clear(@c);
        """,
        "((a, 1), (1, b))\n((a longer text, 7), (5, longer))\n(1, 1)\n(500000000000, 3)\n",
    ),
    "a million turns": (
        """for ($i : 0..1000) { for ($j : 0..1000) { @x += $i * $j; } }
        print(@x); clear(@x);""",
        f"@x: {sum(range(1000)) ** 2}\n",
    ),
    "many tests in many turns": (
        "for ($i : 0..1000) { "
        + " ".join(f"if (@y & {1 << n}) {{ @y += {n}; }}" for n in range(12))
        + " @y++; } print(@y > 1000); clear(@y);",
        "true\n",
    ),
    "leaving from inside two loops": (
        """@a[1] = 5; $n = 3000;
        for ($i : 0..$n) {
            for ($kv : @a) { if ($i == 1500) { printf("left %d\\n", $i); clear(@a); return; } }
        }
        print("not here");""",
        "left 1500\n",
    ),
    "a loop in a loop": (
        "$n = 2; for ($i : 0..$n) { for ($j : 0..$n) { print(($i, $j)); } }",
        "(0, 0)\n(0, 1)\n(1, 0)\n(1, 1)\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_loop(name: str) -> None:
    body, expected = CASES[name]
    script = f"begin {{ {body} }} interval:ms:1 {{ exit(); }}"
    argv = [str(console_script("aotracec")), "run", "-q", "--no-warnings", "-e", script]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr, done.stdout.rstrip("\n") + "\n") == (0, "", expected)


def test_a_loop_reads_the_probes_arguments() -> None:
    script = (
        'tracepoint:syscalls:sys_enter_write /comm == "sh"/ '
        '{ $n = 2; for ($i : 0..$n) { printf("%d %d\\n", $i, args.count); } exit(); }'
    )
    argv = [
        str(console_script("aotracec")),
        "run",
        "-q",
        "-c",
        "/bin/sh -c 'echo hello'",
        "-e",
        script,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["hello", "0", "6", "1", "6"]
