"""A full life of a fleet under the shipped roles, each assigned exactly where the template assigns it.

The chapters follow each other as in a deployment: enrolment by a tag, rotation, retirement, leak, survey, a secret that
a person deleted or disabled, a trial, and sunset. The first refusal ends the life; the error names the chapter and the
action.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from lab.emulator.directory import Role
from lab.emulator.policies import KEYS_OFF_MODIFY, AssignedPolicy, PolicyExemption, PolicyPart
from lab.emulator.seed import sample_world
from lab.emulator.serve import Azure, running
from lab.emulator.shipped import SHIPPED, shipped_roles
from lab.emulator.surfaces.storage import ACCOUNT
from lab.emulator.world import World
from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.domain.requests import LeakedKey, LeakRequest, Request, TrialRequest
from shared.findings.listening import find_listeners
from shared.turns.report import Outcome
from tests.support.real_parts import Parts, parts_over

STORAGE = json.loads((SHIPPED.parent / "storage.json").read_text())


@dataclass(frozen=True)
class Grant:
    """A role assignment of the template.

    role: The role's name in infra/roles.json.
    on: The name of the scope in these tests, see `scopes`.
    """

    role: str
    on: str


# What grants/*.bicep assigns to the app; test_grants.py compares the two.
GRANTS = (
    Grant("keyRotator", "subscription"),
    Grant("keyAuthSwitch", "subscription"),
    Grant("trialReader", "subscription"),
    Grant("keyPublisher", "vault"),
    Grant("keyCallCounter", "workspace"),
    Grant("eventGridDataSender", "topic"),
    Grant("announcementReader", "topic"),
    Grant("containerLister", "storage"),
    Grant("storageBlobDataOwner", "hostContainers"),
    Grant("storageBlobDataContributor", "appContainers"),
    Grant("storageQueueDataContributor", "queues"),
    Grant("monitoringMetricsPublisher", "insights"),
)

LISTENERS = next(one for one in GRANTS if one.role == "announcementReader")
TRIALS = next(one for one in GRANTS if one.role == "trialReader")


def scopes(world: World, on: str) -> list[str]:
    """Return the resource ids of a scope that GRANTS names."""
    subscription = f"/subscriptions/{world.subscription}"
    account = f"{subscription}/resourceGroups/emulated/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
    blobs, queues = f"{account}/blobServices/default/containers", f"{account}/queueServices/default/queues"
    places: dict[str, list[str]] = {
        "subscription": [subscription],
        "vault": [one.id for one in world.vaults.values()],
        "workspace": [world.workspace.resource_id],
        "topic": [one.id for one in world.topics.values()],
        "storage": [account],
        "hostContainers": [f"{blobs}/{name}" for name in STORAGE["hostContainers"]],
        "appContainers": [f"{blobs}/{name}" for name in STORAGE["appContainers"]],
        "queues": [f"{queues}/{name}" for name in STORAGE["queues"]],
        "insights": [f"{subscription}/resourceGroups/emulated/providers/Microsoft.Insights/components/appi"],
    }
    return places[on]


def deployed(world: World, *, without: Grant | None = None, action: str = "", late: bool = False) -> None:
    """Create containers, queues and role assignments as the template does, without one grant or one action of it.

    late: The role assignments are on their way: none acts before `arrived`.
    """
    for name in (*STORAGE["hostContainers"], *STORAGE["appContainers"]):
        world.blobs.create_container(name)
    for name in STORAGE["queues"]:
        world.queues.create(name)
    world.directory.revoke("app")
    roles = shipped_roles()
    for grant in GRANTS:
        role = roles[grant.role]
        if grant == without and not action:
            continue
        if grant == without or (without == LISTENERS and grant == TRIALS):
            role = _lacking(role, action)  # the latter has the right to read metrics on the topic, too
        world.directory.define(role)
        for scope in scopes(world, grant.on):
            world.directory.assign("app", role.name, scope, late=late)


def arrived(world: World, *roles: str) -> None:
    """Let these roles, named as in infra/roles.json, act wherever the template assigns them."""
    for role in roles:
        assert world.directory.arrive("app", shipped_roles()[role].name), role


def _lacking(role: Role, action: str) -> Role:
    left = {
        kind: tuple(one for one in getattr(role, kind) if one != action)
        for kind in ("actions", "data_actions", "not_actions", "not_data_actions")
    }
    return replace(role, **left)


def by_identity(azure: Azure) -> dict[str, str]:
    """Return the host's storage settings as the template sets them: an identity and no key."""
    return {
        "AzureWebJobsStorage": "",
        "AzureWebJobsStorage__blobServiceUri": f"{azure.urls['blob']}/{ACCOUNT}",
        "AzureWebJobsStorage__queueServiceUri": f"{azure.urls['queue']}/{ACCOUNT}",
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": azure.world.app.client_id,
    }


