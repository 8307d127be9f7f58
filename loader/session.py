"""One run of an object: open, configure, load, attach, pump, drain, close; in a straight line."""

from __future__ import annotations

import os

from aotrace.loader import loading, objectfile, settings, target
from aotrace.loader.actions import Stage, make_handlers
from aotrace.loader.attach.mechanism import Scope
from aotrace.loader.console import Console
from aotrace.loader.libbpf import lib as libbpf
from aotrace.loader.lost import LostEvents
from aotrace.loader.maps import ScriptMap, possible_cpus
from aotrace.loader.output.sink import open_sink
from aotrace.loader.owned import Owned
from aotrace.loader.probes import TRACING, TRIALS, MissingProbes, Probes
from aotrace.loader.ring import open_ring
from aotrace.loader.services import Run, Services
from aotrace.runtime import metadata, unwind
from aotrace.runtime.values.strings import StrKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from aotrace.loader.actions import Output
    from aotrace.loader.child import Process
    from aotrace.loader.libbpf.handles import Object
    from aotrace.loader.libbpf.lib import Libbpf
    from aotrace.loader.members import Members
    from aotrace.loader.objectfile import ObjectFile
    from aotrace.loader.options import Options
    from aotrace.loader.output.sink import Sink
    from aotrace.loader.pump import Pump
    from aotrace.loader.ring import Ring
    from aotrace.loader.signals import Signals


class _Loaded:
    """What a run has once its object is in the kernel."""

    def __init__(
        self,
        lib: Libbpf,
        meta: metadata.Metadata,
        cpus: int,
        bpf: Object,
        probes: Probes,
        process: Process | None,
        services: Services,
    ) -> None:
        self.lib = lib
        self.meta = meta
        self.cpus = cpus
        self.bpf = bpf
        self.probes = probes
        self.process = process
        self.services = services


class _Listening:
    """Where what programs say comes in and goes out. watched: descriptors to wait on."""

    def __init__(
        self,
        ring: Ring,
        watched: list[int],
        maps: list[ScriptMap],
        output: Output,
        sink: Sink,
        lost: LostEvents,
    ) -> None:
        self.ring = ring
        self.watched = watched
        self.maps = maps
        self.output = output
        self.sink = sink
        self.lost = lost


def run(options: Options) -> int:
    """Run an object until it ends; the exit status. Raises LoaderError and BrokenSink."""
    file = objectfile.read(options.object)
    meta = file.metadata()
    meta.config.update(settings.of_environment(os.environ))
    target.check_arch(file.path, meta.arch)
    StrKind.trailer = meta.config.get("str_trunc_trailer", StrKind.trailer)
    console = Console(options.warnings)
    of_script = settings.of_script(meta, options.parameters, console)
    target.check_safe(meta, options.unsafe)
    target.check_privileges()
    with Owned() as owned:
        loaded = _load(options, file, meta, of_script, console, owned)
        heard = _listen(options, file, meta, loaded, console, owned)
        probes, services = loaded.probes, loaded.services
        stage = Stage(heard.output, heard.maps, heard.ring.lead, services, options.warnings, probes)
        if loaded.process:
            services.prepare()
        probes.run_before(loaded.bpf)
        probes.attach(loaded.bpf)
        if options.dry_run:
            return 0
        from aotrace.loader.pump import Pump
        from aotrace.loader.signals import Signals

        signals = Signals(stage.hurry)
        pump = Pump(heard.ring, make_handlers(meta.events, stage), heard.sink, heard.lost)
        if options.trial:
            passed = _try(options.trial, loaded, heard, pump, signals, console)
            return stage.status if passed else 1
        _trace(options, loaded, heard, pump, signals, stage, console)
        _finish(meta, heard, console)
        heard.sink.flush()
        return stage.status


def _load(
    options: Options,
    file: ObjectFile,
    meta: metadata.Metadata,
    of_script: Mapping[str, int | bytes],
    console: Console,
    owned: Owned,
) -> _Loaded:
    """Settle what this machine decides, and load the object."""
    lib = libbpf.load(options.verbose)
    _choose(options)
    process = _open_process(options, lib, owned)
    parts: list[loading.Part] = []
    if file.symbol(unwind.SPACES):
        from aotrace.loader.unwind.tables import find_rules

        process, rules = find_rules(options, process, lib, owned)
        parts.append(rules)
    cpus = possible_cpus(lib)
    child = process.pid if process and options.command is not None else 0
    level = options.warning_level
    known = {**settings.values(options.pid or 0, child, cpus, level), **of_script}
    known.update(settings.of_machine(meta, settings.Machine(lib, options.pid or 0)))
    missing = MissingProbes(meta, console)
    scope = Scope(options.pid or 0, lib, child)
    phases = TRIALS.get(options.trial, TRACING)
    members = _find_members(meta, lib, missing, scope, options.probe_filter)
    probes = owned.own(Probes(meta, missing, scope, members, phases))
    probes.check_number()
    if members:
        parts.append(members)
    bpf = owned.own(loading.load_object(lib, file, meta, known, missing, parts))
    services = Services(Run(meta, bpf, process, owned, members))
    services.bind(meta)
    return _Loaded(lib, meta, cpus, bpf, probes, process, services)


