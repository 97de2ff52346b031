"""Readiness as JSON: of the fleet as the last survey found it, and of one target as its logs tell now.

HTTP answers and, with `--json`, a terminal show it. The field names are public. What is not known is left out: a count
that is there was counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict, cast

from shared.domain.readiness import Stage, Trend, Verdict, key_calls_by_week, trend_of
from shared.domain.text import plain
from shared.domain.usage import KeyCaller, Usage
from shared.readiness.apps import AppsAround
from shared.readiness.kinds import Entry, Survey, Week
from shared.readiness.one_account import OneAccount
from shared.readiness.top_callers import top_callers
from shared.web.bodies import BadRequest
from shared.web.responses import ProblemData, problems_data

ROWS = 500  # accounts of one answer
LONGEST = 200  # characters of a filter
NOBODY = "-"  # as an owner: the accounts without one


class KeyCallerData(TypedDict):
    """Who calls with a key, as far as the log tells."""

    says: str
    name: NotRequired[str]
    address: NotRequired[str]
    client: NotRequired[str]
    calls: int
    lastCall: str


class IdentityCallerData(TypedDict):
    """Who calls by an Entra identity."""

    objectId: str
    calls: int
    lastCall: str


class DayData(TypedDict):
    """The calls of one day, in UTC. A day on which no call was logged is left out."""

    day: str
    withKey: int
    byIdentity: int


class AccountReadiness(TypedDict):
    """Whether one account can do without keys, and how it was called."""

    account: str
    target: NotRequired[str]
    owner: NotRequired[str]
    verdict: Verdict
    stage: Stage
    says: str
    nextStep: NotRequired[str]
    keysAreOn: bool
    takesIdentity: bool
    keylessSince: NotRequired[str]
    sunset: NotRequired[str]
    keyCalls: NotRequired[int]
    keyCallsIn7Days: NotRequired[int]
    identityCalls: NotRequired[int]
    unclearCalls: NotRequired[int]
    trend: NotRequired[Trend]
    lastKeyCall: NotRequired[str]
    lastIdentityCall: NotRequired[str]
    callers: NotRequired[list[KeyCallerData]]
    moreCallers: NotRequired[int]


class FleetCallerData(KeyCallerData, TypedDict):
    """Who makes many of the calls with a key, over all accounts: its share, from 0 to 1, and the accounts."""

    share: float
    accounts: list[str]


class WeekData(TypedDict):
    """The fleet in one ISO week."""

    week: str
    counts: Mapping[Stage, int]
    keyCalls: int


SpanData = TypedDict("SpanData", {"asked": NotRequired[str], "from": NotRequired[str], "until": NotRequired[str]})


class FleetReadiness(SpanData, TypedDict):
    """The accounts in sight on their way out of keys, as the survey of the moment `asked` found them.

    The logs were asked for the span `from` `until`; without these two they did not answer. `counts` and `callers` are
    about all accounts, `accounts` are the page of those that the query chooses.
    """

    scope: str
    counts: Mapping[Stage, int]
    keyCalls: int
    weeks: list[WeekData]
    callers: list[FleetCallerData]
    accounts: list[AccountReadiness]
    found: int
    page: int
    pages: int
    problems: list[ProblemData]


class AppData(TypedDict):
    """One application with a managed identity, and what to do about it."""

    name: str
    kind: str
    resource: str
    clientId: NotRequired[str]
    objectId: str
    role: NotRequired[str]
    lastIdentityCall: NotRequired[str]
    nextStep: str


class RoleData(TypedDict):
    """A role that may call the account, of somebody whose resource is not in sight."""

    objectId: str
    principalType: NotRequired[str]
    role: str
    scope: str
    lastIdentityCall: NotRequired[str]


class OneReadiness(AccountReadiness, SpanData, TypedDict):
    """One account, as the logs told at the moment `asked`.

    `heldBack` says what keeps the keys of a target from ending. `apps`, `rolesWithoutApp` and `callersWithoutApp` are
    who could call it by identity, as far as it can be seen; `notSeen` says how far.
    """

    days: NotRequired[list[DayData]]
    identities: NotRequired[list[IdentityCallerData]]
    apps: NotRequired[list[AppData]]
    rolesWithoutApp: NotRequired[list[RoleData]]
    callersWithoutApp: NotRequired[list[IdentityCallerData]]
    notSeen: str
    heldBack: list[str]
    problems: list[ProblemData]


@dataclass(frozen=True)
class ReadinessFilter:
    """Which accounts an answer shows. An empty text chooses all.

    q: A part of a name, an account, a resource group or an owner.
    owner: An owner. `-`: the accounts without one.
    stage: A stage, by its public word.
    page: The page, from 1.
    """

    q: str = ""
    owner: str = ""
    stage: str = ""
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> ReadinessFilter:
        """Return what the parameters of an address ask for. Raises BadRequest for a stage that there is not."""
        q, owner, stage, page = (plain(query.get(name, ""))[:LONGEST] for name in ("q", "owner", "stage", "page"))
        stage = stage.casefold().replace(" ", "-")
        if stage and stage not in list(Stage):
            raise BadRequest(422, "BadField", f"stage: {stage[:40]!r} is none of {', '.join(Stage)}.")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
        return cls(q, owner, stage, max(number, 1))

    def fits(self, one: Entry) -> bool:
        """Return whether an account is shown."""
        words = (one.name, str(one.account), one.owner or "")
        return (
            self.stage in ("", one.readiness.stage)
            and (not self.owner or self.owner.casefold() == (one.owner or NOBODY).casefold())
            and any(self.q.casefold() in word.casefold() for word in words)
        )


def fleet_readiness(
    survey: Survey, weeks: Sequence[Week], wanted: ReadinessFilter | None = None, *, rows: int = ROWS
) -> FleetReadiness:
    """Return a survey as JSON.

    wanted: The accounts that are shown. None: all, from the first page on.
    rows: How many of them one page has.
    """
    wanted = wanted or ReadinessFilter()
    chosen = [one for one in survey.entries if wanted.fits(one)]
    first = (wanted.page - 1) * rows
    data = {
        "asked": survey.asked_at.isoformat(),
        **_span(survey.since, survey.until),
        "scope": survey.scope,
        "counts": survey.counts(),
        "keyCalls": survey.key_calls,
        "weeks": [WeekData(week=one.name, counts=one.counts, keyCalls=one.key_calls) for one in weeks],
        "callers": [
            {**key_caller(one.caller), "says": one.says, "share": round(one.share, 4), "accounts": list(one.accounts)}
            for one in top_callers(survey)
        ],
        "accounts": [account_readiness(one) for one in chosen[first : first + rows]],
        "found": len(chosen),
        "page": wanted.page,
        "pages": max(1, -(-len(chosen) // rows)),
        "problems": problems_data(list(survey.problems)),
    }
    return cast("FleetReadiness", data)


def one_readiness(found: OneAccount) -> OneReadiness:
    """Return one account as JSON."""
    survey, one = found.survey, found.entry
    data: dict[str, Any] = {**account_readiness(one), "asked": survey.asked_at.isoformat()}
    data |= _span(survey.since, survey.until)
    if one.usage is not None:
        days = one.usage.days
        data["days"] = [DayData(day=str(each.day), withKey=each.with_key, byIdentity=each.by_identity) for each in days]
        data["identities"] = [
            IdentityCallerData(objectId=each.object_id, calls=each.calls, lastCall=each.last_at.isoformat())
            for each in one.usage.identities
        ]
    if found.apps is not None:
        data |= _apps(found.apps)
    data |= {
        "notSeen": found.unseen,
        "heldBack": list(found.held_back),
        "problems": problems_data(list(survey.problems)),
    }
    return cast("OneReadiness", data)


def _apps(around: AppsAround) -> dict[str, Any]:
    apps = [
        _known(
            name=one.name,
            kind=one.kind,
            resource=one.resource_id,
            clientId=one.client_id or None,
            objectId=one.object_id,
            role=one.role or None,
            lastIdentityCall=_text(one.last_identity_call),
            nextStep=one.next_step,
        )
        for one in around.apps
    ]
    roles = [
        _known(
            objectId=one.object_id,
            principalType=one.principal_type or None,
            role=one.role,
            scope=one.scope,
            lastIdentityCall=_text(one.last_identity_call),
        )
        for one in around.roles
    ]
    unknown = [
        IdentityCallerData(objectId=one.object_id, calls=one.calls, lastCall=one.last_at.isoformat())
        for one in around.callers
    ]
    return {"apps": apps, "rolesWithoutApp": roles, "callersWithoutApp": unknown}


def account_readiness(one: Entry) -> AccountReadiness:
    """Return one account of a survey as JSON."""
    known = {
        "account": str(one.account),
        "target": one.target,
        "owner": one.owner,
        "verdict": one.readiness.verdict,
        "stage": one.readiness.stage,
        "says": one.readiness.says,
        "nextStep": one.readiness.next_step or None,
        "keysAreOn": one.key_auth,
        "takesIdentity": one.takes_identity,
        "keylessSince": _text(one.keyless_since),
        "sunset": _text(one.sunset),
        **(_calls(one.usage) if one.usage else {}),
    }
    return cast("AccountReadiness", _known(**known))


def key_caller(one: KeyCaller) -> KeyCallerData:
    """Return a caller with a key as JSON."""
    known = {
        "says": one.says,
        "name": one.name or None,
        "address": one.address or None,
        "client": one.client or None,
        "calls": one.calls,
        "lastCall": one.last_at.isoformat(),
    }
    return cast("KeyCallerData", _known(**known))


def _calls(usage: Usage) -> dict[str, Any]:
    return {
        "keyCalls": usage.with_key,
        "keyCallsIn7Days": key_calls_by_week(usage)[0],
        "identityCalls": usage.by_identity,
        "unclearCalls": usage.unclear or None,
        "trend": trend_of(usage),
        "lastKeyCall": _text(usage.last_key_call),
        "lastIdentityCall": _text(usage.last_identity_call),
        "callers": [key_caller(one) for one in usage.callers],
        "moreCallers": usage.more_callers or None,
    }


def _span(since: datetime | None, until: datetime | None) -> dict[str, str]:
    known = {"from": _text(since), "until": _text(until)}
    return {name: text for name, text in known.items() if text is not None}


def _known(**facts: object) -> dict[str, Any]:
    """Return the facts without those that are not known."""
    return {name: value for name, value in facts.items() if value is not None}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
