"""bench: a program that the kernel repeats and times (trials.py). Target: name."""

from __future__ import annotations

from aotrace.loader.attach.begin import explain, run
from aotrace.loader.attach.mechanism import BENCH, Mechanism

MECHANISM = Mechanism(run, explain, phase=BENCH)
