"""How long a loop may be that the verifier walks through turn by turn."""

from __future__ import annotations

MOST_IN_PLACE = 1024
