"""Fixtures that every folder of tests shares. The database clusters are in tests/clusters.py."""

from datetime import UTC, datetime

import pytest
from tests.factories.cast import Cast


@pytest.fixture
def now() -> datetime:
    """A fixed moment of season s228, half a minute after a ten-minute tick."""
    return datetime(2026, 3, 20, 10, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def cast() -> Cast:
    """Alice, Bob, Mallory, Charlie, their rosters and their proofs."""
    return Cast()
