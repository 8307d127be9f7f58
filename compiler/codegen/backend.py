"""LLVM: from a module's text to the object, in a process of its own.

LLVM's BPF backend ends its process on what it cannot compile, so it runs in a forked worker whose
death becomes a BackendError. Loading LLVM takes some 40 ms: start the worker early and it does so
while the script is still being read. One worker serves any number of modules.
"""

from __future__ import annotations

import faulthandler
import os
import re
import resource
import struct
import sys
from types import TracebackType
from typing import NamedTuple, NoReturn

from aotrace.compiler.codegen.errors import REPORT, CodegenError
from aotrace.compiler.codegen.length import REACH, longest

#: BPF is the same on each; a big-endian target would need `bpfeb` and its own object writer.
TRIPLES = {"x86_64": "bpfel", "aarch64": "bpfel"}
_CPU = "v3"  # 32-bit subregisters and atomics: every kernel since 5.12, and 5.10 for what we emit
_OPTIMISATION = 2
_LENGTH = struct.Struct("<Q")
_OBJECT, _LISTINGS, _ASSEMBLY = b"object", b"listings", b"assembly"  # what the worker is asked for
_TOO_LONG = "this probe is too long for BPF: a jump cannot reach its end"


class Emitted(NamedTuple):
    """What LLVM made: the object, and on demand the optimised module and its assembly."""

    object: bytes
    optimized_ir: str | None = None
    assembly: str | None = None


class BackendError(CodegenError):
    """LLVM did not take the module."""


class _Complaint(NamedTuple):
    """What LLVM says, and what that means to the writer of a script."""

    pattern: str
    message: str
    hint: str


_COMPLAINTS = (
    _Complaint(
        r"BPF stack limit",
        "this probe needs more than the 512 bytes of stack that BPF has",
        "use fewer or shorter strings and tuples at once, or split the probe",
    ),
    _Complaint(
        r"too many arguments|stack arguments|pass by value not supported",
        "a function takes more than the 5 arguments that BPF can pass",
        "split the probe",
    ),
    _Complaint(
        r"signed division",
        "signed division is not known to the kernels that this object is for",
        "cast both operands to an unsigned type",
    ),
    _Complaint(
        r"dynamic stack allocation",
        "memory of a size that is known at run time only cannot be had in BPF",
        REPORT,
    ),
    _Complaint(
        r"built-in function '(\w+)'",
        "this copies or clears more memory at once than BPF code can",
        "use shorter strings, or please report this script",
    ),
    _Complaint(
        r"[Bb]ranch target out of (insn )?range|branch (target|displacement) is out of range",
        _TOO_LONG,
        "split the probe",
    ),
)
_PLACE = re.compile(r":(\d+):(\d+): in function")


class Backend:
    """A worker process with LLVM loaded; close it, or use it in a `with`."""

    def __init__(self) -> None:
        self._pid = 0
        self._requests = self._replies = self._log = -1
        self._start()

    def __enter__(self) -> Backend:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def emit(self, ir_text: str, arch: str = "x86_64", listings: bool = False) -> Emitted:
        """Optimise and compile a module; `listings` asks for IR and assembly too.

        Raises BackendError; the worker is then started anew and stays usable.
        """
        if arch not in TRIPLES:
            raise BackendError(f"no code can be made for {arch}", f"known: {', '.join(TRIPLES)}")
        if not self._pid:
            self._start()
        reply = self._ask(arch, _LISTINGS if listings else _OBJECT, ir_text)
        if reply is None:
            error = self._explain_death()
            if error.message == _TOO_LONG:
                self._start()
                error = _measured(self._ask(arch, _ASSEMBLY, ir_text), error)
            raise error
        return _read_reply(reply)

    def _ask(self, arch: str, wanted: bytes, ir_text: str) -> list[bytes] | None:
        try:
            _send(self._requests, [TRIPLES[arch].encode(), wanted, ir_text.encode()])
            return _receive(self._replies)
        except BrokenPipeError:
            return None

    def close(self) -> int:
        """End the worker; its wait status."""
        if not self._pid:
            return 0
        os.close(self._requests)
        os.close(self._replies)
        _, status = os.waitpid(self._pid, 0)
        os.close(self._log)
        self._pid = 0
        return status

    def _start(self) -> None:
        request_out, self._requests = os.pipe()
        self._replies, reply_in = os.pipe()
        self._log = os.memfd_create("llvm-messages")
        self._pid = os.fork()
        if not self._pid:
            os.dup2(self._log, 2)
            _keep_only(*sorted((request_out, reply_in)))
            _serve(request_out, reply_in)
        os.close(request_out)
        os.close(reply_in)

    def _explain_death(self) -> BackendError:
        log = os.dup(self._log)
        status = self.close()
        text = os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")
        os.close(log)
        return explain(text or f"LLVM ended with wait status {status}")


