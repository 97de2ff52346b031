"""The scenes: what vault and topic contain before each, and what must be true at rest afterwards.

Every scene has an account of its own, so that many can follow each other in one emulated Azure. The past of a scene (a
rotation some days ago, an announced end) is written as the app would have left it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lab.emulator.accounts import Account, Slot
from lab.emulator.topics import Accepted
from lab.emulator.world import World
from lab.simulation.published import publish_as_rotated
from shared.adapters.blob_lease import blob_name
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import AccountId, Target
from shared.domain.names import LEASE_CONTAINER as LEASES
from shared.domain.requests import AwaitedDeployment, DeploymentRequest, LeakedKey, LeakRequest
from shared.domain.told import Told, ToldDeadline
from shared.turns.keyless import Keyless, keyless_name
from shared.turns.message import Message

VAULT, TOPIC = "keys", "announcements"
DAY = timedelta(days=1)
PERIOD, OVERLAP, NOTICE = 30 * DAY, 3 * DAY, DAY


@dataclass
class Facts:
    """What the watcher knows about a scene in advance.

    keeps: Keys that must work throughout.
    in_use: Keys that somebody may use.
    leaked: Keys that a person reports as leaked.
    must_end: Keys that must not work any more at rest.
    withdrawn: The version that the app disabled before the scene. P1 does not hold while it is the latest one.
    message: The queue message of a person's request. Empty: the scene begins with a tick.
    """

    keeps: frozenset[str] = frozenset()
    in_use: frozenset[str] = frozenset()
    leaked: frozenset[str] = frozenset()
    must_end: frozenset[str] = frozenset()
    withdrawn: str = ""
    message: str = ""


@dataclass(frozen=True)
class Scene:
    """One scene.

    name: Its name.
    set_up: Prepares the world and returns the facts.
    announces: The event types that must be accepted.
    versions: How many versions the secret has at rest.
    live: The slot that is published at rest. None if key authentication is off then.
    allows: Further event types that may be accepted.
    """

    name: str
    set_up: Callable[[World, Account], Facts]
    announces: frozenset[str]
    versions: int
    live: Slot | None
    allows: frozenset[str] = field(default=frozenset({"RotationFailed"}))


def target_of(world: World, account: Account) -> Target:
    """Return the target that the account is by its tag."""
    vault = world.vaults[VAULT].url
    return Target(account.name, AccountId.parse(account.id), vault, f"{account.name}-key")


def _published(world: World, account: Account, since: datetime, **facts: object) -> None:
    """Publish key 1 as if a rotation had done so at that time, and had announced it."""
    publish_as_rotated(world, account, since, period=PERIOD, **facts)  # type: ignore[arg-type]
    _had_turns(world, account)


def _had_turns(world: World, account: Account) -> None:
    """Create the blob for the lease, as the first turn does."""
    if LEASES not in world.blobs.containers:
        world.blobs.create_container(LEASES)
    world.blobs.put(LEASES, blob_name(account.id.casefold()), b"")


def _announced(world: World, account: Account, at: datetime, kind: Kind, **facts: object) -> None:
    """Let the topic have accepted this announcement at that time."""
    announcement = Announcement(kind, target_of(world, account), **facts)  # type: ignore[arg-type]
    topic = world.topics[TOPIC]
    topic.accepted.append(Accepted(len(topic.accepted) + 1, at.timestamp(), announcement.wire(at)))


def _adoption(world: World, account: Account) -> Facts:
    world.blobs.containers.pop(LEASES, None)
    both = frozenset(key.value for key in account.keys.values())
    return Facts(keeps=both, in_use=both)


def _rotation(world: World, account: Account) -> Facts:
    since = world.clock.utcnow() - 31 * DAY
    told = Told(origin=True, rotation=ToldDeadline(since + PERIOD, DAY))
    _published(world, account, since, told=told)
    live = frozenset({account.keys["key1"].value})
    return Facts(keeps=live, in_use=live)


def _retirement(world: World, account: Account) -> Facts:
    since = world.clock.utcnow() - 4 * DAY
    until = since + OVERLAP
    live, previous = account.keys["key1"].value, account.keys["key2"].value
    mark = Fingerprint.of(previous)
    _published(world, account, since, previous=mark, until=until, told=Told(True, retirement=ToldDeadline(until, DAY)))
    facts = {"slot": KeySlot.KEY2, "value": mark, "deadline": until}
    _announced(world, account, since + timedelta(seconds=2), Kind.RETIREMENT_ANNOUNCED, **facts)
    return Facts(frozenset({live}), in_use=frozenset({live, previous}), must_end=frozenset({previous}))


def _leak(world: World, account: Account) -> Facts:
    now = world.clock.utcnow()
    _published(world, account, now - 10 * DAY)
    live = frozenset({account.keys["key1"].value})
    request = LeakRequest(
        key=LeakedKey.LIVE, reason="seen in a repository", by="a person", id=f"leak-of-{account.name}"
    )
    message = Message(account.name, now, AccountId.parse(account.id), account.tags, request)
    return Facts(in_use=live, leaked=live, must_end=live, message=message.text())


def _deployment(world: World, account: Account) -> Facts:
    """A deployment goes live that key 1 waits for. That it waits was announced when it was armed."""
    now = world.clock.utcnow()
    awaited = AwaitedDeployment("production", latest=(now + 9 * DAY).replace(microsecond=0))
    _published(world, account, now - 10 * DAY, awaited=awaited, told=Told(origin=True, awaited=True))
    live = frozenset({account.keys["key1"].value})
    went_live = AwaitedDeployment("production", deployed=now.replace(microsecond=0))
    request = DeploymentRequest(
        reason="release 7", by="a pipeline", id=f"release-7-{account.name}", deployment=went_live
    )
    message = Message(account.name, now, AccountId.parse(account.id), account.tags, request)
    return Facts(keeps=live, in_use=live, message=message.text())


def _sunset(world: World, account: Account) -> Facts:
    now = world.clock.utcnow()
    end = (now - timedelta(hours=1)).replace(microsecond=0)
    world.accounts.update(account.id, {"tags": {**account.tags, "key-rotation-sunset": end.isoformat()}})
    _published(world, account, now - 10 * DAY, told=Told(origin=True, sunset=ToldDeadline(end, DAY)))
    _announced(world, account, end - 7 * DAY, Kind.SUNSET_ANNOUNCED, deadline=end)
    live = frozenset({account.keys["key1"].value})
    return Facts(keeps=live, in_use=live)


def _return(world: World, account: Account) -> Facts:
    """Somebody has switched keys on again after the app had disabled the version and said that keys are off."""
    since = world.clock.utcnow() - 10 * DAY
    _published(world, account, since, told=Told(origin=True, key_auth_off=True))
    secret = f"{account.name}-key"
    version = world.vaults[VAULT].get_secret(secret).version
    world.vaults[VAULT].update_secret(secret, version, enabled=False)
    note = Keyless(account.id, version, since + 3 * DAY, by_sunset=False)
    world.blobs.put(LEASES, keyless_name(AccountId.parse(account.id)), note.text().encode())
    both = frozenset(key.value for key in account.keys.values())
    return Facts(keeps=both, in_use=both, withdrawn=version)


_WARNS = frozenset({"RotationFailed", "RotationAnnounced"})  # a warning that is due and comes only with the next tick
SCENES = {
    scene.name: scene
    for scene in (
        Scene("adoption", _adoption, frozenset({"KeyAdopted", "RetirementAnnounced"}), 1, "key1"),
        Scene("rotation", _rotation, frozenset({"KeyRotated", "RetirementAnnounced"}), 2, "key2"),
        Scene("retirement", _retirement, frozenset({"KeyRetired"}), 1, "key1"),
        Scene("deployment", _deployment, frozenset({"KeyRotated", "RetirementAnnounced"}), 2, "key2", _WARNS),
        Scene("leak", _leak, frozenset({"KeyRotated", "KeyRetired"}), 2, "key2"),
        Scene("sunset", _sunset, frozenset({"KeyAuthDisabled"}), 1, None),
        Scene("return", _return, frozenset({"KeyAuthEnabled", "RetirementAnnounced"}), 2, "key1"),
    )
}
