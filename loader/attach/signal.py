"""signal: a raw_tp program, run when the loader gets a signal. Target: signal."""

from __future__ import annotations

from aotrace.loader.attach.begin import explain, run
from aotrace.loader.attach.mechanism import SIGNALLED, Mechanism

MECHANISM = Mechanism(run, explain, phase=SIGNALLED)
