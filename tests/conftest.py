"""Fixtures and hooks of all Python tests; see harness/plugin.py."""
from tests.harness.plugin import (  # noqa: F401
    cloud, cloud_session, gate, pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown, quoin)
