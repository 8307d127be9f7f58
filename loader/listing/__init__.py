"""`aotrace list`: the probes of this machine, of a process, of an object; the kernel's types."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from aotrace.loader.options import Options


_SEARCHING = {*":*"}  # what files' names have not, and searches have


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
    if wanted.startswith(("struct ", "union ", "enum ")):
        from aotrace.loader.listing import types

        parts = filter(None, (part.strip() for part in wanted.split(",")))
        return (line for part in parts for line in types.lines(part, options.verbose))
    from aotrace.loader.listing import probes

    if not options.regex and "." in wanted and not _SEARCHING & {*wanted}:
        from aotrace.loader.console import Console

        Console().warn(f"There is no file {wanted}, which is therefore a pattern to search for.")
    return probes.lines(wanted, options)
