"""ntop, pton and addresses on the running kernel: every line of the contract, as text and JSON."""

from __future__ import annotations

import json
import subprocess
from typing import Any, NamedTuple

import pytest

from tests.support.observe import Job, observe
from tests.support.packs import READY, WORKLOAD
from tests.support.places import SYSTEM_PYTHON, console_script

pytestmark = [
    pytest.mark.live,
    pytest.mark.needs("root", "bpf", "btf", "libbpf", "ipv6", "system-python"),
]


class Shown(NamedTuple):
    """What a script prints, as text and as the JSON records' type and data."""

    script: str
    text: str
    records: list[tuple[str, Any]]


def shown(expression: str, text: str, data: Any) -> Shown:
    """One expression, printed as a value."""
    return Shown(f"print({expression});", f"{text}\n", [("value", data)])


def address(expression: str, text: str) -> Shown:
    return shown(expression, text, text)


V6 = 'pton("1:2:3:4:5:6:7:8")'
DIGITS = "3132:3334:3536:3738:3930:3132:3334:3500"  # "123456789012345" and its NUL

# What x may be, and what af does.
ADDRESSES = {
    "network order as it lies in memory": address("ntop(0x0100007f)", "127.0.0.1"),
    "nothing set": address("ntop(0)", "0.0.0.0"),
    "minus one": address("ntop(-1)", "255.255.255.255"),
    "truncated to 32 bits": address("ntop(0x70100007f)", "127.0.0.1"),
    "a small type": address("ntop((uint8)1)", "1.0.0.0"),
    "a boolean's integer": address("ntop((uint64)true)", "1.0.0.0"),
    "a builtin": address("ntop(2, pid & 0)", "0.0.0.0"),
    "integer as IPv6": address("ntop(10, 1)", "100::"),
    "4 bytes as IPv6": address('ntop(10, pton("1.2.3.4"))', "102:304::"),
    "16 bytes as IPv4": address(f"ntop(2, {V6})", "0.1.0.2"),
    "unknown family": address("ntop(99, 1)", ""),
    "family zero": address("ntop(0, 1)", ""),
    "family of the run": address("ntop((pid & 0) + 10, 1)", "100::"),
    "family of the run, 16 bytes": address(f"ntop((pid & 0) + 2, {V6})", "0.1.0.2"),
    "names of families, 4": address("ntop(AF_INET, 0x0100007f)", "127.0.0.1"),
    "names of families, 6": address(f"ntop(AF_INET6, {V6})", "1:2:3:4:5:6:7:8"),
    "array of 4": address('ntop(pton("1.2.3.4"))', "1.2.3.4"),
    "array of 16": address('ntop(pton("fe80::1"))', "fe80::1"),
    "mapped": address('ntop(pton("::ffff:1.2.3.4"))', "::ffff:1.2.3.4"),
    "long form": address('ntop(pton("0:0:0:0:0:0:0:1"))', "::1"),
    "uint8[4]": address("ntop((uint8[4])(uint32)0x04030201)", "1.2.3.4"),
    "uint16[2]": address("ntop((uint16[2])(uint32)0x04030201)", "1.2.3.4"),
    "uint32[1]": address("ntop((uint32[1])(uint32)0x04030201)", "1.2.3.4"),
    "uint8[16]": address('ntop((uint8[16])"123456789012345")', DIGITS),
    "uint16[8]": address('ntop((uint16[8])"123456789012345")', DIGITS),
    "uint32[4]": address('ntop((uint32[4])"123456789012345")', DIGITS),
    "uint64[2]": address('ntop((uint64[2])"123456789012345")', DIGITS),
    "char[4]": address('ntop("abc")', "97.98.99.0"),
    "char[16]": address('ntop("123456789012345")', DIGITS),
    "unreadable, IPv4": address("ntop(((struct sock *)0)->__sk_common.skc_daddr)", "0.0.0.0"),
    "unreadable, IPv6": address("ntop(((struct sock *)0)->__sk_common.skc_v6_daddr)", "::"),
    "mac address": address('macaddr("abcde")', "61:62:63:64:65:00"),
    "bytes of a literal": shown('pton("1.2.3.4")', "[1,2,3,4]", [1, 2, 3, 4]),
    "bytes of a long literal": shown(
        'pton("::1")', f"[{'0,' * 15}1]", [0] * 15 + [1]
    ),
    "one byte of a literal": shown('pton("1.2.3.4")[2]', "3", 3),
}  # fmt: skip

