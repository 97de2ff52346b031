"""The page of one target, as plain data: its sentence, what happens next and why, its past, and its settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared.announce.deadlines import DeadlineKind
from shared.decide.explained import A_TRIAL, ALL_KEYS_END, NEW_KEY, PREVIOUS_ENDS, Considered, explain
from shared.decide.plan import Reason
from shared.domain.model import Target
from shared.domain.relative import away, exact, length_in_words
from shared.findings.codes import Urgency
from shared.findings.commands import AppName
from shared.findings.dates import Date, dates_of
from shared.findings.facts import Facts
from shared.findings.gather import found_for, severe_first
from shared.findings.states import State
from shared.findings.status import Status, TargetStatus, status_of
from shared.findings.verdict import FleetVerdict, Tone, verdict_of
from shared.fleet.history import History
from shared.settings.origins import SettingShown, settings_shown
from shared.turns.report import Row
from shared.web.callers import Caller, Role
from shared.web.pages.auditor.panel import AuditPanel, audit_panel_of
from shared.web.pages.cards import Cards, Panel, panel_of
from shared.web.pages.keys import reach
from shared.web.pages.keys.drawing import Drawing, pictures_of
from shared.web.pages.keys.timeline import Timeline, timeline_of, unknown_timeline
from shared.web.pages.links import Links, mail, portal, secret_in_portal
from shared.web.pages.shell import Shell
from shared.web.pages.standing_orders import OrderShown, orders_of, orders_shown
from shared.web.pages.way_out.panel import KeyUsers, key_users_of
from shared.web.sign_in import platform_authenticates

TITLES = {
    DeadlineKind.ROTATION: NEW_KEY,
    DeadlineKind.RETIREMENT: PREVIOUS_ENDS,
    DeadlineKind.SUNSET: ALL_KEYS_END,
    DeadlineKind.TRIAL: A_TRIAL,
}
_ACTS = {
    "rotate": ("Rotate now", "Publishes a new key. The one that is live now works for its overlap."),
    "leak": ("A key leaked", "Ends the key at once, and says when it was last accepted."),
    "arm": ("Rotate after a deployment", "Waits for a deployment to an environment, with a latest date."),
    "disarm": ("Stop waiting for a deployment", "Goes back to the schedule."),
    "trial": (
        "Try without keys",
        "Switches keys off for a stated time, and on again. It is announced first.",
    ),
    "end-trial": ("End the trial", "Switches keys on again now, or calls off a trial that has not started."),
    "hold": ("Put on hold", "No key is replaced or ended on schedule for a while. A leak does not wait."),
    "lift-hold": ("Lift the hold", "What was due meanwhile comes next."),
}
_COMMANDS = ("rotate {} --dry-run", "leak {} --key live --dry-run")
_NOBODY_SIGNS_IN = (
    "Callers of this app show a function key, which names nobody. So this page only shows. Act at a terminal with "
    "rights of your own, or let callers sign in (docs/deploy.md, Who may call it)."
)
_QUIET = {
    State.HEALTHY: Tone.GREEN,
    State.ROTATING: Tone.GREEN,
    State.WAITING: Tone.GREEN,
    State.KEYLESS: Tone.GREEN,
    State.OBSERVING: Tone.TEAL,
}


@dataclass(frozen=True)
class SeenTarget:
    """One target as it was looked at for its page.

    facts: What is known, with this target as its only row.
    tags: The tags of its account. None for a target of ROTATION_TARGETS.
    history: What happened to its keys.
    no_history: Why that is not known, as a sentence. Empty if it is.
    """

    facts: Facts
    tags: Mapping[str, str] | None
    history: History
    no_history: str = ""

    @property
    def row(self) -> Row:
        """The target as it is now, or as it was known last with the error that kept it from that."""
        return self.facts.rows[0]


@dataclass(frozen=True)
class RuleShown:
    """One rule as the page shows it.

    title: What it is about.
    says: How it stands for this target.
    mark: `passed`, `decided`, `next` for the date that comes first while nothing is to do, or `not-asked`.
    """

    title: str
    says: str
    mark: str


@dataclass(frozen=True)
class PossibleAct:
    """Something that a person can do with the target.

    name: What it is called.
    says: What it does, as a sentence.
    link: The address of the page on which it is done.
    """

    name: str
    says: str
    link: str


@dataclass(frozen=True)
class TargetPage:
    """What the page of one target shows.

    shell: What stands around it.
    one: The target, with its findings.
    verdict: The sentence about it.
    timeline: Both keys over time.
    drawings: The timeline, drawn for several widths.
    rules: The rules in their order, and which one decided. Empty if it could not be observed.
    users: Who still uses its keys.
    history: What happened to its keys.
    no_history: Why nothing is shown of its past, as a sentence.
    settings: How it is configured, and where that comes from.
    to_do, to_watch: Its findings.
    acts: What this caller may do with it. Empty if nothing.
    why_not: Why this caller may do nothing, as a sentence. Empty if something.
    commands: Commands that do the same at a terminal.
    portal: The address of the account in the portal.
    secret_portal: The address of the secret in the portal.
    mail: The address to write to the owner. Empty if that is not known.
    json: The address of the same as JSON.
    now_asked: The address that asks the logs anew who uses its keys, as JSON.
    audit: Where to see who can read its keys, and where copies lie.
    orders: What a person ordered for it: a trial, a hold. Empty if nothing.
    """

    shell: Shell
    one: TargetStatus
    verdict: FleetVerdict
    timeline: Timeline
    drawings: Sequence[Drawing]
    rules: Sequence[RuleShown]
    users: KeyUsers
    history: History
    no_history: str
    settings: Sequence[SettingShown]
    to_do: Panel
    to_watch: Panel
    acts: Sequence[PossibleAct]
    why_not: str
    commands: Sequence[str]
    portal: str
    secret_portal: str
    mail: str
    json: str
    now_asked: str
    audit: AuditPanel
    orders: Sequence[OrderShown] = ()

    @property
    def reason(self) -> str:
        """The public word for why the plan is what it is, or the error's code."""
        row = self.one.row
        if row.error is not None:
            return row.error.code
        return row.plan.reason.value if row.plan else ""

    @property
    def improvements(self) -> list[str]:
        """What could be better and is not wrong, as sentences."""
        return [one.says for one in self.one.findings if one.urgency is Urgency.IMPROVE]


