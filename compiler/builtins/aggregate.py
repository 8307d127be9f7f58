"""Functions that sum up in a map, a value per CPU: the layouts are those of runtime/values."""

from __future__ import annotations

from functools import partial

from aotrace.compiler.builtins.accepts import INTEGER
from aotrace.compiler.builtins.record import AggregateFunction, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import Aggregate, Int, Type
from aotrace.runtime.values import (
    AvgKind,
    CountKind,
    HistKind,
    LhistKind,
    MaxKind,
    MinKind,
    StatsKind,
    SumKind,
)

_VALUE = Parameter("n", INTEGER)
_WORD = 8
_MAX_BITS = 5
_SPREAD = 0x03F79D71B4CB0A89  # 64 numbers 2^n - 1 times it differ in their upper 6 bits
_PLACES = bytes(
    place
    for _, place in sorted(
        (((1 << place + 1) - 1) * _SPREAD % (1 << 64) >> 58, place) for place in range(64)
    )
)
_MAX_BUCKETS = 1000  # bpftrace's limit for lhist()


def is_signed(site: Site) -> bool:
    kind = site.types[0]
    if isinstance(kind, Int) and kind.flexible:
        return True
    return isinstance(kind, Int) and kind.signed


def _add(e: Emitter, entry: Reg, offset: int, value: Reg) -> None:
    e.store(entry, offset, _WORD, e.op("add", e.load(entry, offset, _WORD), value))


def _count(e: Emitter, _site: Site, entry: Reg, _value: Reg) -> None:
    _add(e, entry, 0, e.const(1))


def _sum(e: Emitter, _site: Site, entry: Reg, value: Reg) -> None:
    _add(e, entry, 0, value)


def _avg(e: Emitter, _site: Site, entry: Reg, value: Reg) -> None:
    _add(e, entry, 0, value)
    _add(e, entry, _WORD, e.const(1))


def _extreme(less: str, more: str, e: Emitter, site: Site, entry: Reg, value: Reg) -> None:
    """Keep the value when none was seen yet or when it beats the one kept."""
    kept, seen = e.load(entry, 0, _WORD), e.load(entry, _WORD, _WORD)
    beats = e.op(more if is_signed(site) else less, value, kept)
    with e.if_(e.op("or", beats, e.op("eq", seen, 0))):
        e.store(entry, 0, _WORD, value)
        e.store(entry, _WORD, _WORD, e.const(1))


def _merge_sums(e: Emitter, _kind: Aggregate, state: Reg, entry: Reg) -> None:
    _add(e, state, 0, e.load(entry, 0, _WORD))


def _merge_averages(e: Emitter, kind: Aggregate, state: Reg, entry: Reg) -> None:
    _merge_sums(e, kind, state, entry)
    _add(e, state, _WORD, e.load(entry, _WORD, _WORD))


def _merge_extremes(
    less: str, more: str, e: Emitter, kind: Aggregate, state: Reg, entry: Reg
) -> None:
    """Take a CPU's value when that CPU has seen one and it beats the others'."""
    value, kept = e.load(entry, 0, _WORD), e.load(state, 0, _WORD)
    beats = e.op(more if kind.signed else less, value, kept)
    first = e.op("eq", e.load(state, _WORD, _WORD), 0)
    seen = e.op("ne", e.load(entry, _WORD, _WORD), 0)
    with e.if_(e.op("and", seen, e.op("or", beats, first))):
        e.store(state, 0, _WORD, value)
        e.store(state, _WORD, _WORD, e.const(1))


def _merged(e: Emitter, _kind: Aggregate, state: Reg) -> Reg:
    return e.load(state, 0, _WORD)


def _average(e: Emitter, kind: Aggregate, state: Reg) -> Reg:
    total, number = e.load(state, 0, _WORD), e.load(state, _WORD, _WORD)
    if not kind.signed:
        return e.op("udiv", total, number)
    negative = e.op("slt", total, 0)
    size = e.op("udiv", e.select(negative, e.op("sub", 0, total), total), number)
    return e.select(negative, e.op("sub", 0, size), size)


def _bump(e: Emitter, entry: Reg, bucket: Reg) -> None:
    _add(e, e.offset(entry, e.op("mul", bucket, _WORD), step=_WORD), 0, e.const(1))


def _bits(site: Site) -> int:
    bits = site.constants[1] if len(site.constants) > 1 else 0
    return bits if isinstance(bits, int) and 0 <= bits <= _MAX_BITS else 0


def _check_hist(site: Site) -> None:
    if len(site.constants) > 1:
        bits = site.constants[1]
        if isinstance(bits, int) and not 0 <= bits <= _MAX_BITS:
            site.error(f"hist() takes 0 to {_MAX_BITS} bits, not {bits}", arg=1)


def _hist(e: Emitter, site: Site, entry: Reg, value: Reg) -> None:
    bits = _bits(site)
    bucket = _hist_bucket(e, value, bits)
    _bump(e, entry, e.bounded(bucket, HistKind(bits).buckets - 1))