class Refused(Exception):
    """A life ended because Azure refused something."""

    def __init__(self, chapter: str, actions: list[str], error: str) -> None:
        super().__init__(f"{chapter}: {', '.join(actions)}: {error}")
        self.chapter, self.actions, self.error = chapter, actions, error


@dataclass
class Life:
    """A fleet of one target, and the actions that were refused to it so far."""

    parts: Parts
    refused: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.parts.azure.world

    @property
    def name(self) -> str:
        return f"{self.parts.account().name}-key"

    def watch(self) -> None:
        allows = self.world.directory.allows

        def noted(identity, action, scope, *, data=False):
            allowed = allows(identity, action, scope, data=data)
            if not allowed:
                self.refused.append(action)
            return allowed

        self.world.directory.allows = noted

    async def run(self) -> list[str]:
        """Run all chapters and return their names. Raises Refused."""
        lived = []
        for name, chapter in CHAPTERS.items():
            try:
                await chapter(self)
            except RotationError as error:
                raise Refused(name, self.refused, str(error)) from error
            except Refused as refused:
                refused.chapter = name
                raise
            assert not self.refused, (name, self.refused)
            lived.append(name)
        return lived

    async def pass_time(self, **time: float) -> None:
        self.world.clock.advance(timedelta(**time).total_seconds())

    async def tick(self) -> list[Outcome]:
        """Run a tick and its turns. Raises what the tick met and what failed."""
        now = self.parts.rotation.outside.clock.now()
        found = await self.parts.rotation.tick(now - timedelta(hours=2), now)
        for problem in found.problems:
            raise problem
        self.targets = [one.target for one in found.turns] or self.targets
        return [await self.turn(one.target, ordered=found.has_orders(one)) for one in found.turns]

    async def turn(
        self, target: Target, request: Request | None = None, expect: str = "", *, ordered: bool = False
    ) -> Outcome:
        outcome = await self.parts.rotation.turn(target, request, ordered=ordered)
        told = outcome.untold or (outcome.why if outcome.reason == "GrantRole" else "")
        if told:
            raise Refused("", self.refused, told)
        assert not expect or outcome.reason == expect, outcome
        return outcome

    @property
    def target(self) -> Target:
        """Return the one target, as the last tick with a turn for it enrolled it."""
        return self.targets[0]


async def enrolment(life: Life) -> None:
    life.world.accounts.update(life.parts.account().id, {"tags": {"key-rotation": "on"}})
    (outcome,) = await life.tick()
    assert outcome.reason == "adopt", outcome


async def rotation(life: Life) -> None:
    await life.pass_time(days=31)
    (outcome,) = await life.tick()
    assert "regenerate key2" in outcome.done, outcome


async def retirement(life: Life) -> None:
    await life.pass_time(days=4)
    (outcome,) = await life.tick()
    assert outcome.done == ("regenerate key1",), outcome


async def leak(life: Life) -> None:
    outcome = await life.turn(life.target, LeakRequest(key=LeakedKey.BOTH, reason="seen in a chat"))
    assert outcome.reason == "leaked", outcome


