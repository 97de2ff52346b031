"""A leaked key ends as soon as possible: nothing is listed, and calls that do not depend on each other do not wait for
each other."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from lab.emulator.accounts import Account
from lab.emulator.journal import Entry
from lab.emulator.serve import Azure
from shared.adapters import blob_leases
from shared.adapters.blob_lease import blob_name
from shared.domain.acts import Limits
from shared.domain.errors import ConfirmFirst, LimitReached
from shared.domain.keys import ApiKey
from shared.domain.model import AccountId
from shared.domain.requests import LeakedKey, LeakRequest
from shared.domain.scopes import EVERYWHERE
from shared.fleet.rotation import Rotation
from shared.handlers import one_turn
from shared.handlers.one_turn import answer
from shared.turns.acts import ACTS
from shared.turns.notes import LEAKS
from shared.turns.report import Outcome
from shared.web.responses import Reply
from tests.support.real_parts import Parts

MONTH = 35 * 24 * 3600.0


class Leak:
    """The first account, whose live key has leaked."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.world = parts, parts.azure.world
        self.account: Account = parts.account()
        self.id = AccountId.parse(self.account.id)
        self.vault = next(iter(self.world.vaults.values()))
        self.secret = self.vault.secrets.get(f"{self.account.name}-key")

    @property
    def live(self) -> str:
        assert self.secret is not None
        return self.secret.versions[-1].value

    async def reported(self, value: str = "", **said: Any) -> Reply:
        """Report a key by its fingerprint, or in words."""
        words = said or {"key": None, "fingerprint": ApiKey(value or self.live).fingerprint}
        async with asyncio.timeout(20):
            return await answer(self.id, LeakRequest(by="a person", id="r1", **words), EVERYWHERE)

    def works(self, value: str) -> bool:
        return self.world.accounts.key_accepted(self.account, value)

    def listed(self) -> int:
        return self.world.journal.count("arm.listAccounts")

    def noted(self) -> int:
        return len(self.world.blobs.list("key-rotation-leases", ACTS))


