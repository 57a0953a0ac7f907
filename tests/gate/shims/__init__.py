"""The named table of shims: faults of moto 5.2.1, mended as AWS behaves.

Every entry was checked against moto by hand and has a test in
test_shims.py. GAPS lists what cannot be mended here.
"""
from __future__ import annotations

from . import ec2, ec2_network, ecs, ecs_service, ecs_task, elbv2, global_services, identity, logs_policies, s3, s3_stored, scale, xmledit
from .base import Gap, Shim, Shims

_MODULES = (ec2, ec2_network, s3, s3_stored, ecs, ecs_service, ecs_task, elbv2, global_services, logs_policies, scale, identity)
TABLE: tuple[Shim, ...] = tuple(shim for module in _MODULES for shim in module.TABLE)
GAPS: tuple[Gap, ...] = tuple(gap for module in _MODULES for gap in module.GAPS)

__all__ = ["GAPS", "TABLE", "Gap", "Shim", "Shims", "gap", "xmledit"]


def gap(name: str) -> str:
    """The reason of a known gap, for skips: pytest.skip(gap('ec2-blackhole'))."""
    return next(f"{g.name}: {g.reason}" for g in GAPS if g.name == name)
