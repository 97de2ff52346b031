"""The view is one blob, written only in place of what its writer has read."""

import pytest

from lab.emulator.serve import Azure
from shared.adapters.blob_view import BlobView
from shared.domain.errors import RotationError
from shared.domain.names import LEASE_CONTAINER
from tests.support.real_parts import Parts, parts_over


@pytest.fixture
def views(parts: Parts) -> BlobView:
    assert isinstance(parts.rotation.outside.views, BlobView)
    return parts.rotation.outside.views


async def test_it_is_read_as_it_was_written_also_where_there_is_no_container_yet(views: BlobView) -> None:
    assert await views.read() is None
    assert await views.write(b"first", None)
    found = await views.read()
    assert found is not None
    assert found[0] == b"first"
    assert await views.write(b"second", found[1])
    again = await views.read()
    assert again is not None
    assert again[0] == b"second"


async def test_what_another_process_wrote_meanwhile_stays(views: BlobView) -> None:
    assert await views.write(b"first", None)
    assert not await views.write(b"also first", None)
    found = await views.read()
    assert found is not None
    assert await views.write(b"theirs", found[1])
    assert not await views.write(b"ours", found[1])
    again = await views.read()
    assert again is not None
    assert again[0] == b"theirs"


async def test_a_refusal_by_the_storage_is_named(views: BlobView, parts: Parts) -> None:
    parts.azure.world.faults.add("blob.*", "status", status=403, code="AuthorizationFailure", times=0)
    with pytest.raises(RotationError, match="read the view"):
        await views.read()
    with pytest.raises(RotationError, match="write the view"):
        await views.write(b"first", None)


async def test_the_fleet_the_survey_and_the_weeks_are_views_of_their_own(azure: Azure) -> None:
    async with parts_over(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id) as parts:
        outside = parts.rotation.outside
        for number, views in enumerate((outside.views, outside.surveys, outside.weeks)):
            assert views is not None
            assert await views.write(str(number).encode(), None)
    names = {one.name for one in azure.world.blobs.containers[LEASE_CONTAINER].blobs.values()}
    assert names >= {"views/fleet", "views/readiness", "views/weeks"}


def test_without_logs_and_without_a_scope_no_survey_is_made(parts: Parts) -> None:
    assert (parts.rotation.outside.surveys, parts.rotation.outside.weeks) == (None, None)
