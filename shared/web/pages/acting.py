"""What the pages on which people act show: the form with its dry run, and what became of it. Plain data, no markup."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from shared.domain.requests import Follow, LeakedKey, RequestKind
from shared.turns.report import Row
from shared.web.act_form import ASKED, CHECKS, ActForm
from shared.web.asked import BY_ACCOUNT
from shared.web.pages.plan_words import PlanWords

PAGES = "/api/status/targets"
_WORDS = {  # for each act: the head of the page, and the words of the button
    RequestKind.ROTATE: ("Rotate {name}", "Rotate {name} now"),
    RequestKind.LEAK: ("A key of {name} has leaked", "End {key} now"),
    RequestKind.ARM: ("Rotate {name} after a deployment", "Wait for the deployment"),
    RequestKind.DISARM: ("Wait for no deployment to {name}", "Wait no longer"),
    RequestKind.TRIAL: ("Try {name} without keys", "Plan the trial of {name}"),
    RequestKind.END_TRIAL: ("End the trial of {name}", "End the trial now"),
    RequestKind.HOLD: ("Put {name} on hold", "Put {name} on hold"),
    RequestKind.LIFT_HOLD: ("Lift the hold of {name}", "Lift the hold"),
}
_LENGTHS = {
    "PT15M": "15 minutes",
    "PT1H": "1 hour",
    "": "4 hours",
    "PT8H": "8 hours",
    "P1D": "1 day",
    "P3D": "3 days",
    "P7D": "7 days",
}
_FOLLOWS = {
    Follow.ROTATE: "A new key comes, and the one before works for its overlap",
    Follow.END: "A new key comes, and both old values end when the time after the deployment is over",
    Follow.TRIAL: "A trial: keys are switched off for a while, and on again",
    Follow.SUNSET: "All keys end",
}
_OPTIONS = {  # how a field is called at a terminal, where it is called otherwise
    "duration": "for",
    "endOtherKey": "end-other-key",
    "despiteCopies": "despite-copies",
    "despiteLeak": "despite-leak",
}
_COMMANDS = {
    RequestKind.END_TRIAL: ("trial", "--end"),
    RequestKind.LIFT_HOLD: ("hold", "--lift"),
}
_LEADS = {
    RequestKind.ROTATE: "Publishes a new key now. The key that is live now goes on working for its overlap.",
    RequestKind.LEAK: "Ends the key at once and says when it was last accepted. It waits for no overlap and no window.",
    RequestKind.ARM: "The key is replaced after the next deployment to an environment, when that is reported.",
    RequestKind.DISARM: "The key is replaced by its schedule again, and no deployment is awaited.",
    RequestKind.TRIAL: "Switches keys off for a stated time, to find out who still needs them, and on again by itself. "
    "The start is announced first.",
    RequestKind.END_TRIAL: "Switches keys on again now, or calls off a trial that has not started.",
    RequestKind.HOLD: "No key is replaced or ended on schedule until the hold ends. A leaked key ends all the same.",
    RequestKind.LIFT_HOLD: "What was due meanwhile comes next. Ends are announced first, as always.",
}


@dataclass(frozen=True)
class Option:
    """One of several things to choose. `chosen` says whether it is chosen now."""

    value: str
    words: str
    chosen: bool


@dataclass(frozen=True)
class FormPage:
    """The page with the form of one act.

    title: What the browser shows as the page's title.
    head: The page's head.
    lead: What the act does, in a sentence.
    target: The target's name, which is typed to confirm.
    account: The account's resource id. Empty if it is not known.
    aim: The address that the form is sent to. It says what is meant, so that it is not lost when a sign-in has ended.
    back: The address of the target's own page.
    who: How the record names the person.
    form: What is filled in.
    plan: The dry run. None if it could not be made, or if something must be filled in first.
    digest: The digest of that plan.
    shown_at: When it was made, as ISO 8601 text.
    notice: What is said first, such as that the plan has changed. None without one.
    trouble: Why there is no dry run, and what to do. Empty without trouble.
    warning: What earlier requests mean for this one. None if they mean nothing.
    button: The words of the button that acts. None if there is nothing to do.
    command: The same as a command at a terminal.
    may_send: Whether callers sign in, so that the form can be sent.
    keys: Which key can be meant. Empty unless a key has leaked.
    waits: How long a leaked key may work on. Empty unless a key has leaked.
    lengths: How long a trial may be. Empty unless a trial can be meant.
    follows: What may follow a deployment. Empty unless one is awaited.
    wrong: What is wrong, by field.
    leak: The address of the page for a leaked key, which does not wait for what holds this. Empty otherwise.
    """

    title: str
    head: str
    lead: str
    target: str
    account: str
    aim: str
    back: str
    who: str
    form: ActForm
    plan: PlanWords | None
    digest: str
    shown_at: str
    notice: str | None = None
    trouble: tuple[str, ...] = ()
    warning: str | None = None
    button: str | None = None
    command: str = ""
    may_send: bool = True
    keys: tuple[Option, ...] = ()
    waits: tuple[Option, ...] = ()
    lengths: tuple[Option, ...] = ()
    follows: tuple[Option, ...] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)
    leak: str = ""

    @property
    def first_wrong(self) -> str:
        """The first field that is wrong, in the order of the page. Empty if none is."""
        return next((name for name in (*ASKED[self.form.kind], "reason", "confirm") if name in self.wrong), "")

    @property
    def re_shows(self) -> bool:
        """Whether the form asks something that changes the plan, so that the plan can be shown anew."""
        return bool(ASKED[self.form.kind])


def head_of(kind: RequestKind, name: str) -> str:
    """Return the head of an act's page."""
    return _WORDS[kind][0].format(name=name)


