"""Where a program is attached: which address of the kernel, or of the process that runs there."""

from __future__ import annotations

from aotrace.compiler.builtins.record import ProbeContext
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.kernel_types import find_struct
from aotrace.compiler.probes.record import FunctionAddress
from aotrace.compiler.types import Struct

_PAGE = 4096
_CHAINED = 4  # functions that ended in a call of the next, of which the kernel tells at once


def address(e: Emitter, context: ProbeContext, place: FunctionAddress) -> Reg:
    if place.word:
        return e.argument(place.word)
    if not place.user:
        return e.helper("get_func_ip", e.ctx)
    found = e.slot(8)
    _function(e, context, found)
    with e.if_(e.op("eq", e.load(found, 0, 8), 0)):
        instance = _last_instance(e, context)
        e.store(found, 0, 8, e.member(instance, _instance(context), "func"))
    return e.load(found, 0, 8)


def load_bias(e: Emitter, context: ProbeContext) -> Reg:
    """How far the process has the probe's file from where the file states to be."""
    place = context.probe.place
    assert place  # checked
    stated = e.member_place()
    if place.word:
        return e.op("sub", e.argument(place.word), stated)
    bias = e.slot(8)
    _function(e, context, bias)
    with e.if_else(e.load(bias, 0, 8)) as (known, unknown):
        with known:
            e.store(bias, 0, 8, e.op("sub", e.load(bias, 0, 8), stated))
        with unknown:
            _bias_of_instance(e, context, stated, bias)
    return e.load(bias, 0, 8)


def _function(e: Emitter, context: ProbeContext, target: Reg) -> None:
    """The function that returns, where the kernel tells: Linux 6.6 and later; else 0."""
    e.store(target, 0, 8, e.const(0))
    with e.if_(e.has_helper("get_func_ip")):
        e.store(target, 0, 8, e.helper("get_func_ip", e.ctx))


def _bias_of_instance(e: Emitter, context: ProbeContext, stated: Reg, bias: Reg) -> None:
    """The kernel lists the functions that are to return, the last first. Of some that return at
    once, where each ended in a call of the next, the right one is that at a distance of whole
    pages."""
    instance = e.slot(8)
    e.store(instance, 0, 8, _last_instance(e, context))
    with e.turns(_CHAINED) as (_, stop):
        here = e.load(instance, 0, 8)
        distance = e.op("sub", e.member(here, _instance(context), "func"), stated)
        e.store(bias, 0, 8, distance)
        stop(e.op("eq", e.op("and", distance, _PAGE - 1), 0))
        e.store(instance, 0, 8, e.member(here, _instance(context), "next"))


def _last_instance(e: Emitter, context: ProbeContext) -> Reg:
    task = find_struct(context.btf, "struct", "task_struct")
    assert task
    return e.member(e.helper("get_current_task"), task, "utask", "return_instances")


def _instance(context: ProbeContext) -> Struct:
    found = find_struct(context.btf, "struct", "return_instance")
    assert found
    return found
