"""Code whose shape the verifier once refused, or that LLVM once broke: it must load."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.object.loading import load_all
from tests.support.places import console_script

pytestmark = pytest.mark.needs("root", "bpf", "btf", "bpftool")

SHAPES = {
    "a divisor from a map": "begin { @m[1] = 5; @s = sum(7 % @m[1]); @r = 7 / @m[2]; }",
    "a negative divisor": "begin { @m = -5; print(cpu / @m); print((int64)cpu % @m); }",
    "an array of one's own by a variable": (
        'begin { $p = pton("1.2.3.4"); $i = cpu; print($p[$i]); }'
    ),
    "a string of one's own by a variable": "begin { $c = comm; print($c[cpu]); print(comm[pid]); }",
    "an argument or a map's value": (
        "rawtracepoint:sched_switch { @m[1] = (1, 2); print(pid ? (int64)@m[1].0 : arg0);"
        " print(pid ? arg0 : arg1); }"
    ),
    "two tests of a key": (
        "begin { @m[1] = true; $k = has_key(@m, 1); $n = (int32)nsecs;"
        " if ($k || $n) { print(1); } if (!$k && !$n) { print(2); } @r = $k == ($n == 0); }"
    ),
    "memory beyond any offset that stands for a field": (
        "tracepoint:sched:sched_switch { @k["
        + ", ".join(f"str((uint64){number})" for number in range(26))
        + "] = args.prev_pid; @p = args.next_pid; }"
    ),
    "long tuples compared": (
        "begin { print((1, str(curtask), comm) == (2, str(curtask->mm), comm));"
        ' print((str(curtask), "x") != (str(curtask->mm), "x")); }'
    ),
    "strings of every statement": (
        "begin {"
        + " ".join(f"@k[str((uint64){n}), {n}] = str((uint64){n});" for n in range(40))
        + "}"
    ),
    "many variables": (
        "begin {"
        + " ".join(f"$v{n} = nsecs + {n}; $s{n} = comm;" for n in range(40))
        + " ".join(f"@[$v{n}, $s{n}] = $v{39 - n};" for n in range(40))
        + "}"
    ),
    "ifs within ifs": (
        "begin { $x = nsecs;" + "".join(f"if ($x & {1 << n}) {{ $x += {n}; " for n in range(30))
        + "print($x);" + "}" * 30 + "}"
    ),
    "values chosen within choices": (
        'begin { $s = pid ? (tid ? "a" : comm) : (uid ? str(curtask->comm) : "long one");'
        " @[$s] = 1;"
        " $t = pid ? (1, comm) : (tid ? (2, $s) : (3, str(curtask))); @t[$t] = $t; }"
    ),
    "shifts by variables": (
        "begin { $n = (int32)pid; $m = (uint8)tid; print(1 << $n); print($n >> $m); print($m >> 1);"
        " @ = -1; @ >>= $m; @ <<= $n; }"
    ),
    "bits of fields": (
        "begin { print(curtask->in_execve); @[curtask->sched_reset_on_fork] = curtask->in_iowait;"
        " if (curtask->in_execve) { exit(); } }"
    ),
    "pointers moved": (
        "begin { $p = (uint32 *)curtask; $i = pid; print(*($p + $i)); print($p[$i]); $p++;"
        " print(*$p); $t = curtask + 1; print($t->pid); @ = $p; @++; }"
    ),
    "addresses in every place": (
        "begin { $a = ntop(pid); $b = pid ? $a : ntop(10, 1); @[$a, 1] = $b;"
        " @t[($a, $b)] = ($b, 1); @c[$a] = count(); print((a = $a, b = 1));"
        ' printf("%s %-20s\\n", @[$b, 1], @t[($a, $a)].0);'
        " if ($a == $b || @[$a, 1] != $b) { delete(@, ($a, 1)); } }"
    ),
    "steps within expressions": (
        "begin { @[@n++, ++@m] = @n-- + --@m; $x = 1; @a[$x++] = $x--; print((@n++, $x++, ++@m)); }"
    ),
    "short circuits": (
        "begin { if (pid && @a++ > 5 || !(@b-- < 3)) { print(1); }"
        " $x = pid || @a++; $y = $x && tid; }"
    ),
    "an argument or a variable of outside, in a turn": (
        "rawtracepoint:sched_switch / curtask->real_parent / { $v = arg0 >> arg0; for ($i : @m) {"
        ' @m[(uint8[4])(int32)$v] = "hello"; unroll(3) {'
        " @s[((uint8[8])(uint64)6)[0], ntop(1)] = stats(arg0); @s[bswap(arg0),"
        ' ntop(AF_INET, pton("::ffff:1.2.3.4"))] = stats(args.next + pid ? $v : arg0); } } }'
    ),
    "a loop's own variable, counted down in another": (
        "begin { for ($i : 1..3) { for ($kv : @m) { @n = $i && @n; print($i--); } } }"
        " interval:s:1 { @m[pid] = tid; }"
    ),
    "a loop's own variable made wider": (
        'begin { @m["a", 1] = (1, "b"); for ($kv : @m) { print($kv);'
        ' $kv = (("a longer text", 7), (5, "longer, too")); print($kv); } }'
    ),
    "variables that turns count up": (
        "begin { @m[1] = 1; $n = 0; $t = (0, 1); $p = (int16 *)4; for ($kv : @m) {"
        " if ($n < 2) { print($kv); } if ($t.0 < 2) { print($t); } if ($p < 16) { print($p); }"
        " $n++; $t = ($t.0 + 1, 2); $p += 2;"
        " for ($i : 0..pid) { $n -= 1; if ($n > 20) { break; } } } print(($n, $t, $p)); }"
    ),
    "twenty probes": "".join(
        f"tracepoint:sched:sched_switch / pid == {n} / {{ @a[comm, {n}] = count(); }}\n"
        for n in range(20)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str, tmp_path: Path) -> None:
    path = tmp_path / "shape.bpf.o"
    argv = [str(console_script("aotracec")), "-e", SHAPES[name], "-o", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    load_all(path)
