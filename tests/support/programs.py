"""Random scripts that are valid, or nearly so: what a compiler must turn into loadable programs.

Every choice is drawn from a random.Random, so that hypothesis (st.randoms) can shrink a script.
Types are written as "int", "bool", "str", "inet", "task" (a task_struct pointer), "ptr" (an int32
pointer), "bytes" (uint8[4]), "pair" (a struct of the script's own), "kuid" (one of the kernel's) or
as a tuple of them; a record is a dict.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
_PLACES = ("tight, l", "pair, in", "pair, in.list", "task_struct, pid")
_DEEPEST = 2  # loops over maps within each other
Kind = Any
SCALARS = ("int", "bool", "str", "inet", "task")
SMALL = (*SCALARS, "ptr", "bytes", "pair", "kuid")
_DEFINITIONS = """struct pair {
  int x; short y; unsigned char z : 3; struct { char c[5]; int list[2]; } in;
};
#pragma pack(1)
struct tight { char c; long l; };
#pragma pack()
"""
_MACROS = """macro twice(x) { x + x }
macro next($v) { $own = $v + 1; $own * 2 }
macro larger(x) { if comptime (sizeof(x) == 8) { x / 2 } else { x } }
macro told(x) { print(x); }
"""

_INTEGERS = (
    "0", "1", "-1", "2", "7", "127", "128", "255", "-128", "1000", "65536", "0xffffffff",
    "4294967296", "-2147483649", "9223372036854775807", "18446744073709551615", "1e6", "5ms",
)  # fmt: skip
_BUILTINS = ("pid", "tid", "uid", "gid", "nsecs", "elapsed", "cpu", "AF_INET", "TCP_CLOSE")
_FIELDS = ("pid", "tgid", "prio", "exit_code", "in_execve", "sched_reset_on_fork", "start_time",
           "flags", "mm->total_vm", "cred->uid.val", "real_parent->pid", "comm[1]",
           "nsproxy->net_ns->ns.inum")  # fmt: skip
_STRINGS = ('""', '"a"', '"hello"', '"a longer string, for sure"', '"%d"', '"\\n\\"\\\\"', '"ä→"')
_ADDRESSES = ('"127.0.0.1"', '"::1"', '"::ffff:1.2.3.4"', '"0.0.0.0"')
_MEMBERS = ("x", "y", "z", "in.list[1]", "in.c[2]")
_CASTS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool")
_ARITHMETIC = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_COMPOUND = ("+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")
_AGGREGATES = ("count()", "sum({})", "min({})", "max({})", "avg({})", "stats({})", "hist({})",
               "hist({}, 3)", "lhist({}, 0, 100, 10)")  # fmt: skip

_LEAVES = {
    "int": (*_INTEGERS, *_BUILTINS, *_BUILTINS, "curtask->pid", "$1", "$#", 'getopt("n", 5)'),
    "bool": ("true", "false", "!pid", 'getopt("b")'),
    "str": (*_STRINGS, "comm", "comm", "probe", "curtask->comm", 'str("literal")',
            "str($2)", "str($2 + 1)", 'getopt("s", "text")'),
    "inet": ("ntop(1)", "ntop(10, 1)", 'ntop("abc")', "ntop(99, 1)",
             *(f"ntop(pton({address}))" for address in _ADDRESSES)),
    "task": ("curtask", "curtask->real_parent"),
    "ptr": ("(int32 *)5", "(int32 *)curtask", "uptr((int32 *)8)"),
    "bytes": ('pton("1.2.3.4")', "(uint8[4])(uint32)258", "(uint8[4])pid"),
    "pair": ("*(struct pair *)0", "*(struct pair *)curtask", "*uptr((struct pair *)8)"),
    "kuid": ("curtask->cred->uid", "curtask->real_parent->cred->uid"),
}  # fmt: skip

#: attach point -> what only it has, by type
_PROBES: dict[str, dict[str, tuple[str, ...]]] = {
    "begin": {},
    "end": {},
    "interval:s:1": {},
    "tracepoint:sched:sched_switch": {
        "int": ("args.prev_pid", "args->next_prio", "args.prev_state"),
        "str": ("args.prev_comm", "args.next_comm"),
    },
    "tracepoint:syscalls:sys_enter_openat": {
        "int": ("args.flags", "args.dfd"), "str": ("str(args.filename)", "str(args.filename, 20)"),
    },
    "tracepoint:sock:inet_sock_set_state": {
        "int": ("args.newstate", "args.sport", "args.saddr[1]"),
        "inet": ("ntop(args.saddr)", "ntop(args.daddr_v6)", "ntop(args.family, args.saddr_v6)"),
    },
    "rawtracepoint:sched_switch": {"int": ("arg0", "arg1"), "task": ("args.prev", "args.next")},
}  # fmt: skip


def script(random: Random, statements: int = 5, probes: int = 3) -> str:
    """One script over common maps: at most so many probes, each of at most so many statements."""
    return _Writer(random).script(statements, probes)


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.maps: dict[str, tuple[Kind, Kind]] = {}  # name -> key (None: no key) and value
        self.sums: dict[str, tuple[Kind, str]] = {}  # the same, with the function
        self.scopes: list[dict[str, Kind]] = []
        self.own: dict[str, tuple[str, ...]] = {}
        self.loops = 0  # around the statement that is written
        self.number = 0  # of loops, for names of their variables

    def pick(self, items: Iterable[T]) -> T:
        return self.random.choice(list(items))

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    # --- the script

    def script(self, statements: int, most: int) -> str:
        for number in range(self.random.randrange(4)):
            self.maps[f"@m{number}"] = (self.key_kind(), self.kind(2))
        for number in range(self.random.randrange(3)):
            self.sums[f"@s{number}"] = (self.key_kind(), self.pick(_AGGREGATES))
        probes = ["begin"] + [self.pick(_PROBES) for _ in range(self.random.randrange(most))]
        return (
            _DEFINITIONS
            + _MACROS
            + "\n".join(
                self.probe(point, statements, first=not i) for i, point in enumerate(probes)
            )
        )

    def probe(self, point: str, statements: int, first: bool) -> str:
        self.own, self.scopes = _PROBES[point], []
        self.scopes.append({})
        predicate = f" / {self.condition(1)} /" if not first and self.chance(30) else ""
        body = self.definitions() if first else []
        body += [self.statement(3) for _ in range(self.random.randrange(1, statements + 1))]
        return f"{point}{predicate}\n{{\n  " + "\n  ".join(body) + "\n}\n"

    def definitions(self) -> list[str]:
        """First values of the maps, each made of those before it."""
        maps, self.maps = self.maps, {}
        lines = []
        for name, (key, value) in maps.items():
            lines.append(f"{self.access(name, key, 1)} = {self.expression(value, 1)};")
            self.maps[name] = (key, value)
        return lines + [self.aggregate(name) for name in self.sums]

    # --- kinds

    def kind(self, depth: int) -> Kind:
        if depth and self.chance(25):
            items = [self.kind(depth - 1) for _ in range(self.random.randrange(1, 4))]
            if self.chance(30):
                return dict(zip("abc", items))
            return tuple(items)
        return self.pick(SMALL)

    def key_kind(self) -> Kind:
        return None if self.chance(30) else self.kind(1)

    # --- statements

    def statement(self, depth: int) -> str:
        return str(self.pick(self.statements(depth))(depth))

    def statements(self, depth: int) -> list[Any]:
        found: list[Any] = [self.variable, self.variable, self.print_, self.print_, self.printf,
                            self.call, self.step]  # fmt: skip
        if self.maps:
            found += [self.assign_map, self.assign_map, self.delete, self.change_map]
        if self.sums:
            found += [lambda _: self.aggregate(self.pick(self.sums))] * 2
        if depth:
            found += [self.if_, self.unroll, self.choice, self.for_range, self.comptime]
            keyed = [n for n, (key, _) in self.maps.items() if key is not None]
            found += [self.for_map] if keyed and self.loops < _DEEPEST else []
        if self.loops:
            found.append(self.jump)
        return found

    def block(self, depth: int) -> str:
        self.scopes.append({})
        lines = [self.statement(depth - 1) for _ in range(self.random.randrange(1, 4))]
        self.scopes.pop()
        return "{ " + " ".join(lines) + " }"

    def if_(self, depth: int) -> str:
        text = f"if ({self.condition(2)}) {self.block(depth)}"
        if self.chance(50):
            text += f" else {self.block(depth)}"
        elif self.chance(30):
            text += f" else if ({self.condition(1)}) {self.block(depth)}"
        return text

    def unroll(self, depth: int) -> str:
        return f"unroll({self.random.randrange(1, 4)}) {self.block(depth)}"

    def for_range(self, depth: int) -> str:
        last = self.pick(["3", "3", "$1", "pid", f"({self.expression('int', 0)} & 7)"])
        first = self.pick(["0", "-1", "1"])
        return self.loop(f"{first}..{last}", "int", depth)

    def for_map(self, depth: int) -> str:
        name = self.pick(n for n, (key, _) in self.maps.items() if key is not None)
        return self.loop(name, self.maps[name], depth)

    def loop(self, over: str, kind: Kind, depth: int) -> str:
        name = f"$i{self.number}"
        self.number += 1
        self.scopes.append({name: kind})
        self.loops += 1
        body = self.block(depth)
        self.loops -= 1
        self.scopes.pop()
        return f"for ({name} : {over}) {body}"

    def jump(self, depth: int) -> str:
        return f"if ({self.condition(1)}) {{ {self.pick(['break', 'continue'])}; }}"

    def comptime(self, depth: int) -> str:
        known = self.variables()
        what = self.pick(known) if known else "int32"
        condition = f"sizeof({what}) {self.pick(_COMPARISONS)} {self.pick(['1', '4', '8'])}"
        return f"if comptime ({condition}) {self.block(depth)} else {self.block(depth)}"

    def choice(self, depth: int) -> str:
        return f'{self.condition(1)} ? printf("yes") : printf("%d", {self.expression("int", 1)});'

    def variable(self, depth: int) -> str:
        known = self.variables()
        if known and self.chance(40):
            name = self.pick(known)
            return f"{name} = {self.expression(known[name], 2)};"
        name, kind = f"$v{len(known)}", self.kind(2)
        value = self.expression(kind, 2)
        self.scopes[-1][name] = kind
        if kind == "int" and self.chance(20):
            return f"let {name}: {self.pick(_CASTS[:-1])} = {value};"
        if self.chance(10):
            return f"let {name} = {value};"
        return f"{name} = {value};"

    def step(self, depth: int) -> str:
        known = [name for name, kind in self.variables().items() if kind == "int"]
        if not known:
            return "time();"
        name = self.pick(known)
        if self.chance(50):
            return self.pick([f"{name}++;", f"--{name};", f"print({name}--);", f"print(++{name});"])
        return f"{name} {self.pick(_COMPOUND)} {self.expression('int', 2)};"

    def assign_map(self, depth: int) -> str:
        name = self.pick(self.maps)
        key, value = self.maps[name]
        return f"{self.access(name, key, 2)} = {self.expression(value, 2)};"

    def change_map(self, depth: int) -> str:
        known = [name for name, (_, value) in self.maps.items() if value == "int"]
        if not known:
            return self.assign_map(depth)
        name = self.pick(known)
        target = self.access(name, self.maps[name][0], 1)
        if self.chance(50):
            return self.pick([f"{target}++;", f"--{target};"])
        return f"{target} {self.pick(_COMPOUND)} {self.expression('int', 2)};"

    def aggregate(self, name: str) -> str:
        key, function = self.sums[name]
        value = function.replace("{}", self.expression("int", 2))
        return f"{self.access(name, key, 1)} = {value};"

    def delete(self, depth: int) -> str:
        name = self.pick(self.maps)
        key = self.maps[name][0]
        if key is None or self.chance(30):
            return f"{self.pick(['clear', 'zero', 'print'])}({name});"
        return f"delete({name}, {self.expression(key, 1)});"

    def print_(self, depth: int) -> str:
        return f"print({self.expression(self.kind(2), 3)});"

    def printf(self, depth: int) -> str:
        kinds = [self.kind(1) for _ in range(self.random.randrange(4))]
        form = " ".join(self.conversion(kind) for kind in kinds)
        args = "".join(f", {self.expression(kind, 2)}" for kind in kinds)
        return f'printf("{form}\\n"{args});'

    def conversion(self, kind: Kind) -> str:
        if kind == "int":
            return self.pick(["%d", "%5u", "%lx", "%c", "%-8lld", "%s", "%p"])
        return self.pick(["%s", "%20s", "%-20s"])

    def call(self, depth: int) -> str:
        plain = ('time("%H");', "exit();", "return;", 'print(strftime("%S", nsecs));')
        return self.pick((*plain, f"_ = {self.expression('int', 2)};"))

    # --- expressions

    def variables(self) -> dict[str, Kind]:
        return {name: kind for scope in self.scopes for name, kind in scope.items()}

    def access(self, name: str, key: Kind, depth: int) -> str:
        if key is None:
            return name
        if isinstance(key, tuple) and len(key) > 1:
            return f"{name}[{', '.join(self.expression(item, depth) for item in key)}]"
        return f"{name}[{self.expression(key, depth)}]"

    def condition(self, depth: int) -> str:
        return self.expression(self.pick(["bool", "int", "task", "ptr"]), depth)

    def expression(self, kind: Kind, depth: int) -> str:
        """An expression of that kind, in parentheses where it needs them."""
        reads = self.reads(kind, depth)
        if reads and self.chance(35):
            return self.made(reads)
        if depth > 0 and self.chance(15):
            then, other = (self.expression(kind, depth - 1) for _ in range(2))
            return f"({self.condition(depth - 1)} ? {then} : {other})"
        if isinstance(kind, dict):
            fields = (f"{name} = {self.expression(item, depth - 1)}" for name, item in kind.items())
            return f"({', '.join(fields)})"
        if isinstance(kind, tuple):
            items = ", ".join(self.expression(item, depth - 1) for item in kind)
            return f"({items},)" if len(kind) == 1 else f"({items})"
        if depth <= 0 or self.chance(20):
            return self.pick(_LEAVES[kind])
        makers: list[Any] = getattr(self, f"{kind}_makers")(depth - 1)
        return self.made(makers)

    def made(self, makers: list[Any]) -> str:
        return str(self.pick(makers)())

    def reads(self, kind: Kind, depth: int) -> list[Any]:
        """Ways to read a value of that kind that is kept somewhere."""
        texts = [
            path for name, held in self.variables().items() for path in _paths(name, held, kind)
        ]
        texts += self.own.get(str(kind), ())
        found: list[Any] = [lambda text=text: text for text in texts]
        for name, (key, held) in self.maps.items():
            if key is None or depth > 0:
                found += [
                    lambda n=name, k=key, s=suffix: self.access(n, k, depth - 1) + s
                    for suffix in _paths("", held, kind)
                ]
        return found

    def int_makers(self, depth: int) -> list[Any]:
        def one() -> str:
            return self.expression("int", depth)

        def task() -> str:
            return self.expression("task", depth)

        def arithmetic() -> str:
            operator = self.pick(_ARITHMETIC)
            right = f"({one()} | tid)" if operator in "/%" else one()
            return f"({one()} {operator} {right})"

        def index() -> str:
            return self.pick(["0", f"((uint64){one()} & pid)"])

        def stepped() -> str:
            known = [name for name, kind in self.variables().items() if kind == "int"]
            return f"next({self.pick(known)})" if known else "comptime 5"

        def pointed() -> str:
            known = [name for name, kind in self.variables().items() if kind == "pair"]
            return f"(&{self.pick(known)})->{self.pick(_MEMBERS)}" if known else "*(int16 *)curtask"

        return [
            arithmetic, arithmetic, arithmetic,
            lambda: f"{self.pick(['-', '~', '+'])}({one()})",
            lambda: f"({self.pick(_CASTS[:-1])}){one()}",
            lambda: f"{task()}->{self.pick(_FIELDS)}",
            lambda: f"sizeof({self.pick(['struct task_struct', 'int32', 'pid', 'comm'])})",
            lambda: f"bswap({one()})",
            lambda: f"twice({one()})",
            lambda: f"larger({one()})",
            lambda: f"({one()} ? : {one()})",
            lambda: f"comptime (sizeof({self.pick(_CASTS)}) * {self.pick(_INTEGERS[:8])})",
            lambda: f"(sizeof(struct tight) + offsetof(struct {self.pick(_PLACES)}))",
            lambda: f"({{ {self.print_(0)} {one()} }})",
            stepped,
            lambda: f"(uint32)pton({self.pick(_ADDRESSES[::3])})",
            lambda: f"{self.expression('str', depth)}[{index()}]",
            lambda: f"((uint8[8])(uint64){one()})[{index()}]",
            lambda: f"*((uint32 *){task()} + {one()})",
            lambda: f"((uint16 *){task()})[{one()}]",
            lambda: f"(uint64){task()}",
            lambda: f"*{self.expression('ptr', depth)}",
            lambda: f"({self.expression('ptr', depth)})[{index()}]",
            lambda: f"({self.expression('bytes', depth)})[{index()}]",
            lambda: f"(uint32)({self.expression('bytes', depth)})",
            lambda: f"({self.expression('pair', depth)}).{self.pick(_MEMBERS)}",
            lambda: f"({self.expression('pair', depth)}).in.list[{index()}]",
            lambda: f"({self.expression('kuid', depth)}).val",
            pointed, pointed,
        ]  # fmt: skip

    def bool_makers(self, depth: int) -> list[Any]:
        def compared(kind: Kind, operators: tuple[str, ...]) -> str:
            one, two = self.expression(kind, depth), self.expression(kind, depth)
            return f"({one} {self.pick(operators)} {two})"

        def has_key(name: str) -> str:
            return f"has_key({name}, {self.expression(self.maps[name][0], depth)})"

        return [
            lambda: compared(self.pick(["int", "int", "task"]), _COMPARISONS),
            lambda: compared(self.kind(2), _COMPARISONS[:2]),
            lambda: compared(self.pick(["str", "inet"]), _COMPARISONS[:2]),
            lambda: f"({self.condition(depth)} && {self.condition(depth)})",
            lambda: f"({self.condition(depth)} || {self.condition(depth)})",
            lambda: f"!{self.condition(depth)}",
            lambda: f"(bool){self.expression('int', depth)}",
            *(
                lambda name=name: has_key(name)
                for name, (key, _) in self.maps.items() if key is not None
            ),
        ]  # fmt: skip

    def str_makers(self, depth: int) -> list[Any]:
        def task() -> str:
            return self.expression("task", depth)

        return [
            lambda: f"{task()}->comm",
            lambda: f"str({task()}->comm)",
            lambda: f"str({task()})",
            lambda: f"str({task()}, {self.pick(['5', 'pid', '0'])})",
            lambda: f"str({self.expression('str', depth)})",
        ]

    def ptr_makers(self, depth: int) -> list[Any]:
        def one() -> str:
            return self.expression("int", depth)

        def address() -> str:
            known = list(self.variables())
            return f"(int32 *)&{self.pick(known)}" if known else "(int32 *)6"

        return [
            lambda: f"(int32 *){one()}",
            lambda: f"({self.expression('ptr', depth)} + {one()})",
            lambda: f"({self.expression('ptr', depth)} - {one()})",
            lambda: f"{self.pick(['uptr', 'kptr'])}({self.expression('ptr', depth)})",
            address, address,
        ]  # fmt: skip

    def bytes_makers(self, depth: int) -> list[Any]:
        return [
            lambda: f"(uint8[4])(uint32){self.expression('int', depth)}",
            lambda: f"(uint8[4])(int32){self.expression('int', depth)}",
        ]

    def pair_makers(self, depth: int) -> list[Any]:
        def copied() -> str:
            known = [name for name, kind in self.variables().items() if kind == "pair"]
            return f"*&{self.pick(known)}" if known else "*(struct pair *)curtask"

        return [
            lambda: f"*(struct pair *){self.expression('ptr', depth)}",
            lambda: f"*(struct pair *)({self.expression('int', depth)})",
            copied,
        ]

    def kuid_makers(self, depth: int) -> list[Any]:
        def copied() -> str:
            known = [name for name, kind in self.variables().items() if kind == "kuid"]
            return f"*&{self.pick(known)}" if known else "curtask->cred->euid"

        return [lambda: f"{self.expression('task', depth)}->cred->uid", copied]

    def inet_makers(self, depth: int) -> list[Any]:
        def one() -> str:
            return self.expression("int", depth)

        return [
            lambda: f"ntop({one()})",
            lambda: f"ntop(AF_INET6, {one()})",
            lambda: f"ntop({one()}, {one()})",
            lambda: f"ntop({self.pick(['AF_INET', one()])}, pton({self.pick(_ADDRESSES)}))",
        ]

    def task_makers(self, depth: int) -> list[Any]:
        def task() -> str:
            return self.expression("task", depth)

        return [
            lambda: f"{task()}->real_parent",
            lambda: f"{task()}->group_leader",
            lambda: f"((struct task_struct *){self.expression('int', depth)})",
            lambda: f"({task()} + {self.expression('int', depth)})",
        ]


def _paths(name: str, held: Kind, wanted: Kind) -> list[str]:
    """How to get at values of a kind within one of another."""
    found = [name] if held == wanted else []
    if isinstance(held, tuple):
        for index, item in enumerate(held):
            found += _paths(f"{name}.{index}", item, wanted)
    if isinstance(held, dict):
        for field, item in held.items():
            found += _paths(f"{name}.{field}", item, wanted)
    return found
