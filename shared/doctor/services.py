"""Check what the targets share: addresses, vaults, the topic, the storage of leases and of the queue, and the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from urllib.parse import urlsplit

from shared.doctor import remedies
from shared.doctor.check import (
    STORAGE,
    VAULTS,
    Check,
    CheckState,
    Examination,
    failed,
    not_checked,
    passed,
)
from shared.doctor.refused import failed_at_storage, failed_at_vault
from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.domain.names import LEASE_CONTAINER, QUEUE
from shared.domain.publication import Publication
from shared.domain.scopes import OTHERS, Reach
from shared.settings.environment import SignIn
from shared.settings.operators import SETTING

MOST_SKEW = timedelta(minutes=2)
BLOB = "key-rotation-doctor"  # a blob of its own is leased, so that no target is held up


def check_proxy(examination: Examination) -> Check | None:
    """Return which proxy all calls go through. Whether it admits a host is seen when that host is called. None without
    a proxy."""
    proxy = examination.examiner.proxy
    if proxy is None:
        return None
    straight = f", except to the hosts of NO_PROXY: {proxy.exceptions}" if proxy.exceptions else ""
    return passed("proxy", proxy.address, f"All calls go through it, as HTTPS_PROXY says{straight}.")


async def check_address(examination: Examination, url: str, remedy: str) -> Check:
    """Check that an answer comes from an address, whatever it says, and note how far the clocks differ."""
    before = examination.now()
    try:
        reachability = await examination.examiner.reachability(url)
    except RotationError as error:
        return failed("reach", url, error.what, remedy)
    if reachability.date is not None:
        meanwhile = examination.now() - before
        examination.skews.append((url, before + meanwhile / 2 - reachability.date))
    return passed("reach", url, f"It answers with status {reachability.status}.")


async def check_vault(examination: Examination, url: str) -> AsyncIterator[Check]:
    """Check that a vault answers and lists its secrets. Writing to it is not tried."""
    reached = await check_address(examination, url, remedies.see_vault(url))
    yield reached
    if reached.state is CheckState.FAILED:
        return
    if VAULTS not in examination.tokens:
        yield not_checked("list-secrets", url, "There is no token for Key Vault.")
        return
    try:
        page = await examination.rotation.outside.vault.listing(url)
    except RotationError as error:
        yield failed_at_vault(examination, "list-secrets", url, url, error)
        return
    more = " and more" if page.after else ""
    yield passed("list-secrets", url, f"{len(page.entries)} secrets{more} were listed.")
    last = _last_written(examination.published.get(url, []))
    why = f"Writing a secret cannot be tested without side effects. {last}"
    yield not_checked("set-secret", url, why, examination.remedies.list_roles(remedies.vault(url)))


def _last_written(published: Iterable[Publication]) -> str:
    latest = max((one.marks.since for one in published if one.marks), default=None)
    return f"It worked on {latest:%Y-%m-%d}, when a key was last published." if latest else "No key is published yet."


async def check_topic(examination: Examination) -> AsyncIterator[Check]:
    """Check that the Event Grid topic answers. No event is sent."""
    url = examination.settings.topic
    if url is None:
        why = "EVENT_GRID_TOPIC_ENDPOINT is not set: announcements are only logged, and nobody receives a warning (P3)."
        yield not_checked("announce", "announcements", why, remedies.make_topic())
        return
    yield await check_address(examination, url, remedies.see_topic(url))
    why = f"Sending an event cannot be tested without sending one. Check that the app has the role {remedies.SENDER}."
    yield not_checked("announce", url, why, examination.remedies.list_roles(remedies.topic(url)))
    why = "The app's roles do not allow reading the topic's schema. Check that it is CloudEventSchemaV1_0."
    yield not_checked("topic-schema", url, why, remedies.see_topic(url))


async def check_lease(examination: Examination) -> Check:
    """Check that a lease, as every turn needs one, can be acquired and released."""
    storage, thing = examination.settings.storage, LEASE_CONTAINER
    if storage.connection_string is None and STORAGE not in examination.tokens:
        return not_checked("lease", thing, "There is no token for Azure Storage.")
    try:
        async with examination.rotation.outside.leases.hold(BLOB) as lease:
            lease.check()
    except RotationError as error:
        name = remedies.storage_name(storage.blob_url)
        grant = examination.remedies.assign(remedies.LEASES, remedies.leases(name))
        return failed_at_storage(thing, name, error, grant)
    return passed("lease", thing, "A lease was acquired and released.")


def check_queue(examination: Examination) -> Check | None:
    """Return how to check the role on the queue, to which the app itself sends the turns of its ticks.

    Failed if the queue's address is not known, because then it cannot.

    None if storage is opened with a connection string, because then no role is involved.
    """
    storage = examination.settings.storage
    if storage.connection_string is not None:
        return None
    if storage.queue_url is None:
        why = "Its address is not known, so no tick can queue a turn."
        return failed("queue", QUEUE, why, remedies.set_settings("AzureWebJobsStorage__queueServiceUri=<address>"))
    where = remedies.queue(remedies.storage_name(storage.blob_url), QUEUE)
    why = f"Sending a message cannot be tested without sending one. Check that the app has the role {remedies.QUEUES}."
    return not_checked("queue", QUEUE, why, examination.remedies.list_roles(where))


def check_sign_in(examination: Examination) -> Check | None:
    """Return how to check that the platform makes callers sign in, which only the function app itself can see.

    None if the settings do not demand it.
    """
    if examination.settings.sign_in is SignIn.OPTIONAL:
        return None
    why = (
        "Callers must sign in. Only the function app sees whether the platform makes them: if not, GET /api/health "
        "answers SignInNotEnforced."
    )
    return not_checked("sign-in", "HTTP", why, remedies.see_sign_in())


def check_operators(examination: Examination, targets: Iterable[Target]) -> Check | None:
    """Return which operators are limited to scopes. Failed if no target is within one of these.

    None if nobody is limited.
    """
    by_id = examination.settings.operator_scopes.by_id
    if not by_id:
        return None
    accounts = [target.account for target in targets]
    idle = {one for reach in by_id.values() for one in reach.scopes if not any(map(Reach((one,)).includes, accounts))}
    others = by_id.get(OTHERS)
    words = "every account" if others is None or others.is_whole else " and ".join(others.scopes) or "no account"
    who = f"Operators with scopes of their own: {len(set(by_id) - {OTHERS})}. Every other one may act on {words}."
    if idle and accounts:
        why = f"{who} No target is within {' or '.join(sorted(idle))}."
        return failed("operators", SETTING, why, remedies.set_settings(f"{SETTING}=<id>=<scope>"))
    return passed("operators", SETTING, who)


def check_clock(examination: Examination) -> Check:
    """Check that this machine's clock agrees with the dates that Azure's answers carried."""
    if not examination.skews:
        return not_checked("clock", "clock", "No answer carried a date to compare this clock with.")
    url, skew = max(examination.skews, key=lambda seen: abs(seen[1]))
    seconds = abs(round(skew.total_seconds()))
    if abs(skew) <= MOST_SKEW:
        return passed("clock", "clock", f"It differs from Azure's by {seconds} s at most.")
    side = "ahead of" if skew > timedelta(0) else "behind"
    why = f"It is {seconds} s {side} the clock of {urlsplit(url).hostname}. Rotations and deadlines follow this clock."
    return failed("clock", "clock", why, remedies.set_the_clock())
