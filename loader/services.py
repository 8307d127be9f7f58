"""What values need of this machine to be shown: one record a service.

A kind of value names what it needs (`Kind.needs` in runtime/values/base.py). Once the object is
loaded, each kind of its metadata is given that service, opened at the first demand; a run whose
values need none opens none. A service does its own work late: most runs print nothing but numbers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aotrace.loader.child import Process
    from aotrace.loader.libbpf.handles import Object
    from aotrace.loader.members import Members
    from aotrace.loader.owned import Owned
    from aotrace.runtime.metadata import Metadata


class Run:
    """What services are opened from.

    process: that of -p or -c; owned: closes what they open; members: of attach points that this
    machine completed.
    """

    def __init__(
        self,
        meta: Metadata,
        bpf: Object,
        process: Process | None,
        owned: Owned,
        members: Members | None = None,
    ) -> None:
        self.members = members
        self.meta = meta
        self.bpf = bpf
        self.process = process
        self.owned = owned


class Service:
    """`open` gives what kinds that need `name` are bound to. It is called once in a run."""

    def __init__(self, name: str, open: Callable[[Services], Any]) -> None:
        self.name = name
        self.open = open


def _kernel_symbols(services: Services) -> Any:
    from aotrace.loader.symbols.kernel import running_kernel

    return running_kernel()


def _user_symbols(services: Services) -> Any:
    from aotrace.loader.symbols.user import open_user_symbols

    return open_user_symbols(services)


def _stacks(services: Services) -> Any:
    from aotrace.loader.symbols.stacks import open_stacks

    return open_stacks(services)


def _users(_services: Services) -> Any:
    from aotrace.loader.identities import Users

    return Users()


def _cgroups(_services: Services) -> Any:
    from aotrace.loader.identities import Cgroups

    return Cgroups()


def _pcap_files(services: Services) -> Any:
    from aotrace.loader.packets import PcapFiles

    return services.run.owned.own(PcapFiles())


#: Every service that a kind or an action may name.
SERVICES: tuple[Service, ...] = (
    Service("kernel_symbols", _kernel_symbols),
    Service("users", _users),
    Service("cgroups", _cgroups),
    Service("user_symbols", _user_symbols),
    Service("stacks", _stacks),
    Service("pcap_files", _pcap_files),
)


class Services:
    """The services of one run, by name; each is opened when it is first asked for."""

    def __init__(self, run: Run, known: tuple[Service, ...] = SERVICES) -> None:
        self.run = run
        self._known = {service.name: service for service in known}
        self._open: dict[str, Any] = {}

    def find(self, name: str) -> Any:
        """The service of that name. Services find one another here, too."""
        if name not in self._open:
            self._open[name] = self._known[name].open(self)
        return self._open[name]

    def prepare(self) -> None:
        """Do early what takes long: no moment of a process that is about to start is missed."""
        for service in self._open.values():
            prepare = getattr(service, "prepare", None)
            if prepare:
                prepare()

    def bind(self, meta: Metadata) -> None:
        """Give every kind of the metadata what it needs."""
        for event in meta.events:
            for _, kind in event.args:
                kind.bind(self.find)
        for record in meta.maps:
            record.value.bind(self.find)
            if record.key:
                record.key.bind(self.find)
