"""Numbers that only the target can name: users, cgroups."""

from __future__ import annotations

from aotrace.runtime.values.ints import CodedKind


class UsernameKind(CodedKind):
    """A user id, shown as the name that the target has for it; empty where it has none."""

    tag = "username"
    code = "I"
    needs = "users"
    integral = False

    def __init__(self) -> None:
        self.size = self.align = 4

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u32"),)

    def text(self, value: int) -> str:
        name: str = self.service.name(value)
        return name

    def json(self, value: int) -> str:
        return self.text(value)


class CgroupPathKind(CodedKind):
    """The id of a cgroup, shown as `HIERARCHY:PATH` in each hierarchy that the filter matches."""

    tag = "cgroup_path"
    code = "Q"
    needs = "cgroups"
    integral = False
    fields = {"filter": str}

    def __init__(self, filter: str) -> None:
        self.filter = filter
        self.size = self.align = 8

    def layout(self) -> tuple[tuple[str, int, str], ...]:
        return (("", 0, "u64"),)

    def text(self, value: int) -> str:
        paths: str = self.service.paths(value, self.filter)
        return paths

    def json(self, value: int) -> str:
        return self.text(value)
