"""Run a test as if the machine stood in another time zone."""

import os
import time
from collections.abc import Iterator

import pytest


@pytest.fixture(params=["Asia/Tokyo", "America/Los_Angeles"])
def machine_in_another_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set the time zone of this process, and set it back."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()