def _hist_bucket(e: Emitter, number: Reg, bits: int) -> Reg:
    """The rule that runtime/values/hist.py, HistKind, states."""
    top = _highest_bit(e, number)
    finer = e.op("sub", top, bits)
    octave = e.op("shl", e.op("add", finer, 1), bits)
    within = e.op("and", e.op("lshr", number, e.op("and", finer, 63)), (1 << bits) - 1)
    large = e.op("add", e.op("add", octave, within), 1)
    exact = e.op("add", number, 1)
    bucket = e.select(e.op("ult", number, 1 << bits), exact, large)
    return e.select(e.op("slt", number, 0), 0, bucket)


def _highest_bit(e: Emitter, number: Reg) -> Reg:
    """The place of the highest bit set, without a branch: the verifier walks through each.

    With all lower bits set as well, the number is one of 64, which a multiplication tells apart by
    its upper 6 bits.
    """
    for shift in (1, 2, 4, 8, 16, 32):
        number = e.op("or", number, e.op("lshr", number, shift))
    index = e.op("lshr", e.op("mul", number, _SPREAD), 58)
    return e.load(e.offset(e.blob(_PLACES), index), 0, 1)


def _range(site: Site) -> tuple[int, int, int]:
    numbers = [n if isinstance(n, int) else 0 for n in site.constants[1:4]]
    low, high, step = numbers
    if step <= 0 or high <= low or (high - low) // step > _MAX_BUCKETS:
        return 0, 1, 1
    return low, high, step


def _check_lhist(site: Site) -> None:
    numbers = [n for n in site.constants[1:4] if isinstance(n, int)]
    if len(numbers) < 3:
        return
    low, high, step = numbers
    if step <= 0:
        site.error(f"lhist() step must be at least 1 ({step} given)", arg=3)
    elif low < 0:
        site.error(f"lhist() min must be at least 0 ({low} given)", arg=1)
    elif high <= low:
        site.error(f"lhist() max ({high}) must be greater than min ({low})", arg=2)
    elif (high - low) // step > _MAX_BUCKETS:
        buckets = (high - low) // step
        site.error(f"lhist() has too many buckets, at most {_MAX_BUCKETS} ({buckets} asked)", arg=3)


def _lhist(e: Emitter, site: Site, entry: Reg, value: Reg) -> None:
    low, high, step = _range(site)
    inner = e.op("add", e.op("udiv", e.op("sub", value, low), step), 1)
    last = LhistKind(low, high, step).buckets - 1
    within = e.select(e.op("sge", value, high), last, inner)
    bucket = e.select(e.op("slt", value, low), 0, within)
    _bump(e, entry, e.bounded(bucket, last))


def _stored(name: str, site: Site) -> Type:
    kinds = {"sum": SumKind, "min": MinKind, "max": MaxKind, "avg": AvgKind, "stats": StatsKind}
    return Aggregate(name, kinds[name](is_signed(site)))


AGGREGATES = (
    AggregateFunction(
        "count", "How often it was called.", (), lambda _: Aggregate("count", CountKind()), _count,
        merge=_merge_sums, result=_merged, first=(1).to_bytes(_WORD, "little"),
    ),
    AggregateFunction(
        "sum", "The sum of the values.", (_VALUE,), partial(_stored, "sum"), _sum,
        merge=_merge_sums, result=_merged,
    ),
    AggregateFunction(
        "min", "The least value.", (_VALUE,), partial(_stored, "min"),
        partial(_extreme, "ult", "slt"), merge=partial(_merge_extremes, "ult", "slt"),
        result=_merged,
    ),
    AggregateFunction(
        "max", "The greatest value.", (_VALUE,), partial(_stored, "max"),
        partial(_extreme, "ugt", "sgt"), merge=partial(_merge_extremes, "ugt", "sgt"),
        result=_merged,
    ),
    AggregateFunction(
        "avg", "The average of the values.", (_VALUE,), partial(_stored, "avg"), _avg,
        merge=_merge_averages, result=_average,
    ),
    AggregateFunction(
        "stats", "Count, average and total of the values.", (_VALUE,), partial(_stored, "stats"),
        _avg, merge=_merge_averages,
    ),
    AggregateFunction(
        "hist", "A histogram by powers of two, finer with bits.",
        (_VALUE, Parameter("bits", INTEGER, constant=True, optional=True)),
        lambda site: Aggregate("hist", HistKind(_bits(site))), _hist, _check_hist,
    ),
    AggregateFunction(
        "lhist", "A linear histogram.",
        (_VALUE, *(Parameter(name, INTEGER, constant=True) for name in ("min", "max", "step"))),
        lambda site: Aggregate("lhist", LhistKind(*_range(site))), _lhist, _check_lhist,
    ),
)  # fmt: skip