def target_page_of(seen: SeenTarget, caller: Caller, shell: Shell, environment: Mapping[str, str]) -> TargetPage:
    """Return what the page of one target shows.

    caller: Who asks for it.
    shell: What stands around the page, before its sentence is known.
    environment: The environment of the app.
    """
    facts, row = seen.facts, seen.row
    status = status_of(facts, severe_first(found_for(facts)))
    one = status.targets[0]
    verdict = _verdict(status, one)
    cards = Cards.of(status, shell.links, AppName.read(environment), facts.settings.targets, {})
    target, timeline = row.target, _timeline(seen, one)
    acts, why_not = _acts(one, caller, shell.links, environment)
    return TargetPage(
        shell=replace(
            shell,
            tone=verdict.tone,
            title=f"{one.name}: {one.state.words}",
            again=shell.links.target(target),
            json=shell.links.json_of(target),
            here="target",
        ),
        one=one,
        verdict=verdict,
        timeline=timeline,
        drawings=pictures_of(timeline, "keys", target.cadence),
        rules=_rules(one),
        users=key_users_of(facts, target.account),
        history=seen.history,
        no_history=seen.no_history or "No version of its secret is known.",
        settings=settings_shown(target, seen.tags, environment),
        to_do=panel_of(cards, status.to_do, status),
        to_watch=panel_of(cards, status.to_watch, status),
        acts=acts,
        why_not=why_not,
        commands=() if acts else tuple(f"python -m cli {act.format(_named(target, shell.links))}" for act in _COMMANDS),
        portal=portal(target.account),
        secret_portal=secret_in_portal(target),
        mail=mail(target.owner),
        json=shell.links.json_of(target),
        now_asked=shell.links.readiness_of(target),
        audit=audit_panel_of(target, caller, shell.links, environment, _named(target, shell.links)),
        orders=orders_shown(row, facts.now, shell.links if acts else None),
    )


