"""The program aotracec. What takes a tenth of a second to import can be interrupted, too."""

from __future__ import annotations

_INTERRUPTED = 128 + 2  # what a shell says of SIGINT


def main() -> int:
    """Entry point; returns the exit status."""
    try:
        from aotrace.compiler import cli

        return cli.main()
    except KeyboardInterrupt:
        return _INTERRUPTED
