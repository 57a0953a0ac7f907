"""The named table of shims: faults of moto 5.2.1, mended as AWS behaves.

Every entry was checked against moto by hand and has a test in
test_shims.py. GAPS lists what cannot be mended here.
"""
from __future__ import annotations

from . import xmledit
from .base import Gap, Shim, Shims

TABLE: tuple[Shim, ...] = ()
GAPS: tuple[Gap, ...] = ()
