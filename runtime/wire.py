"""The ring buffer's records: one u64 header, the event's index in the metadata, then its fields.

Fields follow the header by natural alignment (runtime/layout.py); a record's size is fixed per
event and a multiple of 8, so that runs of equal records can be decoded at once.
"""

from __future__ import annotations

from aotrace.runtime.layout import Placement, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER_SIZE = 8
RECORD_ALIGN = 8


def place_record(members: Iterable[tuple[int, int]]) -> Placement:
    """Offsets of an event's fields from the start of its record, and the record's size."""
    return place(members, start=HEADER_SIZE, minimum_align=RECORD_ALIGN)
