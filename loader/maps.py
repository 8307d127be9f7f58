"""Reading maps: in batches where the kernel has them, merged over CPUs, in bpftrace's order."""

from __future__ import annotations

from aotrace.loader.libbpf.lib import BpfError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aotrace.loader.libbpf.handles import Map
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.runtime import metadata

    #: An entry as shown: decoded key (None of a scalar map), decoded and merged value.
    Row = tuple[Any, Any]

_BATCH_BYTES = 1 << 20  # of values that are read at once
_BATCH_MOST, _BATCH_LEAST = 8192, 64
_SCALAR_KEY = bytes(4)


class ScriptMap:
    """A map of the script: its record in the metadata and its handle."""

    def __init__(self, record: metadata.Map, handle: Map, cpus: int) -> None:
        self.record = record
        self._handle = handle
        self._slot = (handle.value_size + 7) // 8 * 8  # the kernel rounds each CPU's value up
        self._cpus = cpus if record.per_cpu else 1
        self._size = self._slot * cpus if record.per_cpu else handle.value_size
        self._zeroed = False  # zero() leaves an entry, which an array's bytes do not tell

    def rows(self, top: int | None = None, divisor: int | None = None) -> list[Row]:
        """The entries to print, in order: by value where values have a rank, ties by key, else by
        key. `top` keeps the last so many; `divisor` is what the values are divided by."""
        rows = self._sorted(self._read())
        if top and top > 0:  # a negative one is a very large one
            rows = rows[-top:]
        if divisor:
            scaled = self.record.value.scaled
            rows = [(key, scaled(value, divisor)) for key, value in rows]
        return rows

    def zero_row(self) -> Row:
        """What a scalar map without an entry prints."""
        raw = bytes(self._size)
        return None, self._values(raw, 1)[0]

    def clear(self) -> None:
        """Remove every key."""
        if self.record.fixed:
            self._handle.update(_SCALAR_KEY, bytes(self._size))
            self._zeroed = False
            return
        for key in self._keys():
            self._handle.delete(key)

    def zero(self) -> None:
        """Set every value to zero, on all CPUs."""
        nothing = bytes(self._size)
        keys = self._keys()
        self._zeroed = bool(keys)
        for key in keys:
            self._handle.update(key, nothing)

    def _keys(self) -> list[bytes]:
        size = self._handle.key_size
        return [
            keys[at : at + size]
            for keys, _, count in self._raw()
            for at in range(0, count * size, size)
        ]

    def _sorted(self, rows: list[Row]) -> list[Row]:
        key, value = self.record.key, self.record.value
        if key is None:
            return rows
        ranks = [value.rank(shown) or 0 for _, shown in rows]
        keys = list(zip(ranks, key.order_many([row[0] for row in rows]), range(len(rows))))
        return [rows[number] for _, _, number in sorted(keys)]

    def _read(self) -> list[Row]:
        key = self.record.key
        rows: list[Row] = []
        for keys, values, count in self._raw():
            decoded = key.decode_many(keys, count, self._handle.key_size) if key else [None] * count
            rows += zip(decoded, self._values(values, count))
        return rows

    def _values(self, raw: bytes, count: int) -> list[Any]:
        kind = self.record.value
        if not self.record.per_cpu:
            return kind.decode_many(raw, count, self._size)
        columns = (
            kind.decode_many(raw, count, self._size, cpu * self._slot) for cpu in range(self._cpus)
        )
        return kind.merge_many(list(columns))

    def _raw(self) -> Iterator[tuple[bytes, bytes, int]]:
        """(keys, values, how many), whatever the kernel gives at once."""
        if self.record.fixed:
            yield from self._only()
            return
        count = max(_BATCH_LEAST, min(_BATCH_MOST, _BATCH_BYTES // max(self._size, 1)))
        try:
            yield from self._handle.batches(self._size, count)
        except BpfError:
            yield from self._one_by_one()

    def _only(self) -> Iterator[tuple[bytes, bytes, int]]:
        """The entry of an array, if something was put into it."""
        value = self._handle.lookup(_SCALAR_KEY, self._size)
        if value and (self._zeroed or any(value)):
            yield _SCALAR_KEY, value, 1

    def _one_by_one(self) -> Iterator[tuple[bytes, bytes, int]]:
        for key in self._handle.every_key():
            value = self._handle.lookup(key, self._size)
            if value is not None:
                yield key, value, 1


def possible_cpus(lib: Libbpf) -> int:
    """How many values a per-CPU map has for each key."""
    cpus: int = lib.libbpf_num_possible_cpus()
    return cpus
