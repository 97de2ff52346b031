"""The app's parts with a log workspace."""

from collections.abc import AsyncIterator

import pytest

from lab.emulator.serve import Azure
from tests.support.call_logs import note
from tests.support.real_parts import Parts, parts_over


@pytest.fixture
async def counting(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts with a workspace, in which one call without a key is logged for account-001."""
    async with parts_over(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id) as wired:
        note(wired, caller="an Entra object id")
        yield wired
