"""The project's provider definitions with short pauses, as a folder for QUOIN_PROVIDER_PATH.

Tests that make hundreds of runs cannot wait as long as AWS needs. Only durations
of pauses change; everything else of the definitions is as embedded."""
from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_EVERY = re.compile(r"every: [\d.]+m?s\.\.[\d.]+m?s")
_GRACE = re.compile(r"grace: [\d.]+m?s")


def quick(folder: Path, grace_ms: int = 500) -> Path:
    """Writes the definitions below folder and returns it."""
    sources = sorted((ROOT / "modules/providers/aws").glob("*/*.yaml"))
    assert len(sources) >= 16, "definitions are missing"
    for source in sources:
        target = folder / source.parent.name / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = _EVERY.sub("every: 20ms..200ms", source.read_text())
        target.write_text(_GRACE.sub(f"grace: {grace_ms}ms", text))
    return folder