@pytest.fixture
async def unadopted(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Leak:
    async def rotation() -> Rotation:
        return parts.rotation

    monkeypatch.setattr(one_turn, "rotation", rotation)
    monkeypatch.setattr(blob_leases, "TRY_AGAIN_AFTER", 0.002)
    for number in (1, 2):
        parts.account(number).tags = {"key-rotation": "on"}
    return Leak(parts)


@pytest.fixture
async def leak(unadopted: Leak, azure: Azure) -> Leak:
    """The account after its first rotation, in a process that has called everything once."""
    rotation = unadopted.parts.rotation
    target = (await rotation.fleet.enrolled())[0][0].target
    await rotation.turn(target)
    azure.world.clock.advance(MONTH)
    await rotation.turn(target)
    azure.world.clock.advance(MONTH / 5)
    await rotation.turn(target)  # the previous key has ended
    azure.world.journal.clear()
    return Leak(unadopted.parts)


# At the same time.

MEETINGS = {
    "the account is read while the report is counted": (("arm.getAccount", ""), ("blob.put", ACTS)),
    "the leak is put on record while the lease is taken": (("blob.put", LEAKS), ("blob.lease.acquire", "account-001")),
    "the secret is read while the keys are listed": (("kv.getSecret", ""), ("arm.listKeys", "")),
    "the lease is signed while the secret is read": (("blob.metadata", ""), ("kv.getSecret", "")),
    "the key is named while the other one is regenerated": (("blob.put", LEAKS, 1), ("arm.regenerateKey", "")),
    "the leaked key is tried while its successor is published": (("aoai.models", "", 2), ("kv.setSecret", "")),
}


@pytest.mark.parametrize("calls", MEETINGS.values(), ids=list(MEETINGS))
async def test_calls_that_do_not_depend_on_each_other_are_made_at_the_same_time(leak: Leak, calls: Any) -> None:
    """Each of the two is answered only once the other one has arrived."""
    both = asyncio.Barrier(2)
    for operation, target, *skip in calls:
        leak.world.faults.add(operation, "hook", target=target, skip=sum(skip), hook=lambda _: both.wait())
    leaked = leak.live
    assert (await leak.reported()).status == 200
    assert not leak.works(leaked)
    assert leak.works(leak.live)


async def test_account_secret_and_keys_are_read_at_the_same_time(leak: Leak) -> None:
    three = asyncio.Barrier(3)
    for operation, skip in {"arm.getAccount": 1, "kv.getSecret": 0, "arm.listKeys": 0}.items():
        leak.world.faults.add(operation, "hook", skip=skip, hook=lambda _: three.wait())
    assert (await leak.reported()).status == 200


async def test_the_leak_is_on_record_before_the_first_call_that_changes_something(leak: Leak) -> None:
    """P13: also if putting it on record takes longer than everything that does not wait for it."""
    order: list[str] = []

    async def slow(_: Entry) -> None:
        await asyncio.sleep(0)
        order.append("asked")

    leak.world.faults.add("blob.put", "hook", target=LEAKS, hook=slow)
    leak.world.faults.add("arm.regenerateKey", "hook", hook=lambda _: order.append(f"{on_record(leak)} on record"))
    await leak.reported()
    assert order == ["asked", "1 on record"]


def on_record(leak: Leak) -> int:
    return len(leak.world.blobs.list("key-rotation-leases", LEAKS))


# Calls.


async def test_before_the_key_ends_no_call_is_made_that_is_not_needed(leak: Leak) -> None:
    await leak.reported()
    names = leak.parts.names()
    last = max(number for number, name in enumerate(names) if name == "arm.regenerateKey")
    second = blob_name(f"{str(leak.id).casefold()}/leak")
    beside = [one for one in leak.parts.calls() if second in one.target or one.operation == "blob.metadata"]
    needed = [one.operation for one in leak.parts.calls()[: last + 1] if one not in beside]
    assert sorted(needed) == sorted(
        [
            *("arm.getAccount", "blob.put", "blob.list"),  # found and counted
            *("blob.put", "blob.lease.acquire"),  # on record, and held
            *("kv.getSecret", "arm.getAccount", "arm.listKeys"),
            *("blob.put", "arm.regenerateKey", "aoai.models", "aoai.models", "kv.setSecret", "aoai.models"),
            "arm.regenerateKey",
        ]
    )


@pytest.mark.parametrize("words", [{}, {"key": LeakedKey.LIVE}, {"key": LeakedKey.PREVIOUS}])
async def test_by_resource_id_nothing_is_listed(leak: Leak, words: dict[str, Any]) -> None:
    assert (await leak.reported(**words)).status == 200
    assert not leak.listed()


@pytest.mark.parametrize("words", [{}, {"key": LeakedKey.LIVE}])
async def test_a_key_of_an_account_that_is_not_adopted_yet_ends_without_a_listing_and_nothing_is_published(
    unadopted: Leak, words: dict[str, Any]
) -> None:
    leaked, other = (key.value for key in unadopted.account.keys.values())
    assert (await unadopted.reported(leaked, **words)).status == 200
    assert not unadopted.works(leaked)
    assert unadopted.works(other)
    assert not unadopted.listed()
    assert not unadopted.vault.secrets
    target = (await unadopted.parts.rotation.fleet.find_account(unadopted.id)).target  # type: ignore[union-attr]
    await unadopted.parts.rotation.turn(target)
    assert unadopted.works(unadopted.vault.secrets["account-001-key"].versions[-1].value)


async def test_a_key_ends_without_a_listing_although_the_secret_is_another_accounts(leak: Leak) -> None:
    rival = leak.parts.account(2)
    rival.tags = {"key-rotation": "on", "key-rotation-secret": "account-001-key"}
    leak.parts.rotation.settings = _allowing(leak.parts.rotation, "account-001-key")
    leaked, published = rival.keys["key1"].value, leak.live
    report = LeakRequest(by="a person", id="r1", key=None, fingerprint=ApiKey(leaked).fingerprint)
    assert (await answer(AccountId.parse(rival.id), report, EVERYWHERE)).status == 200
    assert not leak.world.accounts.key_accepted(rival, leaked)
    assert leak.live == published
    assert not leak.listed()


def _allowing(rotation: Rotation, secret: str) -> Any:
    return replace(rotation.settings, secrets=(secret,))


# A report that is not let in.


@pytest.mark.parametrize("refused", [LimitReached, ConfirmFirst])
async def test_a_report_that_is_refused_holds_nothing_and_is_not_counted(leak: Leak, refused: type[Exception]) -> None:
    await leak.reported()
    before, acts = leak.live, leak.noted()
    leak.world.journal.clear()
    report = LeakRequest(by="a person", id="r2", key=LeakedKey.LIVE)
    confirm = None if refused is ConfirmFirst else "account-001"
    if refused is LimitReached:
        leak.parts.rotation.settings = replace(leak.parts.rotation.settings, limits=Limits(1, 60))
    with pytest.raises(refused):
        await answer(leak.id, report, EVERYWHERE, confirm=confirm)
    assert leak.live == before
    assert leak.noted() == acts
    assert not leak.world.journal.count("blob.lease.*")
    assert not on_record(leak)


# While a scheduled turn holds the account.

SCHEDULED = (
    "blob.lease.acquire",
    "kv.getSecret",
    "arm.listKeys",
    "arm.regenerateKey",
    "aoai.models",
    "kv.setSecret",
    "eg.publish",
    "kv.updateSecret",
    "blob.lease.release",
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", SCHEDULED)
async def test_a_leak_at_any_call_of_a_scheduled_rotation_ends_the_key_and_both_come_to_rest(
    leak: Leak, azure: Azure, operation: str, when: str
) -> None:
    leaked, versions, app = leak.live, len(leak.secret.versions), leak.parts.rotation  # type: ignore[union-attr]
    azure.world.clock.advance(MONTH)
    reports: list[asyncio.Task[Reply]] = []
    leak.world.faults.add(
        operation,
        "hook",
        when=when,
        hook=lambda _: reports.append(asyncio.ensure_future(leak.reported(leaked))),  # type: ignore[arg-type]
    )
    ended: Outcome = await app.turn((await app.fleet.find_account(leak.id)).target)  # type: ignore[union-attr]
    assert (await reports[0]).status == 200, ended
    assert not leak.works(leaked)
    assert leak.works(leak.live)
    for _ in range(2):
        await app.turn((await app.fleet.find_account(leak.id)).target)  # type: ignore[union-attr]
    assert leak.works(leak.live)
    assert len(leak.secret.versions) <= versions + 2  # type: ignore[union-attr]
