"""What directives come to, kept between runs: loading pcpp alone takes as long as a whole script,
and reading libc's headers with it a fifth of a second.

A result is used again as long as the script asks the same and no file it came from has changed. A
cache that cannot be read or written is no error: the work is then done anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from aotrace.compiler.syntax.collected import Collected, Header, read_header
from aotrace.compiler.syntax.macros import Macro

VERSION = 3


def default_folder() -> str:
    """The user's cache folder, as the XDG base directories have it."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "aotrace", "headers")


def _path(folder: str, question: Sequence[Any]) -> str:
    import hashlib  # a millisecond that a script without directives need not pay

    text = json.dumps([VERSION, question])
    return os.path.join(folder, hashlib.sha256(text.encode()).hexdigest()[:32] + ".json")


def _stamp(path: str) -> list[int]:
    status = os.stat(path)
    return [status.st_mtime_ns, status.st_size]


def load(folder: str | None, question: Sequence[Any]) -> Collected | None:
    """The kept result, if there is one and it still holds."""
    if folder is None:
        return None
    try:
        with open(_path(folder, question), encoding="utf-8") as file:
            return _from_json(json.load(file))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(folder: str | None, question: Sequence[Any], found: Collected) -> None:
    """Keep a result that is without problems."""
    if folder is None or found.problems:
        return
    try:
        os.makedirs(folder, exist_ok=True)
        name = os.path.join(folder, f"new-{os.getpid()}")
        with open(name, "w", encoding="utf-8") as file:
            json.dump(_to_json(found), file)
        os.replace(name, _path(folder, question))
    except (OSError, ValueError):
        return


def _to_json(found: Collected) -> dict[str, Any]:
    return {
        "kept": sorted(found.kept),
        "macros": [astuple(macro) for macro in found.macros.values()],
        "headers": [[h.path, sorted(h.kept), h.packs] for h in found.headers],
        "packs": found.packs,
        "system": [[h.path, sorted(h.kept)] for h in found.system],
        "defined": found.defined,
        "files": [[path, *_stamp(path)] for path in sorted(set(found.files))],
        "missing": sorted(set(found.missing)),
    }


def _from_json(kept: dict[str, Any]) -> Collected | None:
    if any(_stamp(path) != stamp for path, *stamp in kept["files"]):
        return None
    if any(os.path.exists(path) for path in kept["missing"]):
        return None
    macros = {
        name: Macro(name, body, None if params is None else tuple(params), variadic, own)
        for name, body, params, variadic, own in kept["macros"]
    }
    headers = []
    for path, pieces, packs in kept["headers"]:
        headers.append(read_header(path, set(pieces)))
        headers[-1].packs = [(piece, text) for piece, text in packs]
    packs = [(piece, text) for piece, text in kept["packs"]]
    system = [Header(path, "", [], set(pieces)) for path, pieces in kept["system"]]
    return Collected(
        set(kept["kept"]), macros, headers, packs=packs, system=system, defined=kept["defined"]
    )
