"""In the running app, under the shipped roles: leaks are confirmed, and requests are limited across two hosts (S4)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tests.end_to_end.calls import Doors, regenerations
from tests.end_to_end.conftest import a_host, published, works

LIMITS = {"ROTATION_REQUESTS_PER_TARGET": "2", "ROTATION_REQUESTS_IN_ALL": "3"}


async def test_eight_leaks_of_both_keys_in_a_row_end_keys_as_often_as_the_limit_allows(azure, http) -> None:
    for name in ("chat", "search"):
        published(azure, azure.world.accounts.named(name), days_ago=10)
    both, confirmed = {"key": "both"}, {"key": "both", "confirm": "chat"}
    async with a_host(azure, **LIMITS) as one, a_host(azure, **LIMITS) as other:
        first, second = Doors(one, http), Doors(other, http)
        told = await first.post("targets/chat/leak", both)
        assert (told.status, told.data["title"]) == (409, "ConfirmFirst")
        assert not regenerations(azure)
        answers = [await doors.post("targets/chat/leak", confirmed) for doors in (first, second) * 4]
        assert [one.status for one in answers] == [200, 200] + 6 * [429]
        assert regenerations(azure, "chat") == 4
        ahead = parsedate_to_datetime(answers[-1].headers["Retry-After"]) - datetime.now(UTC)
        assert 0 < ahead.total_seconds() <= 3602
        told = await second.post("targets/search/leak", {"key": "live"}, Idempotency_Key="once")
        assert told.status == 200
        again = await first.post("targets/search/leak", {"key": "live"}, Idempotency_Key="once")
        assert (again.status, again.data["reason"]) == (200, "already-done")
        told = await first.post("rotate", {"targets": ["search"]})
        assert (told.status, told.data["title"]) == (429, "LimitReached")
        assert (await first.post("deployments", {"environment": "production"})).status == 200
    assert works(azure, "chat")
    assert works(azure, "search")
