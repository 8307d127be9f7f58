"""The verifier's limits, in words: what was too much, which lines took it, what to do."""

from __future__ import annotations

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_END_UNSEEN = "make a `for` loop over a range of it: of that the verifier knows that it ends"
_SHORTER = (
    "give loops fewer turns, test less within them, or split the probe; "
    "a `for` loop over a long range is looked at once, a `while` loop turn by turn"
)
_FLATTER = "nest fewer loops, use fewer variables of outside within them, or split the probe"
_TOO_MUCH = "more than the million instructions that the verifier looks at, loops turn by turn"
#: What the verifier says -> in our words, and a hint.
_LIMITS = {
    "infinite loop detected": ("a loop of which it does not see the end", _END_UNSEEN),
    "BPF program is too large": (_TOO_MUCH, _SHORTER),
    "is too complex": ("more open branches than the 8192 that the verifier keeps", _SHORTER),
    "combined stack size": ("more than the 512 bytes of stack that BPF has", _FLATTER),
    "frames is too deep": ("more than the 8 calls within each other that BPF has", _FLATTER),
}
_LAST = 8  # of the log's lines: what follows a verdict is a state, too
_MOST = 3  # lines of the script that are named
_AT_LEAST = 5  # percent
_FEW = 100  # lines: of so short a log only the last place counts


def exceeded(told: Sequence[str], code: int) -> tuple[str, str, str]:
    """The limit that was hit: in words, with the verifier's own; empty if it was none.

    Of a log that is cut off the error's number alone is left.
    """
    for said, (words, hint) in _LIMITS.items():
        for line in reversed(told[-_LAST:]):
            if said in line:
                return words, line, hint
    if code == errno.E2BIG:
        return _TOO_MUCH, "", _SHORTER
    return "", "", ""


def shares(told: Sequence[str]) -> list[str]:
    """`SCRIPT:LINE: TEXT (PERCENT)` of the lines that took most of what the verifier looked at."""
    if len(told) < _FEW:
        return [spelled(line) for line in told if line.startswith(";")][-1:]
    counts: dict[str, int] = {}
    source = ""
    for line in told:
        if line.startswith(";"):
            source = line
        elif ":" in line and line.split(":", 1)[0].isdigit():
            counts[source] = counts.get(source, 0) + 1
    total = sum(counts.values())
    most = sorted(counts.items(), key=lambda item: -item[1])[:_MOST]
    return [
        f"{spelled(line)} ({round(100 * count / total)}%)"
        for line, count in most
        if line and 100 * count >= _AT_LEAST * total
    ]


def spelled(source: str) -> str:
    """`SCRIPT:LINE: TEXT` of a log's `; TEXT @ SCRIPT:LINE`; older kernels give the text alone."""
    text, _, at = source.lstrip("; ").partition(" @ ")
    return f"{at}: {text}" if at else text
