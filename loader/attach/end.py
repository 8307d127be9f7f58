"""end: a raw_tp program, run once after everything is detached and read."""

from __future__ import annotations

from aotrace.loader.attach.begin import explain, run
from aotrace.loader.attach.mechanism import AFTER, Mechanism

MECHANISM = Mechanism(run, explain, phase=AFTER)
