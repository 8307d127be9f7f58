"""C++ names as they are written in C++: by cxxfilt, libstdc++ or c++filt, whichever is here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Demangler = Callable[[str], str]

_MANGLED = ("_Z", "__Z", "___Z")


class Names:
    """Names as they are shown. `wanted`: whether they are to be demangled at all."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._known: dict[str, str] = {}
        self._demangle: Demangler | None = None

    def shown(self, name: str) -> str:
        """The name less its version (`clock_nanosleep@@GLIBC_2.17`), demangled."""
        name = name.partition("@")[0] or name
        if not self._wanted or not name.startswith(_MANGLED):
            return name
        if name not in self._known:
            if self._demangle is None:
                self._demangle = next(_demanglers())
            self._known[name] = self._demangle(name)
        return self._known[name]


def _demanglers() -> Iterator[Demangler]:
    for make in (_cxxfilt, _libstdcxx, _program):
        found = make()
        if found:
            yield found
    yield str


def _cxxfilt() -> Demangler | None:
    try:
        import cxxfilt  # type: ignore[import-not-found]  # there on some targets
    except ImportError:
        return None

    def demangle(name: str) -> str:
        try:
            return str(cxxfilt.demangle(name))
        except cxxfilt.Error:
            return name

    return demangle


def _libstdcxx() -> Demangler | None:
    from aotrace.loader.libbpf import cxxabi

    return cxxabi.open_demangler()


def _program() -> Demangler | None:
    import shutil
    import subprocess

    path = shutil.which("c++filt")
    if path is None:
        return None

    def demangle(name: str) -> str:
        done = subprocess.run([path, name], capture_output=True, text=True)
        return done.stdout.strip() or name

    return demangle
