"""What tests of several folders share (pytest puts this folder on sys.path, so that `servers` can be imported)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from servers import FaultServer


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    """A local server whose faults the test scripts, and which remembers every request."""
    async with FaultServer() as running:
        yield running