async def survey(life: Life) -> None:
    rows, problems = await life.parts.rotation.survey()
    for error in [*problems, *(row.error for row in rows if row.error)]:
        raise error


async def listeners(life: Life) -> None:
    found = await find_listeners(life.parts.rotation.outside, life.targets)
    if found:
        raise Refused("", life.refused, found[0].says)


async def deleted_secret(life: Life) -> None:
    vault = next(iter(life.world.vaults.values()))
    vault.delete_secret(life.name)
    await life.turn(life.target, expect="PersonMustLook")
    vault.recover_deleted(life.name)


async def disabled_secret(life: Life) -> None:
    vault = next(iter(life.world.vaults.values()))
    version = vault.version(life.name).version
    vault.update_secret(life.name, version, enabled=False)
    await life.turn(life.target, expect="PersonMustLook")
    vault.update_secret(life.name, version, enabled=True)


async def trial(life: Life) -> None:
    """Plan a trial of an account that is exempt from a part of an initiative, let it begin and end, and count what it
    refused."""
    account, outside = life.parts.account(), life.parts.rotation.outside
    definition = "/providers/Microsoft.Authorization/policySetDefinitions/baseline"
    part = PolicyPart(KEYS_OFF_MODIFY, reference="keysOff")
    baseline = AssignedPolicy("baseline", f"/subscriptions/{life.world.subscription}", definition, parts=(part,))
    life.world.policies.assigned.append(baseline)
    life.world.policies.exempt.append(PolicyExemption("waived", account.id, baseline.id, parts=("keysOff",)))
    assert outside.trial_checks is not None
    assert outside.refusals is not None
    checked = await outside.trial_checks.check(life.target)
    unread = [one for one in checked.unseen if "could not" in one]
    if unread:
        raise Refused("", life.refused, unread[0])
    asked = TrialRequest(id="trial", by="anna", reason="who is left?", length=timedelta(hours=4))
    await life.turn(life.target, asked, expect="trial-planned")
    await life.pass_time(days=1, minutes=10)
    await life.tick()
    assert account.disable_local_auth is True
    began = life.world.clock.utcnow()
    await life.pass_time(hours=4)
    await outside.refusals.count(life.target.account, began, life.world.clock.utcnow())
    await life.turn(life.target, ordered=True, expect="trial-over")  # as its message does
    assert account.disable_local_auth is False


async def sunset(life: Life) -> None:
    ends = (life.world.clock.utcnow() + timedelta(days=9)).date().isoformat()
    life.world.accounts.update(life.parts.account().id, {"tags": {"key-rotation": "on", "key-rotation-sunset": ends}})
    for day in range(1, 36):  # the whole look-back has calls
        life.world.workspace.note(life.parts.account().id, caller="a consumer without a key", ago=day * 86_400)
    for _ in range(11):
        life.world.workspace.note(life.parts.account().id, caller="a consumer without a key")
        await life.tick()
        await life.pass_time(days=1)
    assert life.parts.account().disable_local_auth is True
    assert not next(iter(life.world.vaults.values())).version(life.name).enabled


type Chapter = Callable[[Life], Awaitable[None]]
CHAPTERS: dict[str, Chapter] = {
    "enrolment by a tag": enrolment,
    "rotation": rotation,
    "retirement": retirement,
    "leak": leak,
    "survey": survey,
    "who listens": listeners,
    "a secret that a person deleted": deleted_secret,
    "a secret that a person disabled": disabled_secret,
    "a trial": trial,
    "sunset": sunset,
}


@asynccontextmanager
async def a_life(*, without: Grant | None = None, action: str = "") -> AsyncIterator[Life]:
    """Serve a world with one account and the template's grants, without the grant or action that a test takes away."""
    async with running(sample_world(1)) as azure:
        deployed(azure.world, without=without, action=action)
        counting = {"ROTATION_LOG_WORKSPACE_ID": azure.world.workspace.id}
        async with parts_over(azure, **by_identity(azure), **counting) as parts:
            life = Life(parts)
            life.watch()
            yield life
