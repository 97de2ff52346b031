"""The scenes: what the day is like, for as many accounts as a test wants.

Each is an asynchronous context manager that yields a running `Scene`, in which the last check has ended. `SCENES` lists
those that only look, by name; a test that acts opens a scene of its own.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

from lab.emulator.shipped import shipped_roles
from lab.emulator.world import World
from lab.funchost.platform_auth import Claims
from shared.domain.readiness import Stage
from shared.domain.told import ToldDeadline
from shared.readiness.kinds import Week
from shared.readiness.weeks import name_of_week
from tests.support.reading import may_see
from tests.tools.browser.accounts import DAY, SUBSCRIPTIONS, add, add_fleet, publish
from tests.tools.browser.auditing import add_copies, add_readers, may_audit
from tests.tools.browser.scene import AUDITOR, NOBODY, OPERATOR, READER, Scene, a_scene

TEAM, OTHERS, DOCS = "chat-team@example.com", "search-team@example.com", "docs-team@example.com"
EVERY_CHECK_LOOKS = {"ROTATION_LOOK_EVERY": "PT10M"}
LOOKS_ARE_RARE = {"ROTATION_LOOK_EVERY": "P1D"}  # so that a check of 10,000 targets takes seconds
SMALL = 3
HOUR = timedelta(hours=1)
CALLER_ID = "0b1c2d3e-0000-4000-8000-000000000001"
CALLS = 1204
type Opened = AbstractAsyncContextManager[Scene]


def _three(world: World) -> None:
    add(world, "chat", 12, TEAM, resource_group="chat-prod", subscription=SUBSCRIPTIONS[0])
    add(world, "search", 1.2, OTHERS, resource_group="search-prod", subscription=SUBSCRIPTIONS[0])
    add(world, "vision", 24.5, DOCS, resource_group="docs-prod", subscription=SUBSCRIPTIONS[1])


def _fill(size: int) -> Callable[[World], object]:
    return _three if size == SMALL else lambda world: add_fleet(world, size)


def _looks(size: int) -> dict[str, str]:
    return EVERY_CHECK_LOOKS if size <= SMALL else LOOKS_ARE_RARE


@asynccontextmanager
async def good(size: int = SMALL, person: Claims | None = OPERATOR) -> AsyncIterator[Scene]:
    """Nothing to do: every key works, every date is known and announced. With 3 accounts, one is in its overlap."""
    async with a_scene(_fill(size), person=person, settings=_looks(size)) as scene:
        await scene.tick()
        yield scene


@asynccontextmanager
async def function_keys() -> AsyncIterator[Scene]:
    """Good weather where nobody signs in: the address carries a function key, and the page only reads."""
    async with good(person=None) as scene:
        yield scene


@asynccontextmanager
async def a_reader() -> AsyncIterator[Scene]:
    """Good weather for a person who may see and may not act."""
    async with good(person=READER) as scene:
        yield scene


@asynccontextmanager
async def announcements_refused() -> AsyncIterator[Scene]:
    """Event Grid has refused everything for ten checks: the next rotation of chat and the end of search's previous key
    should have been announced."""

    def fill(world: World) -> None:
        untold = {"rotation": None, "retirement": None}
        add(world, "chat", 29.2, TEAM, untold, resource_group="chat-prod", subscription=SUBSCRIPTIONS[0])
        add(world, "search", 2.4, OTHERS, untold, resource_group="search-prod", subscription=SUBSCRIPTIONS[0])
        add(world, "vision", 8, DOCS, resource_group="docs-prod", subscription=SUBSCRIPTIONS[1])
        world.faults.add("eg.publish", "status", status=503, times=0)

    async with a_scene(fill, settings=EVERY_CHECK_LOOKS) as scene:
        await scene.tick(10)
        yield scene


@asynccontextmanager
async def sunset_tomorrow() -> AsyncIterator[Scene]:
    """All keys of search end tomorrow, as was announced, and somebody still calls it with a key."""
    async with a_scene(_with_a_sunset(_three), settings=EVERY_CHECK_LOOKS) as scene:
        await _count_calls(scene)
        await scene.tick()
        yield scene


@asynccontextmanager
async def a_wrong_tag() -> AsyncIterator[Scene]:
    """Somebody changed a tag of vision, which was enrolled until then, to a period that cannot be read."""
    async with good() as scene:
        scene.account("vision").tags["key-rotation-period"] = "monthly"
        await scene.tick()
        yield scene


@asynccontextmanager
async def an_unreadable_subscription() -> AsyncIterator[Scene]:
    """The app lost its role in the subscription of vision, which was seen until then."""
    async with good() as scene:
        take_role_away(scene.world, SUBSCRIPTIONS[1])
        await scene.tick()
        yield scene


@asynccontextmanager
async def an_unreadable_vault() -> AsyncIterator[Scene]:
    """The app lost its role on the vault, in which every key is published."""
    async with good() as scene:
        scene.world.directory.revoke("app", shipped_roles()["keyPublisher"].name)
        await scene.tick()
        yield scene


@asynccontextmanager
async def stopped() -> AsyncIterator[Scene]:
    """Two settings are invalid since the app was started again, so it does nothing. Its last check was good."""
    async with good() as scene:
        await scene.restart(ROTATION_PERIOD="monthly", ROTATION_OVERLAP="soon")
        yield scene


@asynccontextmanager
async def observing() -> AsyncIterator[Scene]:
    """The app plans and changes nothing. A rotation of claims would be due, and legal would be adopted."""

    def fill(world: World) -> None:
        _three(world)
        add(world, "claims", 30.001, TEAM, resource_group="chat-prod", subscription=SUBSCRIPTIONS[0])
        world.accounts.add("legal", tags={"key-rotation": "on"}, subscription=SUBSCRIPTIONS[0])

    async with a_scene(fill, settings={"ROTATION_MODE": "observe", **EVERY_CHECK_LOOKS}) as scene:
        await scene.tick()
        yield scene


@asynccontextmanager
async def nothing_enrolled() -> AsyncIterator[Scene]:
    """There are two accounts, and none has the tag."""

    def fill(world: World) -> None:
        for name in ("chat", "search"):
            world.accounts.add(name, subscription=SUBSCRIPTIONS[0], resource_group=f"{name}-prod")

    async with a_scene(fill, settings=EVERY_CHECK_LOOKS) as scene:
        await scene.tick()
        yield scene


@asynccontextmanager
async def not_allowed() -> AsyncIterator[Scene]:
    """Somebody is signed in who has no role."""
    async with good(person=NOBODY) as scene:
        yield scene


@asynccontextmanager
async def a_late_check() -> AsyncIterator[Scene]:
    """Checks should come every ten minutes, and the last one was 47 minutes ago."""
    async with good() as scene:
        scene.last_check_was(timedelta(minutes=47))
        yield scene


@asynccontextmanager
async def no_check_for_hours() -> AsyncIterator[Scene]:
    """The last check was three hours ago."""
    async with good() as scene:
        scene.last_check_was(timedelta(hours=3))
        yield scene


@asynccontextmanager
async def healed_drift() -> AsyncIterator[Scene]:
    """Somebody regenerated the live key of chat in the portal, and the app published its new value."""
    async with good() as scene:
        await heal_drift(scene, "chat")
        await scene.tick()
        yield scene


@asynccontextmanager
async def a_leak_in_progress() -> AsyncIterator[Scene]:
    """The live key of chat leaked an hour ago, and Azure has asked to wait before it regenerates a key."""
    async with good() as scene:
        throttle_regeneration(scene.world)
        await report_leak(scene, "chat", 202)
        await scene.tick()
        yield scene


def _yesterday() -> str:
    """Return an agreed end of all keys that has come."""
    return (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")


@asynccontextmanager
async def keyless() -> AsyncIterator[Scene]:
    """Keys of search were switched off at an announced sunset, and nobody uses keys of vision any more."""
    async with good() as scene:
        search, vision = scene.account("search"), scene.account("vision")
        search.disable_local_auth = True
        search.tags["key-rotation-sunset"] = _yesterday()
        await scene.restart(ROTATION_LOG_WORKSPACE_ID=scene.world.workspace.id)
        scene.world.workspace.note(vision.id, caller="an app with a managed identity", ago=3600)
        await scene.tick(2)  # the first one withdraws the secret, the second one sees that
        yield scene


@asynccontextmanager
async def the_way_out(size: int = 10) -> AsyncIterator[Scene]:
    """Accounts at every stage on their way out of keys, whose calls were logged for five weeks, and the weeks before.

    Docs accepts no keys any more. The log of tickets has a gap, of wiki and legal nothing is logged, and one account is
    not enrolled.
    """
    async with a_scene(_fill(size), settings=_looks(size)) as scene:
        may_see(scene.world)
        scene.world.accounts.add("legacy", subscription=SUBSCRIPTIONS[0], resource_group="legacy")
        scene.account("docs").disable_local_auth = True
        scene.account("docs").tags["key-rotation-sunset"] = _yesterday()
        log_five_weeks(scene)
        callers = '{"aks-prod-west": ["10.40.12.0/24"], "batch-nightly": ["10.62.4.0/24"]}'
        await scene.restart(ROTATION_LOG_WORKSPACE_ID=scene.world.workspace.id, ROTATION_CALLERS=callers)
        await scene.tick(2)  # the first one withdraws the secret of docs, the second one sees that
        scene.keep_weeks(_weeks_before(len(list(scene.world.accounts))))
        yield scene


@asynccontextmanager
async def an_audit(size: int = 10, people: int = 3, more: int = 0) -> AsyncIterator[Scene]:
    """An auditor looks: people, groups and apps can read keys of chat, and copies of its key lie in several places."""
    async with a_scene(_fill(size), person=AUDITOR, settings=_looks(size)) as scene:
        await scene.tick()
        may_audit(scene.world)
        add_readers(scene.world, scene.account("chat"), people)
        add_copies(scene.world, scene.account("chat"), more)
        yield scene


@asynccontextmanager
async def a_blind_audit() -> AsyncIterator[Scene]:
    """An auditor looks, and the app has none of the roles that see who can read keys and where copies lie."""
    async with good(person=AUDITOR) as scene:
        yield scene


@asynccontextmanager
async def a_bad_day(size: int = SMALL) -> AsyncIterator[Scene]:
    """Everything at once: a sunset tomorrow with callers, a wrong tag, refused announcements, and a healed drift.

    The first three accounts of `add_fleet` are called as those of the small scene.
    """
    async with a_scene(_with_a_sunset(_fill(size)), settings=EVERY_CHECK_LOOKS | _looks(size)) as scene:
        await _count_calls(scene)
        scene.world.faults.add("eg.publish", "status", status=503, times=0)
        await heal_drift(scene, "chat")
        await scene.tick()
        scene.account("vision").tags["key-rotation-period"] = "monthly"
        await scene.tick()
        yield scene


SCENES: dict[str, Callable[..., Opened]] = {
    one.__name__.replace("_", " "): one
    for one in (
        good, function_keys, a_reader, announcements_refused, sunset_tomorrow, a_wrong_tag, an_unreadable_subscription,
        an_unreadable_vault, stopped, observing, nothing_enrolled, not_allowed, a_late_check, no_check_for_hours,
        healed_drift, a_leak_in_progress, keyless, the_way_out, an_audit, a_blind_audit, a_bad_day,
    )
}  # fmt: skip


def log_five_weeks(scene: Scene) -> None:
    """Log the calls of five weeks: fewer each week at chat, as many as ever at search and speech, and none with a key
    at vision, claims and orders."""
    workspace, every_day = scene.world.workspace, range(36)
    for day in every_day:
        ago = (day * DAY + HOUR).total_seconds()
        quiet = (datetime.now(UTC) - day * DAY).weekday() > 4
        callers = {
            "chat": [("10.40.12.7", "openai-python 1.54", 2 + day // 2), ("203.0.113.9", "curl 8.5", int(day == 4))],
            "search": [("10.62.4.3", "", 3 if quiet else 9)],
            "speech": [("20.73.14.8", "Power Query", 0 if quiet else 5), ("10.40.12.7", "openai-python 1.54", 2)],
            "tickets": [("10.62.4.3", "", 0 if 8 < day < 14 else 4)],
        }
        for name, found in callers.items():
            for address, client, calls in found:
                for _ in range(calls):
                    workspace.note(
                        scene.account(name).id, address=address, client=client, ago=(day * DAY + HOUR).total_seconds()
                    )
        for name in ("chat", "speech", "vision", "claims", "orders"):
            for _ in range(4 if quiet else 14 - day // 6):
                workspace.note(scene.account(name).id, caller=CALLER_ID, ago=ago)


def _weeks_before(total: int) -> list[Week]:
    """Return eleven weeks in which ever more accounts moved. Nobody recorded one of them."""
    now, found = datetime.now(UTC), []
    for ago in (11, 10, 9, 8, 7, 6, 4, 3, 2, 1):
        ready, moving = (3 - ago // 4, 2 + (11 - ago) // 5)
        counts = dict(zip(Stage, (0, ready, moving, total - ready - moving - 3, 3), strict=True))
        found.append(Week(name_of_week(now - ago * 7 * DAY), counts, 100 * ago + 400))
    return found


def take_role_away(world: World, subscription: str) -> None:
    """Leave the app its role over accounts in all subscriptions but this one."""
    role = shipped_roles()["keyRotator"].name
    world.directory.revoke("app", role)
    for other in SUBSCRIPTIONS:
        if other != subscription:
            world.directory.assign("app", role, f"/subscriptions/{other}")


async def heal_drift(scene: Scene, name: str) -> None:
    """Regenerate the live key of an account, as a person does it in the portal, and let the app see it."""
    regenerate_by_hand(scene, name)
    await scene.look_at(name)


def regenerate_by_hand(scene: Scene, name: str) -> None:
    """Regenerate the live key of an account, as a person does it in the portal."""
    account = scene.account(name)
    live = scene.world.vaults["keys"].get_secret(f"{name}-key").tags["CredentialId"]
    scene.world.accounts.regenerate(account.id, live)


def throttle_regeneration(world: World) -> None:
    """Let Azure ask for half an hour's patience whenever a key is to be regenerated."""
    world.faults.add("arm.regenerateKey", "status", status=429, retry_after=1800, times=0)


