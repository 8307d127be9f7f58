"""From an object file to programs and maps in the kernel."""

from __future__ import annotations

import os

from aotrace.loader import contexts, settings
from aotrace.loader.errors import ObjectError
from aotrace.loader.libbpf.handles import Object
from aotrace.loader.libbpf.lib import BpfError
from aotrace.runtime.metadata import RING_BUFFER, WIDE_SCRATCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from aotrace.loader.libbpf.handles import Map
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.loader.objectfile import ObjectFile
    from aotrace.loader.probes import MissingProbes
    from aotrace.runtime.metadata import Metadata

    class Part(Protocol):
        """What some objects have that is made on the target."""

        def prepare(self, bpf: Object) -> None:
            """Before the object is loaded."""

        def settings(self) -> Mapping[str, int | bytes]: ...
        def tell(self, bpf: Object) -> None:
            """Once it is loaded."""


_HINT = "compile the script again with `aotracec build`"


def load_object(
    lib: Libbpf,
    file: ObjectFile,
    meta: Metadata,
    known: Mapping[str, int | bytes],
    missing: MissingProbes,
    parts: Sequence[Part] = (),
) -> Object:
    """Open, configure and load. Raises LoaderError.

    A program whose function is missing here keeps the whole object from loading; where the script
    allows that, the object is opened again and loaded without it. So it is with tracepoint structs
    that have another name here.
    """
    image = contexts.adapt(file.image, meta.programs, own=False)
    while True:
        bpf = _open(lib, file, image, meta)
        try:
            _fit(bpf, meta, known, missing, parts)
            bpf.load()
            for part in parts:
                part.tell(bpf)
            return bpf
        except BpfError as error:
            bpf.close()
            refused, image = image, contexts.adapt(file.image, meta.programs, own=True)
            if image != refused:
                lib.log.clear()
                continue
            from aotrace.loader import verifier

            reason = verifier.explain_load(lib.log, meta, error)
        except ObjectError:
            bpf.close()
            raise
        if not isinstance(reason, verifier.MissingProbe):
            raise reason
        missing.skip(reason.program, reason)
        lib.log.clear()


def _fit(
    bpf: Object,
    meta: Metadata,
    known: Mapping[str, int | bytes],
    missing: MissingProbes,
    parts: Sequence[Part],
) -> None:
    """Make an object that is open and not loaded what this machine and this run want."""
    for name in missing.names:
        bpf.programs[name].disable()
    _size_ring(bpf, meta)
    if wide := bpf.map(WIDE_SCRATCH):
        wide.resize(wide.max_entries * int(known["cpus"]))
    for part in parts:
        part.prepare(bpf)
        known = {**known, **part.settings()}
    settings.write(bpf, meta.settings, known)


def _size_ring(bpf: Object, meta: Metadata) -> None:
    """perf_rb_pages, of this machine's pages: a power of two of them, as the kernel wants it."""
    pages = int(meta.config.get("perf_rb_pages") or 0)
    ring = bpf.map(RING_BUFFER)
    if pages > 0 and ring is not None:
        ring.resize(os.sysconf("SC_PAGESIZE") << (pages - 1).bit_length())


def _open(lib: Libbpf, file: ObjectFile, image: bytes, meta: Metadata) -> Object:
    try:
        bpf = Object(lib, image, file.name)
    except BpfError as error:
        said = "".join(lib.log).replace("libbpf: ", "").strip()
        raise ObjectError(f"{file.path} cannot be opened: {said or error}", _HINT) from None
    for program in meta.programs:
        if program.name not in bpf.programs:
            bpf.close()
            raise ObjectError(f"{file.path} is damaged: no program {program.name}", _HINT)
    return bpf


def find_map(bpf: Object, name: str, path: str) -> Map:
    """A map that the metadata names. Raises ObjectError."""
    found = bpf.map(name)
    if found is None:
        raise ObjectError(f"{path} is damaged: no map {name}", _HINT)
    return found
