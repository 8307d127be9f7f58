"""The guest's side of tests/kernels/vm.py: runs a plan of jobs.

Runs with the system's plain python3 as `guest.py FOLDER`: reads FOLDER/plan.json, appends one JSON
line per finished job to FOLDER/results.jsonl, so that a guest that dies leaves what it got done.
"""

from __future__ import annotations

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.support.observe import load_jobs, observe


def main(folder: str) -> int:
    with open(os.path.join(folder, "results.jsonl"), "a") as results:
        for job in load_jobs(os.path.join(folder, "plan.json")):
            print(json.dumps(observe(job).to_json()), file=results, flush=True)
            os.fsync(results.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
