"""What each kind of probe becomes, and what the names inside of it stand for."""

from __future__ import annotations

import pytest
from aotrace.compiler.probes.record import ContextWord, SiteWord

from tests.golden.cases import Case, load, verify
from tests.support.compiling import analyse


def _word(word: ContextWord | SiteWord) -> str:
    place = f"at {word.offset}" if isinstance(word, ContextWord) else "of its site"
    return f"{word.type} {place}"


def _shown(script: str) -> str:
    lines = []
    for planned in analyse(script).plan.programs:
        record, probe = planned.record, planned.unit.probe
        lines.append(f"{record.name} {record.section} {record.mechanism} {record.target}")
        for name, argument in (probe.arguments or {}).items():
            lines.append(f"  args.{name} {argument.type}")
        if probe.words:
            words = ", ".join(_word(word) for word in probe.words)
            lines.append(f"  arg0 …: {words}")
        if probe.result:
            lines.append(f"  retval {probe.result.type}")
    return "\n".join(lines)


@pytest.mark.parametrize("case", load("probes"), ids=str)
def test_probe(case: Case) -> None:
    verify(case, _shown)
