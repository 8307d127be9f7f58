"""usdt: the sites of a static probe of user space. Target: binary, provider, name.

All sites are looked up here, each a member of its own: where its arguments lie is told to the
program by the map ARGUMENTS, under the member's number (runtime/members.py).
"""

from __future__ import annotations

from aotrace.loader.attach import uprobe
from aotrace.loader.attach.mechanism import Mechanism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.attach.mechanism import Scope, Target


def expand(parts: list[str], target: Target, scope: Scope) -> list[tuple[str, Target]]:
    """Raises PlaceError."""
    from aotrace.loader import places

    target = target if "binary" in target else locate(parts, target)
    found = []
    for path, site in places.static_probes(target, scope.pid):
        text = f"{parts[0]}:{path}:{site.name}"
        place = {
            **target, "path": site.path, "at": site.offset, "place": site.address,
            "pid": scope.user, "counter": site.counter,
            "arguments": b"".join(each.pack() for each in site.operands),
        }  # fmt: skip
        found.append((text, place))
    return found


def locate(parts: list[str], target: Target) -> Target:
    """Raises KeyError for what is no form of a usdt probe."""
    from aotrace.runtime.uprobes import usdt_of

    return {**target, **usdt_of(parts)}


MECHANISM = Mechanism(
    uprobe.attach, uprobe.explain, last_first=uprobe.last_first, locate=locate, expand=expand,
    spreading=uprobe.SPREADING, looks_up=True,
)  # fmt: skip
