"""What the script can know of its own settings and of the kernel that it comes to run on."""

from __future__ import annotations

from collections.abc import Callable

from aotrace.compiler.builtins.accepts import STRING
from aotrace.compiler.builtins.record import (
    Builtin,
    Function,
    LoadParameter,
    Parameter,
    ProbeContext,
    Site,
)
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.source import Span
from aotrace.compiler.syntax import nodes
from aotrace.compiler.types import NONE, UINT64, Bool, Type

#: the variables of `config`, in bpftrace's order
_VARIABLES = (
    "cpp_demangle", "lazy_symbolication", "print_maps_on_exit", "use_blazesym", "show_debug_info",
    "log_size", "max_bpf_progs", "max_cat_bytes", "max_map_keys", "max_probes", "max_strlen",
    "on_stack_limit", "perf_rb_pages", "str_trunc_trailer", "unstable_import_statement",
    "unstable_tseries", "unstable_typeinfo", "unstable_dw_ustack", "missing_probes", "stack_mode",
    "license",
)  # fmt: skip


def _literal(span: Span, value: int | bool | str) -> nodes.Expr:
    if isinstance(value, bool):
        return nodes.BoolLit(span, value)
    if isinstance(value, int):
        return nodes.IntLit(span, value)
    return nodes.StrLit(span, value.encode("utf-8", "surrogateescape"))


def _config(context: ProbeContext, span: Span) -> nodes.RecordLit:
    fields = ((name, _literal(span, context.config.of(name))) for name in _VARIABLES)
    return nodes.RecordLit(
        span, tuple(nodes.RecordField(span, name, value) for name, value in fields)
    )


def _nothing(e: Emitter, _context: ProbeContext, _target: Reg | None) -> Reg:
    return e.const(0)


def _no_type(_context: ProbeContext) -> Type:
    return NONE


def _name(site: Site) -> str:
    name = site.constants[0]
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else ""


def _question(name: str, doc: str, setting: Callable[[Site], str]) -> Function:
    def emit(e: Emitter, site: Site, _target: Reg | None) -> Reg:
        return e.setting(setting(site))

    def parameter(site: Site) -> LoadParameter:
        return LoadParameter(setting(site), UINT64.kind)

    return Function(
        name, doc, (Parameter("kfunc", STRING, constant=True),), lambda _: Bool(), emit,
        parameter=parameter,
    )  # fmt: skip


KERNEL = (
    Builtin(
        "config", "The script's settings as a record.", _no_type, _nothing, stand_in=_config
    ),
    _question(
        "kfunc_exist", "Whether the kernel that the trace runs on has a function of that name.",
        lambda site: f"kfunc:{_name(site)}",
    ),
    _question(
        "kfunc_allowed", "Whether programs of this probe's type may call a kernel function there.",
        lambda site: f"kfunc_allowed:{site.context.probe.kind.name}:{_name(site)}",
    ),
)  # fmt: skip
