"""Tracepoints resolved from BTF alone, judged by the formats of the same kernel."""

from __future__ import annotations

from dataclasses import dataclass, field

from aotrace.compiler.kernel.btf import Btf
from aotrace.compiler.kernel.event_format import EventFormat
from aotrace.compiler.kernel.tracepoint import Tracepoint
from aotrace.compiler.kernel.tracepoint_fields import agrees
from aotrace.compiler.kernel.tracepoint_formats import Formats
from aotrace.compiler.kernel.tracepoints import Tracepoints

# System calls have no struct each; programs cannot attach to what the function tracer writes.
_NO_EVENTS = {"syscalls", "ftrace"}


@dataclass
class Verdict:
    """Which events got the struct that their format describes, knowing the event's name only.

    misread: those of the wrong ones that stay wrong for a script that uses all their fields:
    some field would be read at a wrong place. absent: not in this BTF (events of modules).
    """

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    misread: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Part of the events in BTF that are right, 0 to 1."""
        return self.right / (self.right + len(self.wrong))


def judge(btf: Btf, formats: Formats) -> Verdict:
    """Resolve every event that there is a format of, without telling the formats."""
    tracepoints = Tracepoints(btf)
    verdict = Verdict()
    for category in sorted(set(formats.categories()) - _NO_EVENTS):
        for name in formats.events(category):
            event = formats.get(category, name)
            if event is not None:
                _judge_one(tracepoints, category, event, verdict)
    return verdict


def _judge_one(
    tracepoints: Tracepoints, category: str, event: EventFormat, verdict: Verdict
) -> None:
    found = tracepoints.find(category, event.name)
    if found is None:
        verdict.absent.append(f"{category}:{event.name}")
    elif agrees(found.fields, event.fields):
        verdict.right += 1
    else:
        verdict.wrong.append(f"{category}:{event.name} as {found.context_struct}")
        used = tracepoints.find(category, event.name, [f.name for f in event.fields])
        if used is None or not _reads_right(used, event):
            verdict.misread.append(verdict.wrong[-1])


def _reads_right(found: Tracepoint, event: EventFormat) -> bool:
    places = {(f.name, f.offset, f.size) for f in found.fields}
    return places >= {(f.name, f.offset, f.size) for f in event.fields}