# Addresses are compared byte by byte.
COMPARISONS = {
    "equal": shown("ntop(1) == ntop(1)", "true", True),
    "not equal": shown("ntop(1) == ntop(2)", "false", False),
    "of two families": shown("ntop(1) == ntop(10, 1)", "false", False),
    "unequal": shown("ntop(1) != ntop(2)", "true", True),
    "not unequal": shown("ntop(1) != ntop(1)", "false", False),
    "literal and number": shown('(uint32)pton("127.0.0.1") == 0x0100007f', "true", True),
    "literals": shown('pton("::1") == pton("0::1")', "true", True),
    "in a tuple": shown("(ntop(1), 2) == (ntop(1), 2)", "true", True),
    "in a variable": Shown(
        'let $a: inet; if (pid) { $a = ntop(1); } print($a == ntop(pton("1.0.0.0")));',
        "true\n", [("value", True)],
    ),
}  # fmt: skip

# An address is a value like any other.
PLACES = {
    "printf": Shown(
        'printf("%s|%20s|%-20s|\\n", ntop(1), ntop(2), ntop(10, 1));',
        f"1.0.0.0|{'2.0.0.0':>20}|{'100::':<20}|\n",
        [("printf", f"1.0.0.0|{'2.0.0.0':>20}|{'100::':<20}|\n")],
    ),
    "printf of an empty one": Shown(
        'printf("[%s] [%4s]\\n", ntop(99, 1), ntop(99, 1));', "[] [    ]\n",
        [("printf", "[] [    ]\n")],
    ),
    "tuple": shown("(ntop(1), 5, ntop(10, 1))", "(1.0.0.0, 5, 100::)", ["1.0.0.0", 5, "100::"]),
    "tuple in a tuple": shown("(1, (ntop(1), 2))", "(1, (1.0.0.0, 2))", [1, ["1.0.0.0", 2]]),
    "item of a tuple": address("(5, ntop(1)).1", "1.0.0.0"),
    "record": shown(
        "(a = ntop(1), b = 2)", "{ .a = 1.0.0.0, .b = 2 }", {"a": "1.0.0.0", "b": 2}
    ),
    "field of a record": address("(a = ntop(1), b = 2).a", "1.0.0.0"),
    "ternary": Shown(
        "print(pid ? ntop(1) : ntop(10, 1)); print(!pid ? ntop(1) : ntop(10, 1));",
        "1.0.0.0\n100::\n", [("value", "1.0.0.0"), ("value", "100::")],
    ),
    "if and else": Shown(
        "$a = ntop(0); if (pid) { $a = ntop(10, 1); } else { $a = ntop(1); } print($a);",
        "100::\n", [("value", "100::")],
    ),
    "variable": Shown(
        "$a = ntop(1); $b = $a; $a = ntop(10, 1); print($a); print($b);",
        "100::\n1.0.0.0\n", [("value", "100::"), ("value", "1.0.0.0")],
    ),
    "map value": Shown(
        "@a = ntop(0x0100007f);", "@a: 127.0.0.1\n", [("map", {"@a": "127.0.0.1"})]
    ),
    "map value that is read": Shown(
        "@a[1] = ntop(10, 1); print(@a[1]); clear(@a);", "100::\n", [("value", "100::")]
    ),
    "map key": Shown(
        "@k[ntop(1)] = 5; @k[ntop(1)] += 1;", "@k[1.0.0.0]: 6\n", [("map", {"@k": {"1.0.0.0": 6}})]
    ),
    "map key, both families": Shown(
        "@k[ntop(1)] = 1; @k[ntop(10, 1)] = 2;", "@k[1.0.0.0]: 1\n@k[100::]: 2\n",
        [("map", {"@k": {"1.0.0.0": 1, "100::": 2}})],
    ),
    "keys of several parts": Shown(
        '@k[ntop(pton("::1")), 1] = 5;', "@k[::1, 1]: 5\n", [("map", {"@k": {"::1,1": 5}})]
    ),
    "keys and values": Shown(
        "@k[1, ntop(1)] = (ntop(2), 3);", "@k[1, 1.0.0.0]: (2.0.0.0, 3)\n",
        [("map", {"@k": {"1,1.0.0.0": ["2.0.0.0", 3]}})],
    ),
    "key of a count": Shown(
        "@c[ntop(1)] = count(); @c[ntop(1)] = count();", "@c[1.0.0.0]: 2\n",
        [("map", {"@c": {"1.0.0.0": 2}})],
    ),
    "key that is deleted": Shown(
        "@k[ntop(1)] = 1; print(has_key(@k, ntop(1))); delete(@k, ntop(1));"
        " print(has_key(@k, ntop(1)));",
        "true\nfalse\n", [("value", True), ("value", False)],
    ),
}  # fmt: skip

VALUES = {**ADDRESSES, **COMPARISONS}  # each prints one line and touches no map


