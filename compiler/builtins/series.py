"""tseries(): an aggregate by intervals of time; the layout is that of runtime/values/series.py."""

from __future__ import annotations

from aotrace.compiler.builtins.accepts import INTEGER, STRING
from aotrace.compiler.builtins.aggregate import is_signed
from aotrace.compiler.builtins.clock import now_in_tai
from aotrace.compiler.builtins.record import AggregateFunction, Parameter, Site
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import Aggregate
from aotrace.runtime.values.series import BUCKET_SIZE, WAYS, TseriesKind

_VALUE, _EXTRA, _NUMBER = 0, 8, 16  # of a bucket
_WORD = 8
_MOST = (1 << 15) // BUCKET_SIZE  # a per-CPU value has at most 32 KiB
_ASKED = WAYS[1:]


def _number(site: Site, index: int) -> int:
    value = site.constants[index]
    return value if isinstance(value, int) and value > 0 else 1


def _way(site: Site) -> str:
    given = site.constants[3] if len(site.constants) > 3 else None
    way = given.decode("utf-8", "replace") if isinstance(given, bytes) else "last"
    return way if way in WAYS else "last"


def _kind(site: Site) -> TseriesKind:
    count = min(_number(site, 2), _MOST)
    return TseriesKind(is_signed(site), _number(site, 1), count, _way(site))


def _check(site: Site) -> None:
    interval, count = site.constants[1:3]
    if isinstance(interval, int) and interval < 1:
        site.error(f"tseries() interval_ns must be >= 1 ({interval} provided)", arg=1)
    if isinstance(count, int) and count < 1:
        site.error(f"tseries() num_intervals must be >= 1 ({count} provided)", arg=2)
    elif isinstance(count, int) and count > _MOST:
        site.error(f"tseries() keeps at most {_MOST} intervals ({count} provided)", arg=2)
    given = site.constants[3] if len(site.constants) > 3 else None
    if isinstance(given, bytes) and given.decode("utf-8", "replace") not in _ASKED:
        text = given.decode("utf-8", "replace")
        site.error(f"tseries() knows no `{text}`", f"it takes {', '.join(_ASKED)}", arg=3)


def _update(e: Emitter, site: Site, entry: Reg, value: Reg) -> None:
    kind = _kind(site)
    now = now_in_tai(e)
    number = e.op("udiv", now, kind.interval)
    place = e.bounded(e.op("urem", number, kind.count), kind.count - 1)
    bucket = e.offset(entry, e.op("mul", place, BUCKET_SIZE), step=_WORD)
    with e.if_(e.op("ne", e.load(bucket, _NUMBER, _WORD), number)):
        e.store(bucket, _VALUE, _WORD, e.const(0))
        e.store(bucket, _EXTRA, _WORD, e.const(0))
        e.store(bucket, _NUMBER, _WORD, number)
    kept, extra = e.load(bucket, _VALUE, _WORD), e.load(bucket, _EXTRA, _WORD)
    if kind.way in ("max", "min"):
        less = {"max": ("ult", "slt"), "min": ("ugt", "sgt")}[kind.way][kind.signed]
        beats = e.op("or", e.op("eq", extra, 0), e.op(less, kept, value))
        e.store(bucket, _VALUE, _WORD, e.select(beats, value, kept))
        e.store(bucket, _EXTRA, _WORD, e.const(1))
    elif kind.way == "last":
        e.store(bucket, _VALUE, _WORD, value)
        e.store(bucket, _EXTRA, _WORD, now)
    else:
        e.store(bucket, _VALUE, _WORD, e.op("add", kept, value))
        e.store(bucket, _EXTRA, _WORD, e.op("add", extra, 1))


SERIES = (
    AggregateFunction(
        "tseries", "The last value (or avg, max, min, sum) of each of the latest intervals.",
        (
            Parameter("n", INTEGER), Parameter("interval_ns", INTEGER, constant=True),
            Parameter("num_intervals", INTEGER, constant=True),
            Parameter("way", STRING, constant=True, optional=True),
        ),
        lambda site: Aggregate("tseries", _kind(site)), _update, _check,
        unstable="unstable_tseries",
    ),
)  # fmt: skip
