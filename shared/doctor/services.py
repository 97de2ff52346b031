"""Check the places around the targets: vaults, the topic, the storage of leases, and whether clocks agree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from shared.doctor import remedies
from shared.doctor.check import STORAGE, VAULTS, Check, CheckState, Examination, bad, good, refused, unknown
from shared.doctor.targets import vault_refused
from shared.domain.errors import RotationError
from shared.domain.names import LEASE_CONTAINER, QUEUE
from shared.domain.publication import Publication

MOST_SKEW = timedelta(minutes=2)
BLOB = "key-rotation-doctor"  # leased for a moment, so that no target is held


async def reach(examination: Examination, url: str, mend: str) -> Check:
    """That somebody answers, whatever they say; their clock is compared with ours."""
    before = examination.now()
    try:
        reachability = await examination.examiner.reachability(url)
    except RotationError as error:
        return bad("reach", url, error.what, mend)
    if reachability.date is not None:
        meanwhile = examination.now() - before
        examination.skews.append((url, before + meanwhile / 2 - reachability.date))
    return good("reach", url, f"It answers ({reachability.status}).")


async def vault(examination: Examination, url: str) -> AsyncIterator[Check]:
    reached = await reach(examination, url, remedies.see_vault(url))
    yield reached
    if reached.state is CheckState.FAILED:
        return
    if VAULTS not in examination.tokens:
        yield unknown("list-secrets", url, "There is no token for Key Vault.")
        return
    try:
        listed = len([name async for name, _ in examination.rotation.outside.vault.listing(url)])
    except RotationError as error:
        yield vault_refused(examination, "list-secrets", url, url, error)
        return
    yield good("list-secrets", url, f"{listed} secrets were listed.")
    why = f"Writing a secret cannot be tried harmlessly. {_last_written(examination.published.get(url, []))}"
    yield unknown("set-secret", url, why, examination.mend.assigned(remedies.vault(url)))


def _last_written(published: Iterable[Publication]) -> str:
    latest = max((one.marks.since for one in published if one.marks), default=None)
    return f"It worked on {latest:%Y-%m-%d}, when a key was last published." if latest else "Nothing was published yet."


async def topic(examination: Examination) -> AsyncIterator[Check]:
    """What can be known without announcing anything."""
    url = examination.settings.topic
    if url is None:
        why = "EVENT_GRID_TOPIC_ENDPOINT is not set: announcements stand in the log only, and nobody is warned (P3)."
        yield unknown("announce", "announcements", why, remedies.make_topic())
        return
    yield await reach(examination, url, remedies.see_topic(url))
    why = f"Announcing cannot be tried without announcing something. See that the app has the role {remedies.SENDER}."
    yield unknown("announce", url, why, examination.mend.assigned(remedies.topic(url)))
    why = "Only who may read the topic sees its schema. See that it is CloudEventSchemaV1_0."
    yield unknown("topic-schema", url, why, remedies.see_topic(url))


async def leases(examination: Examination) -> Check:
    storage, thing = examination.settings.storage, LEASE_CONTAINER
    if storage.connection_string is None and STORAGE not in examination.tokens:
        return unknown("lease", thing, "There is no token for Azure Storage.")
    try:
        async with examination.rotation.leases.hold(BLOB) as lease:
            lease.check()
    except RotationError as error:
        where = remedies.leases(remedies.storage_name(storage.blob_url))
        return refused("lease", thing, error, examination.mend.assign(remedies.LEASES, where))
    return good("lease", thing, "A lease was taken and given back.")


def queue(examination: Examination) -> Check | None:
    """The host opens the queue, not the app's own code. With a connection string there is no right to look at."""
    storage = examination.settings.storage
    if storage.connection_string is not None:
        return None
    where = remedies.queue(remedies.storage_name(storage.blob_url), QUEUE)
    why = f"Only the function host uses the queue. See that the app has the role {remedies.QUEUES}."
    return unknown("queue", QUEUE, why, examination.mend.assigned(where))


def clock(examination: Examination) -> Check:
    if not examination.skews:
        return unknown("clock", "clock", "Nobody said what time it is.")
    url, skew = max(examination.skews, key=lambda seen: abs(seen[1]))
    seconds = abs(round(skew.total_seconds()))
    if abs(skew) <= MOST_SKEW:
        return good("clock", "clock", f"It differs from Azure's by {seconds} s at most.")
    side = "ahead of" if skew > timedelta(0) else "behind"
    why = f"It is {seconds} s {side} that of {urlsplit(url).hostname}: keys are rotated and end by this clock."
    return bad("clock", "clock", why, "timedatectl set-ntp true")
