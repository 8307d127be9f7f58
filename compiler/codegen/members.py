"""Which member of its attach point a program is in, where the target completes it.

The number is the attach cookie, or the marker (runtime/members.py): the loader says by a setting,
which the verifier knows, so that kernels without the helper never see its call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import llvmlite.ir as ir
from aotrace.compiler.emitter import Reg
from aotrace.runtime.members import TEXT_SIZE, cookie_setting

if TYPE_CHECKING:
    from aotrace.compiler.codegen.emit import ProgramEmitter

_I64 = ir.IntType(64)


def number(e: ProgramEmitter) -> Reg:
    """The number of the member."""
    place = e.fn.stack_slot(8)
    marker = e.fn.module.member_symbol(e.planned.number).ptrtoint(_I64)
    e.store(place, 0, 8, e.op("and", e.hidden(marker), 0xFFFFFFFF))
    with e.if_(e.setting(cookie_setting(e.planned.record.name))):
        e.store(place, 0, 8, e.helper("get_attach_cookie", e.ctx))
    return e.load(place, 0, 8)


def text(e: ProgramEmitter) -> Reg:
    """The address of the member's text; that of zeros where the loader gave none."""
    key = e.fn.stack_slot(4)
    e.store(key, 0, 4, number(e))
    found = e.helper("map_lookup_elem", e.fn.module.member_texts, key)
    none = e.fn.module.zeros(TEXT_SIZE)
    return e.ir.select(e.fn.is_null(found), none, found)