def _rules(one: TargetStatus) -> list[RuleShown]:
    """Return the rules. While nothing is to do, the one that has the next date is marked in place of the last."""
    row = one.row
    if row.situation is None or row.error is not None or row.plan is None:
        return []
    considered, coming = explain(row.situation), TITLES[one.next.what] if one.next else None
    quiet = row.plan.reason is Reason.NOTHING_DUE and coming is not None
    shown = considered[:-1] if quiet else considered
    return [RuleShown(each.title, each.says, _mark(each, coming if quiet else None)) for each in shown]


def _mark(one: Considered, coming: str | None) -> str:
    return "next" if one.title == coming else one.answer.replace(" ", "-")


def _timeline(seen: SeenTarget, one: TargetStatus) -> Timeline:
    row, far = seen.row, reach.reach_for(seen.row.target.cadence, reach.WIDE)
    if row.situation is None or row.situation.seen.publication is None:
        return unknown_timeline(one.name, far, seen.facts.now)
    planned = not one.is_stale and row.plan is not None and not row.plan.needs_a_person
    return timeline_of(row.situation, far, seen.history.versions, planned=planned)


def _named(target: Target, links: Links) -> str:
    """Return how a command names a target: by its account, if its name may lead to another one."""
    if target.name.casefold() in links.disputed:
        return f"--account {shlex.quote(str(target.account))}"
    return shlex.quote(target.name)


def _acts(
    one: TargetStatus, caller: Caller, links: Links, environment: Mapping[str, str]
) -> tuple[tuple[PossibleAct, ...], str]:
    """Return what this caller may do, and why it is nothing."""
    if not platform_authenticates(environment):
        return (), _NOBODY_SIGNS_IN
    if not caller.may(Role.OPERATOR):
        return (), f"To act, {caller.name} needs the role {Role.OPERATOR}. Ask who gives out this app's roles."
    publication = one.row.seen.publication if one.row.seen else None
    waits = publication is not None and publication.marks is not None and publication.marks.awaited is not None
    possible = _possible(one) | {"disarm": waits}
    named = {act: words for act, words in _ACTS.items() if possible.get(act, True)}
    target = one.row.target
    return tuple(PossibleAct(name, says, links.act(target, act)) for act, (name, says) in named.items()), ""


def _possible(one: TargetStatus) -> dict[str, bool]:
    """Return which of the acts on standing orders make sense now."""
    ordered = orders_of(one.row)
    trial, held = ordered.trial, ordered.hold is not None
    runs = trial is not None and (trial.is_planned or trial.is_open)
    return {"trial": trial is None, "end-trial": runs, "hold": not held, "lift-hold": held}


def _verdict(status: Status, one: TargetStatus) -> FleetVerdict:
    if status.to_do or status.to_watch or one.state not in _QUIET:
        found = verdict_of(status)
        return replace(found, detail=_about_keys(status, one))
    words = "is healthy" if one.state is State.ROTATING else f"is {one.state.words}"
    return FleetVerdict(_QUIET[one.state], f"{one.name} {words}. Nothing to do.", _about_keys(status, one))


def _about_keys(status: Status, one: TargetStatus) -> str:
    """Return what is known of the keys, and what comes. A date that waits is not given as a fact."""
    situation = one.row.situation
    publication = situation.seen.publication if situation is not None and situation.seen.live is not None else None
    if situation is None or publication is None or publication.marks is None:
        return ""
    since = length_in_words(status.now - publication.marks.since)
    said = [f"{situation.live.words.capitalize()} has been live for {since}."]
    dates = [] if one.is_stale else [date for date in dates_of(one) if not date.doubtful]
    return " ".join([*said, *(_comes(date, status) for date in dates)])


def _comes(date: Date, status: Status) -> str:
    comes = {DeadlineKind.ROTATION: "A new key comes", DeadlineKind.TRIAL: "A trial without keys comes"}
    what = comes.get(date.kind, f"{date.says[:1].upper()}{date.says[1:]}")
    if date.falls_at is None:
        return f"{what} once its announcement was accepted in time."
    return f"{what} {away(date.falls_at, status.now)} ({exact(date.falls_at)})."
