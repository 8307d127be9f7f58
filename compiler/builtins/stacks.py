"""Call stacks, addresses as symbols, symbols as addresses."""

from __future__ import annotations

from aotrace.compiler.builtins.accepts import ADDRESS, INTEGER, STRING
from aotrace.compiler.builtins.process import ids_here
from aotrace.compiler.builtins.record import (
    Accepts,
    EventSpec,
    Function,
    LoadParameter,
    Parameter,
    Site,
)
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.kernel_types import find_struct, find_variable
from aotrace.compiler.syntax.nodes import StrLit
from aotrace.compiler.types import (
    INT64,
    UINT64,
    Int,
    KernelSymbol,
    Stack,
    Str,
    Type,
    UserSymbol,
)
from aotrace.runtime.values.stacks import (
    BUILD_ID,
    COUNT_MASK,
    DEFAULT_LIMIT,
    MAX_LIMIT,
    MODES,
    NEW_STACK,
    StackKind,
)
from aotrace.runtime.values.symbols import UsymKind

_MODE_OR_DEPTH = Accepts("a stack mode or a number", lambda kind: isinstance(kind, (Int, Str)))
_STACK_PARAMETERS = (
    Parameter("mode", _MODE_OR_DEPTH, constant=True, optional=True, words=MODES),
    Parameter("depth", INTEGER, constant=True, optional=True),
)
_RAW = "raw"


def _mode(site: Site) -> str:
    given = site.constants[0] if site.constants else None
    word = given.decode("utf-8", "replace") if isinstance(given, bytes) else ""
    return word if word in MODES else site.context.config.stack_mode


def _limit(site: Site) -> int:
    given = site.constants[-1] if site.constants else None
    return given if isinstance(given, int) else DEFAULT_LIMIT


def _kstack_type(site: Site) -> Type:
    """A mode of the config that is for user stacks alone gives raw addresses of the kernel."""
    mode = _mode(site)
    return Stack(False, _RAW if mode == BUILD_ID else mode, _bounded(_limit(site)))


def _ustack_type(site: Site) -> Type:
    return Stack(True, _mode(site), _bounded(_limit(site)))


def _bounded(limit: int) -> int:
    """What the check refuses must have a type nonetheless."""
    return min(max(limit, 0), MAX_LIMIT)


def _check_stack(site: Site) -> None:
    name, limit = site.node.name, _limit(site)
    if len(site.args) == 2 and not isinstance(site.constants[0], bytes):
        text = f"{name}() takes its mode before its depth"
        site.error(text, f"write {name}(MODE, DEPTH)", arg=0)
    elif site.args and isinstance(site.args[0], StrLit):
        site.error(f"the mode of {name}() stands without quotes", arg=0)
    elif not 0 <= limit <= MAX_LIMIT:
        text = f"a stack of {name}() has 0 to {MAX_LIMIT} frames, not {limit}"
        site.error(text, arg=-1)


def _check_kstack(site: Site) -> None:
    _check_stack(site)
    if site.constants and site.constants[0] == BUILD_ID.encode():
        site.error(
            "'build_id' is a mode of ustack() alone", "frames of the kernel have none", arg=0
        )
    elif _mode(site) == BUILD_ID:
        text = "'build_id' is a mode of ustack() alone: kstack shows raw addresses here"
        site.warning(text, "give kstack() a mode of its own")