def lead_of(kind: RequestKind) -> str:
    """Return what an act does, in a sentence."""
    return _LEADS[kind]


def button_of(form: ActForm, name: str, row: Row | None) -> str:
    """Return the words of the button that acts."""
    key = {LeakedKey.BOTH.value: "both keys"}.get(form.asked.get("key", "")) or _key(form, row)
    return _WORDS[form.kind][1].format(name=name, key=key)


def _key(form: ActForm, row: Row | None) -> str:
    live, other = _keys(row)
    return other if form.asked.get("key") == LeakedKey.PREVIOUS.value else live


def _keys(row: Row | None) -> tuple[str, str]:
    """Return the live key and the other one in words."""
    situation = row.situation if row else None
    if situation is None or situation.seen.publication is None:
        return "the live key", "the other key"
    return situation.live.words, situation.spare.words


def keys_of(form: ActForm, row: Row | None) -> tuple[Option, ...]:
    """Return which key can be meant. Empty unless a key has leaked."""
    if form.kind is not RequestKind.LEAK:
        return ()
    known = row is not None and row.situation is not None and row.situation.seen.publication is not None
    live, other = (f", {one}" if known else "" for one in _keys(row))
    words = {
        LeakedKey.LIVE: f"The live one{live}",
        LeakedKey.PREVIOUS: f"The other one{other}",
        LeakedKey.BOTH: "Both, or not known which",
    }
    return tuple(Option(key.value, said, form.asked["key"] == key.value) for key, said in words.items())


def waits_of(form: ActForm) -> tuple[Option, ...]:
    """Return how long a leaked live key may work on after the new one is published. Empty unless a key has leaked."""
    if form.kind is not RequestKind.LEAK:
        return ()
    words = {"": "not at all", "PT30S": "30 seconds", "PT1M": "1 minute", "PT2M": "2 minutes"}
    asked = form.asked.get("wait", "")
    return tuple(Option(value, said, asked == value) for value, said in words.items())


def lengths_of(form: ActForm) -> tuple[Option, ...]:
    """Return how long a trial may be, with what the address says if it is another length. Empty unless a trial can be
    meant."""
    if "duration" not in ASKED[form.kind]:
        return ()
    asked = form.asked.get("duration", "")
    words = _LENGTHS if asked in _LENGTHS else {asked: asked, **_LENGTHS}
    return tuple(Option(value, said, asked == value) for value, said in words.items())


def follows_of(form: ActForm) -> tuple[Option, ...]:
    """Return what may follow a deployment. Empty unless one is awaited."""
    if form.kind is not RequestKind.ARM:
        return ()
    asked = form.asked.get("then") or Follow.ROTATE
    return tuple(Option(each.value, said, asked == each) for each, said in _FOLLOWS.items())


def address(name: str, account: str, act: str = "", asked: Mapping[str, str] | None = None) -> str:
    """Return the address of a target's page, or of the page of an act.

    name: The target's name as the person asked for it, or `-`.
    account: The account's resource id, if it was asked for by that. Empty otherwise.
    asked: What the address says beside that; what is empty is left out.
    """
    query = {"account": account, **(asked or {})}
    text = urlencode({key: value for key, value in query.items() if value})
    path = f"{PAGES}/{quote(BY_ACCOUNT if account else name, safe='')}" + (f"/{act}" if act else "")
    return f"{path}?{text}" if text else path


def _is_confirmed(form: ActForm) -> bool:
    """Return whether the same at a terminal must be confirmed with the target's name."""
    asked = form.asked
    follows = asked.get("then", "") not in ("", Follow.ROTATE)
    both = asked.get("key") == LeakedKey.BOTH.value
    return form.kind is RequestKind.TRIAL or both or follows or bool(asked.get("endOtherKey"))


def command_of(form: ActForm, which: str) -> str:
    """Return the command that does the same at a terminal, for a person with rights of their own."""
    act, *more = _COMMANDS.get(form.kind, (form.kind.value,))
    words = ["python", "-m", "cli", act, *(("--account", which) if "/" in which else (which,)), *more]
    for name, value in form.asked.items():
        option = f"--{_OPTIONS.get(name, name)}"
        words += ([option] if name in CHECKS else [option, value]) if value else []
    if _is_confirmed(form) and "/" not in which:
        words += ["--confirm", which]
    return shlex.join([*words, "--reason", form.reason or "why"])
