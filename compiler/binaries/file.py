"""A traced file as the build host has it, opened when something of it is asked for."""

from __future__ import annotations

from functools import cached_property

from aotrace.compiler.arch import Arch
from aotrace.compiler.binaries.dwarf import Dwarf, DwarfError
from aotrace.runtime import binaries
from aotrace.runtime.members import is_wild


class File:
    """The file that an attach point calls `binary`."""

    def __init__(self, binary: str, arch: Arch) -> None:
        self.binary = binary
        self.arch = arch

    @cached_property
    def dwarf(self) -> Dwarf:
        """Its debugging information. Raises DwarfError."""
        if not self.binary or is_wild(self.binary):
            raise DwarfError("the file is not known at build time", "name one file in the script")
        path = binaries.find(self.binary)
        if not path:
            raise DwarfError(
                f"there is no file {self.binary} on this machine",
                "types and lines are read where the script is compiled",
            )
        found = Dwarf(path)
        if found.machine != self.arch.name:
            hint = f"types are read from a file for {self.arch.name}, which --arch chooses"
            raise DwarfError(f"{path} is for another machine", hint)
        return found

    def identity(self) -> dict[str, str]:
        """What tells this build of the file from others."""
        if self.dwarf.build_id:
            return {"build_id": self.dwarf.build_id}
        return {"sha256": binaries.digest(self.dwarf.path)}