def _stack(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    kind = e.type_of(site.node)
    assert isinstance(kind, Stack)
    return e.stack(kind)


def _unwound_stack(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    kind = e.type_of(site.node)
    assert isinstance(kind, Stack)
    return e.unwound_stack(kind)


#: What a walk of the stack reads of the kernel (codegen/unwind.py).
_UNWOUND = ("task_struct", "mm_struct", "pt_regs")


def _check_unwound(site: Site) -> None:
    _check_stack(site)
    lacking = [name for name in _UNWOUND if not find_struct(site.context.btf, "struct", name)]
    if lacking:
        site.error(f"the kernel this is built for has no {lacking[0]} in its BTF")
    elif _mode(site) == BUILD_ID:
        site.error("dw_ustack() has no mode 'build_id'", "it finds addresses: use ustack(build_id)")


def _new_stack(site: Site) -> tuple[EventSpec, ...]:
    """Of each new stack of a process the loader is told while the process lives."""
    kind = _ustack_type(site).kind
    named = isinstance(kind, StackKind) and kind.named
    return (EventSpec(NEW_STACK, (site.node,)),) if named else ()


def _ksym(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.value(site.args[0])


def _usym(e: Emitter, site: Site, target: Reg | None) -> Reg:
    target = e.slot(UsymKind.size) if target is None else target
    e.store(target, 0, 8, e.value(site.args[0]))
    pid = e.op("lshr", ids_here(e, told=False), 32)
    e.store(target, UsymKind.pid_offset, 8, pid)
    return target


def _kaddr_setting(site: Site) -> LoadParameter:
    return LoadParameter(f"kaddr:{_name(site)}", UINT64.kind)


def _name(site: Site) -> str:
    given = site.constants[0]
    return given.decode("utf-8", "surrogateescape") if isinstance(given, bytes) else ""


def _check_kaddr(site: Site) -> None:
    name = _name(site)
    if not name or any(char.isspace() for char in name):
        site.error(f"`{name}` cannot be the name of a kernel symbol", arg=0)


def _kaddr(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.load(e.setting_at(_kaddr_setting(site).name), 0, 8)


def _check_percpu(site: Site) -> None:
    name = _name(site)
    if find_variable(site.context.btf, name) is None:
        text = f"no variable `{name}` in BTF that each CPU has its own of"
        site.error(text, "see `bpftool btf dump file /sys/kernel/btf/vmlinux`, VAR", arg=0)


def _percpu(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    """0 where there is no such CPU."""
    return e.kernel_variable(_name(site), e.value(site.args[1]) if len(site.args) > 1 else None)


def _len(e: Emitter, site: Site, _target: Reg | None) -> Reg:
    return e.op("and", e.value(site.args[0]), COUNT_MASK)


#: What len() is of a value; of a map it is another function.
LENGTH = Function(
    "len", "How many frames a stack has.",
    (Parameter("value", Accepts("a map or a stack", lambda kind: isinstance(kind, Stack))),),
    lambda _: INT64, _len,
)  # fmt: skip

STACKS = (
    Function(
        "kstack", "The kernel's call stack: kstack([mode,] [depth]).",
        _STACK_PARAMETERS, _kstack_type, _stack, _check_kstack,
    ),
    Function(
        "ustack", "The call stack of the process: ustack([mode,] [depth]).",
        _STACK_PARAMETERS, _ustack_type, _stack, _check_stack, events=_new_stack,
    ),
    Function(
        "dw_ustack",
        "The call stack of the process by its unwind tables: dw_ustack([mode,] [depth]).",
        _STACK_PARAMETERS, _ustack_type, _unwound_stack, _check_unwound, events=_new_stack,
        unstable="unstable_dw_ustack",
    ),
    Function(
        "ksym", "An address of the kernel, shown as the symbol there.",
        (Parameter("address", ADDRESS),), lambda _: KernelSymbol(), _ksym,
    ),
    Function(
        "usym", "An address of the process, shown as the symbol there.",
        (Parameter("address", ADDRESS),), lambda _: UserSymbol(), _usym,
    ),
    Function(
        "kaddr", "The address of a symbol of the target's kernel.",
        (Parameter("name", STRING, constant=True),), lambda _: UINT64, _kaddr, _check_kaddr,
        _kaddr_setting,
    ),
    Function(
        "percpu_kaddr", "The address of a CPU's own kernel variable: percpu_kaddr(name [, cpu]).",
        (Parameter("name", STRING, constant=True), Parameter("cpu", INTEGER, optional=True)),
        lambda _: UINT64, _percpu, _check_percpu,
    ),
)  # fmt: skip
