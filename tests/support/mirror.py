"""A private apt beside the machine's own: other suites, the same mirrors, nothing installed.

The mirrors' addresses are those that the machine itself is set up with, as
`apt-get indextargets` tells them; the project names none.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_RELEASE_NAMES = (
    *("stable", "oldstable", "oldoldstable", "testing", "unstable"),
    *("bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
)


class MirrorError(Exception):
    """The machine's apt knows no Debian mirror, or the mirror did not give what was asked."""


def debian_mirror(security: bool = False) -> str:
    """The address of the Debian archive, or of its security archive, that this machine uses."""
    wanted = {name + ("-security" if security else "") for name in _RELEASE_NAMES}
    listing = _run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"])
    for line in listing.splitlines():
        release, _, address = line.partition(" ")
        if release in wanted:
            return address.rstrip("/")
    kind = "security archive" if security else "Debian archive"
    raise MirrorError(f"the apt sources of this machine name no {kind}")


class PrivateApt:
    """apt-get and apt-cache over sources, lists and a cache of their own, all under one folder."""

    def __init__(self, folder: Path, suites: tuple[str, ...], architecture: str = "") -> None:
        """`architecture`: of the packages; by default this machine's."""
        self._folder = folder
        self._suites = suites
        self._architecture = architecture

    def update(self) -> None:
        """Fetches the package lists of the suites."""
        for name in ("lists/partial", "archives/partial"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        lines = [self._source_line(suite) for suite in self._suites]
        (self._folder / "sources.list").write_text("".join(lines))
        _run(["apt-get", *self._options(), "update"])

    def newest(self, pattern: str) -> str:
        """The name of the newest package whose whole name matches; versions are in the names."""
        names = _run(["apt-cache", *self._options(), "pkgnames", "linux-"]).split()
        fitting = [name for name in names if re.fullmatch(pattern, name)]
        if not fitting:
            raise MirrorError(f"no package named like {pattern} in {', '.join(self._suites)}")
        return max(fitting, key=_version_key)

    def download(self, package: str, into: Path) -> Path:
        """Downloads one package into a folder; gives the path of the .deb."""
        into.mkdir(parents=True, exist_ok=True)
        _run(["apt-get", *self._options(), "download", package], cwd=into)
        return next(into.glob(f"{package}_*.deb"))

    def _source_line(self, suite: str) -> str:
        address = debian_mirror(security=suite.endswith("-security"))
        return f"deb [signed-by={_KEYRING}] {address} {suite} main\n"

    def _options(self) -> list[str]:
        settings = {
            "Dir::Etc::sourcelist": str(self._folder / "sources.list"),
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": str(self._folder / "lists"),
            "Dir::State::status": "/dev/null",
            "Dir::Cache": str(self._folder),
            "Acquire::Languages": "none",
            # A suite that is no longer maintained keeps its last date.
            "Acquire::Check-Valid-Until": "false",
            # The cache folder need not be open to the user that apt fetches as.
            "APT::Sandbox::User": "root",
        }
        if self._architecture:
            settings["APT::Architecture"] = settings["APT::Architectures"] = self._architecture
        return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]


def _version_key(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", name)
    ]


def _run(command: list[str], cwd: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise MirrorError(f"{command[0]} {command[-1]}: {done.stderr.strip()}")
    return done.stdout
