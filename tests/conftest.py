"""Fixtures that every folder of tests shares. The database clusters are in tests/clusters.py."""

import os
import shutil
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings
from tests.factories.cast import Cast

# How long an example takes says more of the machine than of the code; speed is measured in bench/. The
# same examples each time: a change must not fail for what it did not touch. For others:
# `--hypothesis-profile=search`.
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1_000)
settings.load_profile("fixed")


@pytest.fixture
def now() -> datetime:
    """A fixed moment of season s228, half a minute after a ten-minute tick."""
    return datetime(2026, 3, 20, 10, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def cast() -> Cast:
    """Alice, Bob, Mallory, Charlie, their rosters and their proofs."""
    return Cast()


def chromium() -> dict[str, Any]:
    """How to launch the system's Chromium, which `scripts/install-chromium` has found or installed."""
    names = (
        os.environ.get("CHROMIUM", ""),
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    found = next(filter(None, map(shutil.which, names)), None)
    # Chromium's sandbox refuses to start as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": found, "args": arguments}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | chromium()