def optimise_and_emit(ir_text: str, arch: str = "x86_64", listings: bool = False) -> Emitted:
    """Compile one module with a worker of its own. Raises BackendError."""
    with Backend() as backend:
        return backend.emit(ir_text, arch, listings)


def explain(log: str) -> BackendError:
    """What LLVM wrote before it ended, as an error for the writer of a script."""
    place = _PLACE.search(log)
    line, column = map(int, place.groups()) if place else (0, 0)
    for complaint in _COMPLAINTS:
        if re.search(complaint.pattern, log):
            return BackendError(complaint.message, complaint.hint, line, column)
    first = next((text for text in log.splitlines() if "rror" in text), log.strip())
    return BackendError(f"LLVM cannot compile this: {first}", REPORT)


def _measured(reply: list[bytes] | None, error: BackendError) -> BackendError:
    """The error with the lines that make a program too long."""
    if reply is None or reply[0] != b"ok":
        return error
    function = longest(reply[1].decode())
    taken = ", ".join(f"line {line} makes {count}" for line, count in function.lines())
    return BackendError(
        f"{error.message}: {function.length} instructions, and it reaches over {REACH}",
        f"{taken}; split the probe, or make a loop of what is alike",
        *function.worst(),
    )


def _send(fd: int, parts: list[bytes]) -> None:
    body = b"".join(_LENGTH.pack(len(part)) + part for part in parts)
    view = memoryview(_LENGTH.pack(len(body)) + body)
    while view:
        view = view[os.write(fd, view) :]


def _receive(fd: int) -> list[bytes] | None:
    """The parts of one message; None when the other side is gone."""
    header = _read(fd, _LENGTH.size)
    body = _read(fd, _LENGTH.unpack(header)[0]) if header else None
    if body is None:
        return None
    parts = []
    offset = 0
    while offset < len(body):
        (size,) = _LENGTH.unpack_from(body, offset)
        offset += _LENGTH.size
        parts.append(body[offset : offset + size])
        offset += size
    return parts


def _read(fd: int, size: int) -> bytes | None:
    pieces = []
    while size:
        piece = os.read(fd, min(size, 1 << 20))
        if not piece:
            return None
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _read_reply(reply: list[bytes]) -> Emitted:
    status, *parts = reply
    if status != b"ok":
        raise BackendError(f"LLVM refuses the module: {parts[0].decode()}", REPORT)
    return Emitted(parts[0], *(part.decode() for part in parts[1:]))


# In the worker


def _keep_only(low: int, high: int) -> None:
    """Close all but these and the standard streams: a worker that held the pipe of another one
    open would keep that one from seeing its end."""
    os.closerange(3, low)
    os.closerange(low + 1, high)
    os.closerange(high + 1, os.sysconf("SC_OPEN_MAX"))


def _serve(requests: int, replies: int) -> NoReturn:
    """Answer requests until there are no more; never return into the parent's code."""
    faulthandler.disable()  # an abort is expected here, and told of by its message alone
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        compiler = _Compiler()
        while (request := _receive(requests)) is not None:
            triple, wanted, text = request
            _send(replies, compiler.answer(triple.decode(), wanted, text.decode()))
        os._exit(0)
    except BaseException as error:
        sys.stderr.write(f"error: {type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(1)


class _Compiler:
    """LLVM, loaded and initialised."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        # Equal ends of two branches would become one: `r1 = *(r1 + 0)`, where r1 is the context in
        # one and a map's value in the other, which the verifier refuses.
        llvm.set_option("aotrace", "-enable-tail-merge=false")
        self._llvm = llvm

    def answer(self, triple: str, wanted: bytes, text: str) -> list[bytes]:
        """A reply's parts: 'ok', object, IR, assembly, or the last alone; or 'refused' and why."""
        llvm = self._llvm
        target = llvm.Target.from_triple(triple)
        machine = target.create_target_machine(
            cpu=_CPU, opt=_OPTIMISATION, reloc="static", codemodel="small"
        )
        try:
            module = llvm.parse_assembly(text)
            module.verify()
        except RuntimeError as error:
            return [b"refused", str(error).strip().encode()]
        self._optimise(machine, module)
        if wanted == _ASSEMBLY:
            return [b"ok", machine.emit_assembly(module).encode()]
        listings = wanted == _LISTINGS
        optimized = [str(module).encode()] if listings else []
        assembly = [machine.emit_assembly(module).encode()] if listings else []
        return [b"ok", machine.emit_object(module), *optimized, *assembly]

    def _optimise(self, machine: object, module: object) -> None:
        """LLVM's O2 with the BPF target's own passes; loops stay loops, there are no vectors."""
        options = self._llvm.create_pipeline_tuning_options(speed_level=_OPTIMISATION)
        options.loop_unrolling = False
        options.loop_vectorization = False
        options.slp_vectorization = False
        builder = self._llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
