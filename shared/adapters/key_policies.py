"""The policies of Azure that keep keys off, asked through the closed table of reads (docs/facts.md, Trials)."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.adapters import trials_table as table
from shared.adapters.azure_reads import AzureReads, parsed
from shared.domain.errors import RotationError
from shared.domain.key_policies import Assignment, Denial, Exemption, PolicyAnswer, PolicyState, policy_answer
from shared.domain.model import AccountId
from shared.domain.text import plain, quotable
from shared.ports import Clock

_TYPE = "Microsoft.CognitiveServices/accounts"
_NOT_COMPLIANT = "noncompliant"
_EFFECT_OVERRIDE = "policyeffect"


class KeyPolicies:
    """What policies do to accounts whose keys are to be on.

    reads: Sends the calls.
    clock: The time, by which an exemption counts.
    """

    def __init__(self, reads: AzureReads, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock

    async def of(self, account: AccountId) -> PolicyAnswer:
        """Return what would keep keys off, and what is not known. At most five calls; raises nothing.

        Azure is asked what it would deny, and what is assigned. Neither alone is enough: the first promises nothing of
        policies that change an account, and the second shows neither what an initiative has in it nor what a custom
        policy does. So if one of those is assigned, Azure is also asked what policies last found of the account.
        """
        id_ = str(account)
        lacking: dict[str, RotationError] = {}
        denials = await _or_say(self._denials(account), "whether a policy would deny keys", lacking)
        assignments = await _or_say(self._assignments(account), "which policies apply", lacking)
        states: Sequence[PolicyState] = ()
        if any(one.acts_on(id_) and not one.is_built_in for one in assignments):
            states = await _or_say(self._states(account), "what initiatives have in them", lacking)
        found = policy_answer(id_, assignments, denials, states, (), self._clock.now())
        if found.blockers:
            what = "whether the account is exempt from it"
            exemptions = await _or_say(self._exemptions(account), what, lacking)
            found = policy_answer(id_, assignments, denials, states, exemptions, self._clock.now())
        unread = [f"{what}: {in_words(error)}" for what, error in lacking.items()]
        return PolicyAnswer(found.blockers, (*unread, *found.unseen), tuple(lacking.values()))

    async def _denials(self, account: AccountId) -> list[Denial]:
        """Return what Azure says that policies would do to the account as it is, but with keys on."""
        content = await self._reads.entry(table.CONTENT, str(account))
        properties = {**(content.get("properties") or {}), "disableLocalAuth": False}
        content = {**content, "type": _TYPE, "properties": _present(properties)}
        body = {"resourceDetails": {"apiVersion": table.CONTENT.version, "resourceContent": _present(content)}}
        group = f"/subscriptions/{account.subscription}/resourceGroups/{account.group}"
        found = await self._reads.entry(table.RESTRICTIONS, group, body=body)
        [evaluations] = parsed(_evaluations, [found], table.RESTRICTIONS, group)
        hits = [one for one in evaluations if str(one.get("evaluationResult")).casefold() == _NOT_COMPLIANT]
        return parsed(_denial, hits, table.RESTRICTIONS, group)

    async def _assignments(self, account: AccountId) -> list[Assignment]:
        found = await self._reads.entries(table.ASSIGNMENTS, str(account))
        return parsed(_assignment, found, table.ASSIGNMENTS, str(account))

    async def _states(self, account: AccountId) -> list[PolicyState]:
        found = await self._reads.entries(table.STATES, str(account))
        return parsed(_state, found, table.STATES, str(account))

    async def _exemptions(self, account: AccountId) -> list[Exemption]:
        found = await self._reads.entries(table.EXEMPTIONS, str(account))
        return parsed(_exemption, found, table.EXEMPTIONS, str(account))


async def _or_say[T](asked: Awaitable[list[T]], what: str, lacking: dict[str, RotationError]) -> list[T]:
    """Return what was asked for; nothing if it could not be read, which is noted then."""
    try:
        return await asked
    except RotationError as error:
        lacking[what] = error
        return []


def in_words(error: RotationError) -> str:
    """Return an error as the rest of a sentence, with what to do about it."""
    return f"{error.what} Next step: {error.next_step}."


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _evaluations(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((answer.get("contentEvaluationResult") or {}).get("policyEvaluations") or ())


def _denial(entry: Mapping[str, Any]) -> Denial:
    looked_at = (entry.get("evaluationDetails") or {}).get("evaluatedExpressions") or ()
    fields = [str(one.get(name) or "") for one in looked_at for name in ("path", "expression")]
    info = entry.get("policyInfo") or {}
    effect = str((entry.get("effectDetails") or {}).get("policyEffect") or "")
    part = str(info.get("policyDefinitionReferenceId") or "")
    return Denial(_shown(info.get("policyAssignmentId")), effect, tuple(one for one in fields if one), part)


def _state(entry: Mapping[str, Any]) -> PolicyState:
    part = str(entry.get("policyDefinitionReferenceId") or "")
    effect = str(entry.get("policyDefinitionAction") or "")
    return PolicyState(str(entry["policyAssignmentId"]), str(entry["policyDefinitionId"]), effect, part)


def _assignment(entry: Mapping[str, Any]) -> Assignment:
    properties = entry["properties"]
    mode = str(properties.get("enforcementMode") or "").casefold()
    overrides = properties.get("overrides") or ()
    effects = [one for one in overrides if str(one.get("kind")).casefold() == _EFFECT_OVERRIDE]
    effect = ((properties.get("parameters") or {}).get("effect") or {}).get("value")
    return Assignment(
        id=_shown(entry["id"]),
        title=_shown(properties.get("displayName") or entry["name"]),
        definition=str(properties["policyDefinitionId"]),
        enforced=mode != "donotenforce",
        left_out=tuple(map(str, properties.get("notScopes") or ())),
        effect=str(effect or ""),
        override=next((str(one["value"]) for one in effects if not one.get("selectors")), ""),
        selective=bool(properties.get("resourceSelectors") or mode == "enroll")
        or any(one.get("selectors") for one in effects),
    )


def _exemption(entry: Mapping[str, Any]) -> Exemption:
    properties = entry["properties"]
    until = properties.get("expiresOn")
    return Exemption(
        _shown(properties["policyAssignmentId"]),
        _moment(until) if until else None,
        tuple(map(str, properties.get("policyDefinitionReferenceIds") or ())),
        bool(properties.get("resourceSelectors")),
    )


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _shown(text: object) -> str:
    """Return a name or an id that somebody chose, so that it can be shown."""
    return quotable(plain(str(text or "")))