async def report_leak(scene: Scene, name: str, status: int = 200) -> None:
    """Report the leak of a live key, as the signed-in person would with a program."""
    await scene.post(f"targets/{name}/leak", {"key": "live", "reason": "found in a paste"}, status)


def next_sunset(now: datetime) -> datetime:
    """Return a moment that is within the notice of a day, at whatever time of the day the scene is opened."""
    return (now + timedelta(hours=23)).replace(minute=0, second=0, microsecond=0)


def _with_a_sunset(fill: Callable[[World], object]) -> Callable[[World], None]:
    def filled(world: World) -> None:
        fill(world)
        at = next_sunset(datetime.now(UTC))
        search = world.accounts.named("search")
        search.tags["key-rotation-sunset"] = at.isoformat()
        del world.vaults["keys"].secrets["search-key"]
        publish(world, search, 9, {"sunset": ToldDeadline(at, DAY)})

    return filled


async def _count_calls(scene: Scene) -> None:
    """Let a log of calls be read, in which search and chat are called with a key."""
    await scene.restart(ROTATION_LOG_WORKSPACE_ID=scene.world.workspace.id)
    for account, calls in ((scene.account("search"), CALLS), (scene.account("chat"), 40)):
        for _ in range(calls):
            scene.world.workspace.note(account.id, ago=3600)
        scene.world.workspace.note(account.id, caller=CALLER_ID, ago=3600)
