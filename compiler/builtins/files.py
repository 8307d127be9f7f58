"""Memory as bytes, lists of strings, paths of files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from aotrace.compiler.builtins.accepts import ADDRESS, INTEGER, STRING
from aotrace.compiler.builtins.record import (
    Accepts,
    EventFunction,
    EventSpec,
    Function,
    Parameter,
    Site,
)
from aotrace.compiler.emitter import Emitter, Reg
from aotrace.compiler.types import Array, Buffer, Int, Pointer, Space, Str, Struct, Type
from aotrace.runtime.values.buffer import BufferKind

_WORDS, _WORD_SIZE = 16, 1024  # of join(): how many strings, how long each
_BYTES = Accepts(
    "a pointer, an integer, a string or an array",
    lambda kind: isinstance(kind, (Int, Pointer, Str, Array)),
)


# --- buf -------------------------------------------------------------------------------------


def _most(site: Site) -> int:
    return max(site.context.config.max_strlen - BufferKind.data_offset, 0)


def _capacity(site: Site) -> int:
    given = site.constants[1] if len(site.constants) > 1 else None
    if isinstance(given, int) and not isinstance(given, bool):
        return min(max(given, 0), _most(site))
    whole = isinstance(site.types[0], Array) and len(site.args) == 1
    return min(site.types[0].size, _most(site)) if whole else _most(site)


def _check_buf(site: Site) -> None:
    if len(site.args) == 1 and not isinstance(site.types[0], Array):
        site.error(
            f"buf() needs a length for a value of type '{site.types[0]}'",
            "only an array brings its own: write buf(…, length)",
        )
    given = site.constants[1] if len(site.constants) > 1 else None
    if isinstance(given, int) and given < 0:
        site.error(f"buf() cannot give {given} bytes", arg=1)
    elif isinstance(given, int) and given > _most(site):
        site.warning(f"buf() gives at most {_most(site)} bytes", "raise max_strlen to get more")


def _buf(e: Emitter, site: Site, target: Reg | None) -> Reg:
    kind = BufferKind(_capacity(site))
    target = e.slot(kind.size) if target is None else target
    length = e.const(kind.capacity)
    if len(site.args) > 1 and site.constants[1] is None:
        asked = e.value(site.args[1])
        length = e.bounded(asked, kind.capacity)
    e.zero(target, kind.size)
    e.store(target, 0, 4, length)
    if kind.capacity:
        reader, address = e.source(site.args[0])
        e.helper(reader, e.offset(target, kind.data_offset), length, address)
    return target


# --- join ------------------------------------------------------------------------------------


def _delimiter(site: Site) -> str:
    given = site.constants[1] if len(site.constants) > 1 else b" "
    return given.decode("utf-8", "surrogateescape") if isinstance(given, bytes) else " "


def _join(site: Site) -> EventSpec:
    made = Array(Str(_WORD_SIZE, padded=False), _WORDS)
    fill = partial(_read_words, site)
    return EventSpec("join", (), {"delimiter": _delimiter(site)}, made=(made,), fill=fill)


def _read_words(site: Site, e: Emitter, places: Sequence[Reg]) -> None:
    """Each of the strings; those behind the last one are empty."""
    (read, first), pointer = e.source(site.args[0]), e.slot(8)
    kind = site.types[0]
    words = kind.target if isinstance(kind, Pointer) else kind
    user = isinstance(words, Pointer) and words.space is Space.USER
    read_word = "probe_read_user" if user else read  # what user memory points to is there, too
    for number in range(_WORDS):
        word = e.offset(places[0], number * _WORD_SIZE)
        e.store(word, 0, 1, e.const(0))
        e.store(pointer, 0, 8, e.const(0))
        e.helper(read, pointer, 8, e.op("add", first, number * 8))
        e.helper(f"{read_word}_str", word, _WORD_SIZE, e.load(pointer, 0, 8))


# --- path ------------------------------------------------------------------------------------


def _is_path(kind: Type) -> bool:
    target = kind.target if isinstance(kind, Pointer) else kind
    return isinstance(target, Struct) and target.name == "path"


_PATH = Accepts("a struct path or a pointer to one", _is_path)


def _path_size(site: Site) -> int:
    given = site.constants[1] if len(site.constants) > 1 else None
    most = site.context.config.max_strlen
    return min(max(given, 1), most) if isinstance(given, int) else most


def _path(e: Emitter, site: Site, target: Reg | None) -> Reg:
    size = _path_size(site)
    target = e.slot(size) if target is None else target
    e.store(target, 0, 1, e.const(0))
    with e.reached(site.args[0]) as path:
        e.helper("d_path", path, target, size)
    return target


def _check_path(site: Site) -> None:
    kind = site.context.probe.kind.name
    if kind not in ("fentry", "fexit", "iter"):
        site.error(
            f"path() can not be used in {kind} probes",
            "the kernel allows it in fentry and fexit probes of some functions, and in iter probes",
        )
    given = site.constants[1] if len(site.constants) > 1 else None
    if isinstance(given, int) and given < 1:
        site.error(f"path() cannot give {given} bytes", arg=1)


FILES = (
    Function(
        "buf", "The bytes at an address, as printf's %r shows them; an array brings its length.",
        (Parameter("data", _BYTES), Parameter("length", INTEGER, optional=True)),
        lambda site: Buffer(_capacity(site)), _buf, _check_buf,
    ),
    Function(
        "path", "The path of a file, from the kernel's struct path.",
        (Parameter("path", _PATH), Parameter("size", INTEGER, constant=True, optional=True)),
        lambda site: Str(_path_size(site), padded=False), _path, _check_path,
    ),
    EventFunction(
        "join", "Print the strings that an array points to (up to 16), with a separator between.",
        (
            Parameter("array", ADDRESS),
            Parameter("separator", STRING, constant=True, optional=True),
        ),
        _join,
    ),
)  # fmt: skip
