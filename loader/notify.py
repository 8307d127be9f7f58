"""systemd's readiness protocol (sd_notify(3)): words to the socket that NOTIFY_SOCKET names."""

from __future__ import annotations

import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aotrace.loader.console import Console


def notify(path: str, state: str, console: Console) -> None:
    """Tell the service manager, whose socket is at a path, or abstract: `@name`. A failure is a
    warning."""
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(state.encode(), address)
    except OSError as error:
        console.warn(f"Failed to send a notification to systemd, ignoring: {error.strerror}")
