"""BTF as both sides walk it: where each type begins, its kind and its name (linux/btf.h).

What a type says is the compiler's to decode (kernel/btf.py); the loader looks names up, and the
members of structs.
"""

from __future__ import annotations

import struct
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

STRUCT, UNION, ENUM, FUNC, FUNC_PROTO = 4, 5, 6, 12, 13
#: kind -> (words after the three common ones, words per element of vlen)
KIND_WORDS: dict[int, tuple[int, int]] = {
    1: (1, 0),  # int
    2: (0, 0),  # pointer
    3: (3, 0),  # array
    STRUCT: (0, 3),
    UNION: (0, 3),
    ENUM: (0, 2),
    7: (0, 0),  # forward declaration
    8: (0, 0),  # typedef
    9: (0, 0),  # volatile
    10: (0, 0),  # const
    11: (0, 0),  # restrict
    FUNC: (0, 0),
    FUNC_PROTO: (0, 2),
    14: (1, 0),  # variable
    15: (0, 3),  # section of data
    16: (0, 0),  # float
    17: (1, 0),  # declaration tag
    18: (0, 0),  # type tag
    19: (0, 3),  # enum of 64 bits
}
HEAD_WORDS = 3  # name, info, size or type
MEMBER_WORDS, PARAM_WORDS = 3, 2
_HEADER = struct.Struct("<HBBIIIII")


class RawBtf:
    """One file's BTF. `base`: the kernel's, which a module's continues in types and names."""

    def __init__(self, data: bytes, base: RawBtf | None = None) -> None:
        """Raises struct.error where it is no BTF."""
        _, _, _, header, type_start, type_size, string_start, size = _HEADER.unpack_from(data)
        first = header + type_start
        self.words = array("I", data[first : first + type_size])
        self._data = data
        self._strings = header + string_start
        self._string_size = size
        self._base = base
        self.first_id: int = base.first_id + base.count if base else 1
        self._starts: list[int] = []

    @property
    def starts(self) -> list[int]:
        """Where each type begins in `words`, in the order of their ids."""
        if not self._starts:
            words, at, end = self.words, 0, len(self.words)
            while at < end:
                self._starts.append(at)
                info = words[at + 1]
                fixed, each = KIND_WORDS.get(info >> 24 & 31, (0, 0))
                at += HEAD_WORDS + fixed + each * (info & 0xFFFF)
        return self._starts

    @property
    def count(self) -> int:
        return len(self.starts)

    @property
    def base_names(self) -> int:
        """How many bytes of names come before this file's own."""
        base = self._base
        return base.base_names + base._string_size if base else 0

    def name_at(self, offset: int) -> str:
        """A name by its offset, which counts on from the base's."""
        if self._base and offset < self.base_names:
            return self._base.name_at(offset)
        start = self._strings + offset - self.base_names
        return self._data[start : self._data.index(b"\0", start)].decode("utf-8", "replace")

    def named(self, *kinds: int, prefix: str = "") -> Iterator[tuple[int, int, str]]:
        """(id, place in `words`, name) of the types of some kinds whose name begins so; without
        those that have none."""
        words, data, wanted = self.words, self._data, prefix.encode()
        strings = self._strings - self.base_names
        for number, at in enumerate(self.starts, self.first_id):
            if words[at] and words[at + 1] >> 24 & 31 in kinds:
                own = words[at] >= self.base_names
                if not own or data.startswith(wanted, strings + words[at]):
                    name = self.name_at(words[at])
                    if own or name.startswith(prefix):
                        yield number, at, name

    def start_of(self, type_id: int) -> int:
        """Where a type of this file begins in `words`. Raises IndexError for the base's."""
        if type_id < self.first_id:
            raise IndexError(type_id)
        return self.starts[type_id - self.first_id]

    def members(self, at: int) -> Iterator[tuple[str, int]]:
        """Name and byte offset of each member of the struct at a place in `words`."""
        words, first = self.words, at + HEAD_WORDS
        for member in range(first, first + (words[at + 1] & 0xFFFF) * MEMBER_WORDS, MEMBER_WORDS):
            yield self.name_at(words[member]), (words[member + 2] & 0xFFFFFF) // 8

    def params(self, at: int) -> list[tuple[str, int]]:
        """Name and type of each parameter of the prototype at a place in `words`."""
        words, first = self.words, at + HEAD_WORDS
        count = words[at + 1] & 0xFFFF
        return [
            (self.name_at(words[p]), words[p + 1])
            for p in range(first, first + count * PARAM_WORDS, PARAM_WORDS)
        ]
