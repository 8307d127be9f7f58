"""One file per kind of value: its layout and its formatting together."""

from __future__ import annotations

from aotrace.runtime.values.aggregates import (
    AvgKind,
    CountKind,
    MaxKind,
    MinKind,
    StatsKind,
    SumKind,
)
from aotrace.runtime.values.base import Kind
from aotrace.runtime.values.buffer import BufferKind
from aotrace.runtime.values.composite import (
    ArrayKind,
    OpaqueKind,
    RecordKind,
    StructKind,
    TupleKind,
)
from aotrace.runtime.values.hist import HistKind, LhistKind
from aotrace.runtime.values.ints import BoolKind, EnumKind, IntKind, PointerKind
from aotrace.runtime.values.net import InetKind, MacKind
from aotrace.runtime.values.series import TseriesKind
from aotrace.runtime.values.stacks import KstackKind, UstackKind
from aotrace.runtime.values.strings import StrKind
from aotrace.runtime.values.symbols import KsymKind, UsymKind
from aotrace.runtime.values.time import TimestampKind
from aotrace.runtime.values.users import CgroupPathKind, UsernameKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.runtime.values.base import Spec

__all__ = [
    "KINDS",
    "ArrayKind",
    "AvgKind",
    "BoolKind",
    "BufferKind",
    "CgroupPathKind",
    "CountKind",
    "EnumKind",
    "HistKind",
    "InetKind",
    "IntKind",
    "Kind",
    "KstackKind",
    "KsymKind",
    "LhistKind",
    "MacKind",
    "MaxKind",
    "MinKind",
    "OpaqueKind",
    "PointerKind",
    "RecordKind",
    "StatsKind",
    "StrKind",
    "StructKind",
    "SumKind",
    "TimestampKind",
    "TseriesKind",
    "TupleKind",
    "UsernameKind",
    "UstackKind",
    "UsymKind",
    "from_spec",
]  # fmt: skip

#: Every kind that a spec may name.
KINDS: tuple[type[Kind], ...] = (
    IntKind, BoolKind, PointerKind, EnumKind, StrKind, InetKind, MacKind, ArrayKind, TupleKind,
    RecordKind, TimestampKind, CountKind, SumKind, MinKind, MaxKind, AvgKind, StatsKind,
    HistKind, LhistKind, TseriesKind, KsymKind, UsymKind, KstackKind, UstackKind, StructKind,
    OpaqueKind,
    BufferKind, UsernameKind, CgroupPathKind,
)  # fmt: skip
_BY_TAG = {kind.tag: kind for kind in KINDS}


def from_spec(spec: Spec) -> Kind:
    """The kind that a spec describes. Raises ValueError for an unknown or malformed one.

    Parameters that this version does not know are ignored.
    """
    try:
        parameters = {key: _nested(value) for key, value in spec.items() if key != "kind"}
        return _BY_TAG[spec["kind"]].from_parameters(parameters)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a value kind: {spec!r}") from error


def _nested(value: object) -> object:
    if isinstance(value, dict) and "kind" in value:
        return from_spec(value)
    if isinstance(value, list):
        return [_nested(item) for item in value]
    return value