def _listen(
    options: Options,
    file: ObjectFile,
    meta: metadata.Metadata,
    loaded: _Loaded,
    console: Console,
    owned: Owned,
) -> _Listening:
    """Open the output, the ring buffer and what else programs write to."""
    lib, bpf, cpus = loaded.lib, loaded.bpf, loaded.cpus
    sink = owned.own(open_sink(options.output, options.buffering))
    ring_map = loading.find_map(bpf, metadata.RING_BUFFER, file.path)
    longest = max((event.size for event in meta.events), default=0)
    ring = owned.own(open_ring(lib, ring_map, longest))
    output = _open_output(options, sink, console)
    maps = [ScriptMap(m, loading.find_map(bpf, m.name, file.path), cpus) for m in meta.maps]
    lost = _open_lost(file, bpf, output)
    watched = [ring_map.fd]
    buffers = bpf.map(metadata.PACKET_BUFFERS)
    if buffers:
        from aotrace.loader import packets

        consumer = owned.own(packets.open_consumer(lib, buffers, ring_map.max_entries, cpus))
        watched.append(consumer.fd)
        ring = packets.WithPackets(ring, consumer, lost)
    return _Listening(ring, watched, maps, output, sink, lost)


def _try(
    trial: str,
    loaded: _Loaded,
    heard: _Listening,
    pump: Pump,
    signals: Signals,
    console: Console,
) -> bool:
    """Run the script's tests or benchmarks; whether all went well."""
    from aotrace.loader import trials

    pump.drain()
    tried = trials.Trials(
        loaded.bpf,
        loaded.probes,
        loaded.meta.events,
        heard.ring,
        heard.maps,
        heard.lost,
        loaded.services,
        signals,
    )
    passed = trials.run(tried, trial, heard.output, console, heard.sink)
    loaded.probes.run_after(loaded.bpf)
    pump.drain()
    heard.output.end()
    heard.sink.flush()
    return passed


def _trace(
    options: Options,
    loaded: _Loaded,
    heard: _Listening,
    pump: Pump,
    signals: Signals,
    stage: Stage,
    console: Console,
) -> None:
    """Pass on what happens until the script, the process or a signal ends it."""
    probes, bpf = loaded.probes, loaded.bpf
    if loaded.process:
        loaded.process.start()
    if not options.quiet:
        heard.output.attached(probes.total)
    _tell_service_manager("READY=1\nSTATUS=Processing events...", console)
    for walk in probes.walks:
        pump.walk(walk, loaded.meta.events, signals)
    if probes.waiting:
        pump.run(heard.watched, signals, loaded.process, lambda: probes.signalled(bpf))
    _tell_service_manager("STOPPING=1\nSTATUS=Shutting down...", console)
    signals.pause()
    probes.close()
    signals.resume()
    pump.drain()
    signals.pause()  # what is yet to come has all the time that it takes
    if stage.dropped:
        console.warn(f"Dropped {stage.dropped} events that were queued for long after the signal")
    stage.late = False
    probes.run_after(bpf)
    pump.drain()


def _find_members(
    meta: metadata.Metadata, lib: Libbpf, missing: MissingProbes, scope: Scope, kept: str | None
) -> Members | None:
    """What attach points stand for here; None where the script says all of them, and all are kept.

    kept: a regular expression of what is to be attached.
    """
    if kept is None and not any(program.point or program.wildcard for program in meta.programs):
        return None
    from aotrace.loader.members import Members

    members = Members(meta, lib, missing, scope)
    members.find()
    if kept is not None:
        members.keep(kept)
    return members


def _choose(options: Options) -> None:
    """What may be traced, by which of the kernel's means, and where names of it may be found."""
    if options.functions is not None:
        from aotrace.loader import kernel_functions

        kernel_functions.choose(options.functions)
    if options.debuginfo:
        from aotrace.runtime import debugfiles

        debugfiles.search(options.debuginfo)
    if options.without:
        from aotrace.loader.libbpf import syscall

        syscall.disabled.update(options.without.split(","))


def _tell_service_manager(state: str, console: Console) -> None:
    """systemd, where it has started this as a service that notifies."""
    if "NOTIFY_SOCKET" in os.environ:
        from aotrace.loader.notify import notify

        notify(os.environ["NOTIFY_SOCKET"], state, console)


def _open_process(options: Options, lib: Libbpf, owned: Owned) -> Process | None:
    """The process of -p or -c."""
    if options.pid is None and options.command is None:
        return None
    from aotrace.loader import child

    if options.command is not None:
        return owned.own(child.spawn(options.command, lib))
    return owned.own(child.watch(options.pid or 0))


def _open_output(options: Options, sink: Sink, console: Console) -> Output:
    if options.format == "json":
        from aotrace.loader.output.json import JsonOutput

        return JsonOutput(sink)
    from aotrace.loader.output.text import TextOutput

    return TextOutput(sink, console.note, console.warn_as_is)


def _open_lost(file: ObjectFile, bpf: Object, output: Output) -> LostEvents:
    """The counter of lost events, where the object's symbols say it is."""
    place = file.symbol(metadata.LOST_COUNTER)
    section, offset = place or ("", 0)
    return LostEvents(bpf.map(section) if place else None, offset, output)


def _finish(meta: metadata.Metadata, heard: _Listening, console: Console) -> None:
    """What bpftrace prints last: losses, and every map that has something in it, by name."""
    heard.lost.report(now=True)
    if heard.lost.total:
        console.warn(f"Total lost event count: {heard.lost.total}")
    heard.output.end()
    if not meta.config.get("print_maps_on_exit", True):
        return
    for shown in sorted(heard.maps, key=lambda m: m.record.label):
        heard.output.map(shown.record, shown.rows())