def run(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [str(console_script("aotracec")), "run", "--no-warnings", *options, "-e", script]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60)


def begin(*body: str) -> str:
    return f"begin {{ {' '.join(body)} exit(); }}"


def text_of(*body: str) -> str:
    done = run(begin(*body), "-q")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def records_of(*body: str) -> list[tuple[str, Any]]:
    done = run(begin(*body), "-f", "json")
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    found = [(record["type"], record["data"]) for record in records]
    return [record for record in found if record[0] != "attached_probes"]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """What each of VALUES prints, all of them printed by one script."""
    lines = text_of(*(case.script for case in VALUES.values())).split("\n")
    return dict(zip(VALUES, lines))


@pytest.fixture(scope="module")
def records() -> dict[str, tuple[str, Any]]:
    return dict(zip(VALUES, records_of(*(case.script for case in VALUES.values()))))


@pytest.mark.parametrize("name", VALUES)
def test_value_as_text(name: str, texts: dict[str, str]) -> None:
    assert texts[name] + "\n" == VALUES[name].text


@pytest.mark.parametrize("name", VALUES)
def test_value_as_json(name: str, records: dict[str, tuple[str, Any]]) -> None:
    assert [records[name]] == VALUES[name].records


@pytest.mark.parametrize("name", PLACES)
def test_place_as_text(name: str) -> None:
    shown_lines = text_of(PLACES[name].script).split("\n")  # empty ones stand before maps
    assert [line for line in shown_lines if line] == PLACES[name].text.splitlines()


@pytest.mark.parametrize("name", PLACES)
def test_place_as_json(name: str) -> None:
    assert records_of(PLACES[name].script) == PLACES[name].records


def test_a_definition_of_the_script_goes_before_ours() -> None:
    done = run(f"#define AF_INET 10\n{begin('print(ntop(AF_INET, 1));')}", "-q")
    assert done.stdout.strip() == "100::"


@pytest.mark.parametrize("conversion", ["d", "x", "u", "c", "p", "ld"])
def test_no_number_is_made_of_an_address(conversion: str) -> None:
    done = run(begin(f'printf("%{conversion}", ntop(1));'))
    assert done.returncode == 1
    assert f"unsupported format specifier for type 'inet[24]': {conversion[-1]}" in done.stderr
    assert done.stdout == ""


def test_a_family_that_contradicts_the_size_is_told() -> None:
    script = begin('print(ntop(AF_INET6, pton("1.2.3.4")));')
    argv = [str(console_script("aotracec")), "run", "-q", "-e", script]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "102:304::"
    assert "WARNING: AF_INET6 contradicts an address of 4 bytes" in done.stderr


KERNEL = """
tracepoint:sock:inet_sock_set_state
/args.newstate == TCP_SYN_SENT/
{
  $sk = (struct sock *)args.skaddr;
  if (args.family == AF_INET) {
    printf("field %s\\n", ntop($sk->__sk_common.skc_daddr));
    printf("in_addr %s\\n", ntop(*(struct in_addr *)$sk));
    printf("family %s\\n", ntop(args.family, args.daddr));
    printf("array %s\\n", ntop(args.daddr));
    @seen[ntop(args.daddr), 4] = count();
  } else {
    printf("in6_addr %s\\n", ntop($sk->__sk_common.skc_v6_daddr));
    printf("bytes %s\\n", ntop($sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8));
    printf("halves %s\\n", ntop($sk->__sk_common.skc_v6_daddr.in6_u.u6_addr16));
    printf("words %s\\n", ntop($sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32));
    printf("family %s\\n", ntop(args.family, args.daddr_v6));
    printf("array %s\\n", ntop(args.daddr_v6));
    @seen[ntop(args.daddr_v6), 6] = count();
  }
}
"""


def test_addresses_in_the_kernels_memory() -> None:
    """Of real connections, over both families, in every form that the kernel keeps them in."""
    workload = [str(SYSTEM_PYTHON), str(WORKLOAD), "exchange"]
    argv = [str(console_script("aotracec")), "run", "--no-warnings", "-e", KERNEL]
    result = observe(Job("inet", argv, ready=READY, workload=workload)).check()
    lines = set(result.stdout.splitlines())
    four = {f"{form} 127.0.0.1" for form in ("field", "in_addr", "family", "array")}
    six = {f"{form} ::1" for form in ("in6_addr", "bytes", "halves", "words", "family", "array")}
    assert four | six <= lines, result.stdout
    keys = {line.rpartition(": ")[0] for line in lines}  # others connect, too
    assert {"@seen[127.0.0.1, 4]", "@seen[::1, 6]"} <= keys
