"""Why an object did not load, out of libbpf's log: which probe, which line, the verifier's word.

libbpf prints a refused program's log between two marker lines; in it, lines that begin with `;` are
the script's own text, from the line info (libbpf: bpf_object_load_prog).
"""

from __future__ import annotations

import errno

from aotrace.loader import attach, helpers, limits
from aotrace.loader.errors import LoaderError, StartError
from aotrace.loader.probes import place
from aotrace.loader.target import BTF, has_btf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotrace.loader.libbpf.lib import BpfError
    from aotrace.runtime.metadata import Metadata, Program

_BEGIN, _END = "-- BEGIN PROG LOAD LOG --", "-- END PROG LOAD LOG --"
_NO_FUNCTION = "failed to find kernel BTF type ID of '"
_NO_FIELD = "failed to resolve CO-RE relocation <"
_FLAVOUR = "___"  # what follows it in a type's name is for the compiler alone
_COUNTERS = ("processed ", "verification time ", "stack depth ", "peak_states ", "mark_read ")
_STATES = (";", "from ", "R0", "last_idx", "regs=", "func#")
_SHOWN = 4  # lines of the verifier's log
_VERBOSE = "-v shows all that libbpf and the verifier have to say"


class MissingProbe(StartError):
    """The kernel does not have what a program attaches to; without the program it may load."""

    status = 1  # bpftrace knows before it starts

    def __init__(self, program: Program, script: str, reason: str) -> None:
        super().__init__(f"cannot attach {place(program, script)}: {reason}")
        self.program = program


def explain_load(log: Sequence[str], meta: Metadata, error: BpfError) -> LoaderError:
    """The error to report when bpf_object__load has failed."""
    text = "".join(log)
    refused = _refused_program(text, meta)
    if not has_btf() and "BTF" in text:
        hint = f"it needs a kernel with CONFIG_DEBUG_INFO_BTF=y, which has {BTF}"
        return StartError("this kernel does not carry its BTF", hint)
    if refused is None:
        return StartError(f"cannot load the object: {_first_message(log) or error}", _VERBOSE)
    missing = _missing(text, refused)
    if missing:
        return MissingProbe(refused, meta.script, missing)
    if _BEGIN in text:
        return _verdict(_program_log(text, refused), refused, meta, error.errno)
    if error.errno in (errno.EPERM, errno.EACCES):
        hint = "as root, look for a lockdown (/sys/kernel/security/lockdown), a container's limits"
        where = place(refused, meta.script)
        return StartError(f"the kernel does not allow to load {where}", hint)
    return StartError(f"cannot load {place(refused, meta.script)}: {error}", _VERBOSE)


def _refused_program(text: str, meta: Metadata) -> Program | None:
    """The program that libbpf named last; the others were loaded before it."""
    named = [(text.rfind(f"prog '{program.name}'"), program) for program in meta.programs]
    last = max(named, key=lambda pair: pair[0], default=None)
    return last[1] if last and last[0] >= 0 else None


def _missing(text: str, program: Program) -> str:
    """What the program attaches to and this kernel does not have."""
    mechanism = attach.find(program.mechanism)
    if _NO_FUNCTION in text:
        name = text.split(_NO_FUNCTION)[1].split(chr(39))[0]
        return f"this kernel has no {mechanism.thing} {name}"
    return mechanism.missing(program.target)


def _program_log(text: str, program: Program) -> list[str]:
    """The verifier's lines on a program."""
    start = text.find(_BEGIN, max(text.find(f"prog '{program.name}': {_BEGIN}"), 0))
    end = text.find(_END, start)
    if end < 0:  # of a log as long as libbpf takes, the end may be cut off
        end = text.find("libbpf: prog", start)
    return text[start + len(_BEGIN) : end if end > 0 else None].strip().splitlines()


def _verdict(lines: list[str], program: Program, meta: Metadata, code: int) -> LoaderError:
    """The verifier's last words, and the line of the script that they are about."""
    told = [line for line in lines if line and not line.startswith(_COUNTERS)]
    words, said, hint = limits.exceeded(told, code)
    if words:
        return _too_much(told, place(program, meta.script), words, said, hint)
    reasons = [line for line in told if not _is_state(line)] or told
    reason = reasons[-1] if reasons else "it did not say why"
    source = next((line for line in reversed(told) if line.startswith(";")), "")
    shown = f"\n    {source.lstrip('; ').split(' @ ')[0]}" if source else ""
    where = place(program, meta.script)
    if reason.startswith(_NO_FIELD):
        return StartError(f"{where}: this kernel has no {_field(reason)}{shown}", _VERBOSE)
    lacking = helpers.missing(reason, meta.helpers)
    if lacking:
        return StartError(f"{where}: {lacking}{shown}", _VERBOSE)
    shown += "".join(f"\n      {line}" for line in told[-_SHOWN:] if line not in (reason, source))
    return StartError(f"the kernel refused {where}: {reason}{shown}", _VERBOSE)


def _too_much(told: list[str], where: str, words: str, said: str, hint: str) -> LoaderError:
    """A limit that was hit, with the lines that took most of it."""
    shown = "".join(f"\n    {line}" for line in limits.shares(told))
    quoted = f" (the verifier: {said})" if said else ""
    return StartError(f"the kernel refused {where}: {words}{quoted}{shown}", hint)


def _is_state(line: str) -> bool:
    """Instructions, register states and source lines, as against the verifier's own words."""
    return line.startswith(_STATES) or line.split(":")[0].strip().isdigit()


def _field(reason: str) -> str:
    """`struct NAME.FIELD` out of `… <byte_off> [20] struct NAME___x.FIELD (0:0 @ offset 8)`."""
    spelled = reason.split("] ", 1)[-1].split(" (")[0]
    name, flavour, rest = spelled.partition(_FLAVOUR)
    return name + (rest[rest.find(".") :] if flavour and "." in rest else "")


def _first_message(log: Sequence[str]) -> str:
    """What libbpf said first says why; later lines only pass it on."""
    said = [line.strip().replace("libbpf: ", "", 1) for line in log if line.strip()]
    return said[0] if said else ""
