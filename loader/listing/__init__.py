"""`aotrace list`: the probes of this machine, of a process, of an object; the kernel's types."""

from __future__ import annotations

import os
import sys

_TAGS = ("struct", "union", "enum")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.options import Options


_SEARCHING = {*":* "}  # what files' names have not, and searches have


def show(options: Options) -> int:
    """Print what was asked for; the exit status. Raises LoaderError."""
    write = sys.stdout.write
    for line in lines(options):
        write(line + "\n")
    return 0


def lines(options: Options) -> Iterator[str]:
    """The lines, some of them of several themselves. Raises LoaderError."""
    wanted = options.object
    if wanted and os.path.isfile(wanted) and not options.regex:
        from aotrace.loader.listing import objects

        return objects.lines(wanted, options.verbose)
    if not options.regex and "." in wanted and not _SEARCHING & {*wanted}:
        from aotrace.loader.console import Console

        Console().warn(f"There is no file {wanted}, which is therefore a pattern to search for.")
    return _parts(wanted, options)


def _parts(wanted: str, options: Options) -> Iterator[str]:
    """Of a search by commas each part is of types or of probes."""
    for part in (wanted,) if options.regex else map(str.strip, wanted.split(",")):
        if part.split(" ")[0] in _TAGS and not options.regex:
            from aotrace.loader.listing import types

            yield from types.lines(part, options.verbose)
        else:
            from aotrace.loader.listing import probes

            yield from probes.lines(part, options)
