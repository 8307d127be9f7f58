"""Why an object did not load, out of libbpf's log: which probe, which line, the verifier's word.

libbpf prints a refused program's log between two marker lines; in it, lines that begin with `;` are
the script's own text, from the line info (libbpf: bpf_object_load_prog).
"""

from __future__ import annotations

import errno

from aotrace.loader.errors import LoaderError
from aotrace.loader.probes import place
from aotrace.loader.target import BTF, has_btf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from aotrace.loader.libbpf.lib import BpfError
    from aotrace.runtime.metadata import Metadata, Program

_BEGIN, _END = "-- BEGIN PROG LOAD LOG --", "-- END PROG LOAD LOG --"
_NO_TYPE = "failed to find kernel BTF type ID of '"
_COUNTERS = ("processed ", "verification time ", "stack depth ", "peak_states ", "mark_read ")
_SHOWN = 4  # lines of the verifier's log
_VERBOSE_HINT = "-v shows all that libbpf and the verifier have to say"


class MissingFunction(LoaderError):
    """The kernel has no function for a program's fentry or fexit; the rest may load without it."""

    def __init__(self, program: Program, function: str, script: str) -> None:
        super().__init__(
            f"cannot attach {place(program, script)}: this kernel has no function {function}",
            "it may be inlined or renamed here",
        )
        self.program = program


def explain_load(log: Sequence[str], meta: Metadata, error: BpfError) -> LoaderError:
    """The error to report when bpf_object__load has failed."""
    text = "".join(log)
    refused = _refused_program(text, meta)
    if refused and _NO_TYPE in text and has_btf():
        function = text.split(_NO_TYPE)[1].split("'")[0]
        return MissingFunction(refused, function, meta.script)
    if not has_btf() and "BTF" in text:
        hint = f"it needs a kernel with CONFIG_DEBUG_INFO_BTF=y, which has {BTF}"
        return LoaderError("this kernel does not carry its BTF", hint)
    if refused and _BEGIN in text:
        return _verdict(_program_log(text, refused), refused, meta.script)
    if error.errno in (errno.EPERM, errno.EACCES):
        return _forbidden(refused, meta.script)
    return LoaderError(f"cannot load the object: {_last_message(log) or error}", _VERBOSE_HINT)


def _refused_program(text: str, meta: Metadata) -> Program | None:
    """The program that libbpf named last; the others were loaded before it."""
    named = [
        (text.rfind(f"prog '{program.name}'"), program)
        for program in meta.programs
        if f"prog '{program.name}'" in text
    ]
    return max(named, key=lambda pair: pair[0])[1] if named else None


def _program_log(text: str, program: Program) -> list[str]:
    """The verifier's lines on a program."""
    start = text.find(_BEGIN, max(text.find(f"prog '{program.name}': {_BEGIN}"), 0))
    end = text.find(_END, start)
    return text[start + len(_BEGIN) : end if end > 0 else None].strip().splitlines()


def _verdict(lines: list[str], program: Program, script: str) -> LoaderError:
    """The verifier's last words, and the line of the script that they are about."""
    told = [line for line in lines if line and not line.startswith(_COUNTERS)]
    reasons = [line for line in told if not _is_state(line)] or told
    reason = reasons[-1] if reasons else "it did not say why"
    source = next((line for line in reversed(told) if line.startswith(";")), "")
    message = f"the kernel refused {place(program, script)}: {reason}"
    if source:
        message += f"\n    {source.lstrip('; ').split(' @ ')[0]}"
    message += "".join(f"\n      {line}" for line in told[-_SHOWN:] if line not in (reason, source))
    return LoaderError(message, _VERBOSE_HINT)


def _is_state(line: str) -> bool:
    """Instructions, register states and source lines, as against the verifier's own words."""
    return line.startswith((";", "from ", "R0", "last_idx", "regs=", "func#")) or (
        line.split(":")[0].strip().isdigit()
    )


def _forbidden(program: Program | None, script: str) -> LoaderError:
    what = place(program, script) if program else "the object"
    hint = "as root, look for a lockdown (/sys/kernel/security/lockdown) or a container's limits"
    return LoaderError(f"the kernel does not allow to load {what}", hint)


def _last_message(log: Sequence[str]) -> str:
    """What libbpf said first that says why; later lines only pass it on."""
    said = [line.strip().replace("libbpf: ", "", 1) for line in log if line.strip()]
    return said[0] if said else ""
