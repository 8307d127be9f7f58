"""`python -m tests.bench.cost`: the table alone, without the other measurements of `make bench`."""

from __future__ import annotations

import sys

from tests.bench.cost.table import print_costs
from tests.bench.tracers import present_tracers
from tests.support.tracefs import mount_tracing

if __name__ == "__main__":
    mount_tracing()
    print_costs(present_tracers(), sys.argv[1:])
