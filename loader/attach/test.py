"""test: a raw_tp program, run once and judged by what it returns (trials.py). Target: name."""

from __future__ import annotations

from aotrace.loader.attach.begin import explain, run
from aotrace.loader.attach.mechanism import TEST, Mechanism

MECHANISM = Mechanism(run, explain, phase=TEST)
