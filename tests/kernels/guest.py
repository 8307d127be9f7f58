"""The guest's side of tests/kernels/vm.py: prepares the machine, runs a plan of jobs.

Runs with the system's plain python3 as `guest.py FOLDER`: reads FOLDER/plan.json, appends one JSON
line per finished job to FOLDER/results.jsonl, so that a guest that dies leaves what it got done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.support.observe import load_jobs, observe

_MOUNTS = (
    ("tracefs", "/sys/kernel/tracing"),
    ("debugfs", "/sys/kernel/debug"),
    ("bpf", "/sys/fs/bpf"),
)


def prepare() -> None:
    """Mounts what tracers expect and brings the loopback up; both are no loss if already done."""
    for kind, place in _MOUNTS:
        if not os.path.ismount(place):
            subprocess.run(["mount", "-t", kind, kind, place], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main(folder: str) -> int:
    prepare()
    with open(os.path.join(folder, "results.jsonl"), "a") as results:
        for job in load_jobs(os.path.join(folder, "plan.json")):
            print(json.dumps(observe(job).to_json()), file=results, flush=True)
            os.fsync(results.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
