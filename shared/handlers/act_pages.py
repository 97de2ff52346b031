"""The pages of acts as answers: the form, what became of it, and every refusal on the way, each with its status.

What the log's line about an act says (P14) stands beside the page, as it would in the API's answer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.domain.relative import length_in_words
from shared.domain.requests import RequestKind
from shared.domain.text import plain, quotable
from shared.handlers.act_looks import Looked
from shared.handlers.incoming import Incoming
from shared.handlers.page_replies import page_reply, plain_shell
from shared.settings.environment import Mode
from shared.turns.report import Result, Row
from shared.web.act_form import KINDS, ActForm
from shared.web.callers import Caller
from shared.web.pages.act_results import (
    ResultPage,
    ResultTone,
    ended_keys,
    head_of_answer,
    may_be_a_leak,
    sentences,
)
from shared.web.pages.acting import (
    FormPage,
    address,
    button_of,
    command_of,
    follows_of,
    head_of,
    keys_of,
    lead_of,
    lengths_of,
    waits_of,
)
from shared.web.pages.plan_words import PlanWords, in_words, when
from shared.web.responses import REPEAT, Reply, problem
from shared.web.sign_in import platform_authenticates

_CHANGED = "Look again: the plan has changed, and nothing was done."
_WAITS = "What would happen cannot be shown now"
_REPEAT = "send the form again: it acts once, however often it is sent"
_OBSERVES = "This app only observes (ROTATION_MODE), so it carries nothing out."
_REPORTED = "A report is put on record all the same, and the key is ended as soon as that is possible."
_NOBODY = (
    "Callers of this app show a function key, and a key names nobody. So the page acts on nothing: what is done must "
    "be on record with the person who did it."
)
_SIGN_IN = "act with a command at a terminal, or let callers sign in (docs/deploy.md, Who may call it)"
_ASK = "ask a person who gives out this app's roles (docs/deploy.md, Who may call it)"


def form_page(incoming: Incoming, caller: Caller, form: ActForm, looked: Looked, *, status: int = 200) -> Reply:
    """Return the page with an act's form and its dry run."""
    said = form_of(incoming, caller, form, looked)
    result = {"result": Result.PLANNED} if status == 200 else {"title": "ConfirmFirst"}
    return _reply(incoming, caller, status, said, _record(incoming, looked) | result)


def changed_page(incoming: Incoming, caller: Caller, form: ActForm, looked: Looked) -> Reply:
    """Return the form with the plan as it is now: it is not the one that was shown, so nothing was done."""
    if looked.request is None:
        return form_page(incoming, caller, form, looked, status=422)
    said = replace(form_of(incoming, caller, form.to_be_confirmed_again(), looked), notice=_CHANGED)
    told = problem(409, "PlanChanged", _CHANGED)
    return _reply(incoming, caller, told.status, said, {**_members(told), **_record(incoming, looked)})


def result_page(incoming: Incoming, caller: Caller, looked: Looked, reply: Reply, after: Row | None) -> Reply:
    """Return the page that says what became of an act. It keeps what the reply queues, and its other headers."""
    told = _members(reply)
    now = looked.app.outside.clock.now() if looked.app else looked.at
    head, tone = head_of_answer(reply.status, told, looked.name, after)
    said = ResultPage(
        head,
        head,
        tone,
        sentences(told, after, now),
        reply.done,
        ended_keys(told),
        str(told.get("nextStep", "")).replace(REPEAT, _REPEAT),
        str(told.get("reason") or told.get("title") or ""),
        caller.name,
        address(incoming.name, incoming.account),
        looked.name,
        _leak(incoming) if may_be_a_leak(told) else "",
    )
    record = {**told, **reply.on_record, "act": incoming.act, "target": looked.name}
    shown = _reply(incoming, caller, reply.status, said, record)
    kept = {name: text for name, text in reply.headers.items() if name == "Retry-After"}
    return replace(shown, queued=reply.queued, headers={**shown.headers, **kept})


def problem_page(incoming: Incoming, caller: Caller | None, reply: Reply) -> Reply:
    """Return a problem as a page for people, with its status and its headers."""
    told = _members(reply)
    title, step = str(told.get("title", "")), str(told.get("nextStep", ""))
    head = "You may not act here." if reply.status in (401, 403) else f"{quotable(plain(incoming.asked))}: not done."
    who = caller.name if caller else ""
    signed_in = (f"{who} is signed in.",) if who and title == "RoleMissing" else ()
    says = (*signed_in, str(told.get("detail", "")), "Nothing was done.")
    step = step or (_ASK if title == "RoleMissing" else "")
    said = ResultPage(head, head, ResultTone.STOP, says, next_step=step, code=title, who=who)
    shown = _reply(incoming, caller, reply.status, said, {**told, **reply.on_record, "act": incoming.act})
    return replace(shown, headers={**reply.headers, **shown.headers}, queued=reply.queued)


def nobody_page(incoming: Incoming, caller: Caller) -> Reply:
    """Return the refusal of a form where function keys are in use: they name nobody."""
    return problem_page(incoming, caller, problem(403, "NobodySignsIn", _NOBODY, nextStep=_SIGN_IN))


def unknown_act(incoming: Incoming, caller: Caller) -> Reply:
    """Return the answer to a path that names no act."""
    what = f"{quotable(plain(incoming.act))[:40]!r} is nothing that this page does: {', '.join(KINDS)}."
    return problem_page(incoming, caller, problem(404, "UnknownAct", what))


def form_of(incoming: Incoming, caller: Caller, form: ActForm, looked: Looked) -> FormPage:
    """Return what the page with the form shows."""
    row, plan = looked.row, _plan(looked)
    observes = looked.app is not None and looked.app.settings.mode is Mode.OBSERVE
    acts = _may_act(form, looked, plan, observes=observes)
    head = head_of(form.kind, looked.name)
    return FormPage(
        title=head,
        head=head,
        lead=lead_of(form.kind),
        target=looked.name,
        account=str(row.target.account) if row else incoming.account,
        aim=address(incoming.name, incoming.account, form.kind, form.asked),
        back=address(incoming.name, incoming.account),
        who=caller.name,
        form=form,
        plan=plan,
        digest=looked.digest,
        shown_at=looked.at.isoformat(),
        trouble=_trouble(form, looked),
        warning=_OBSERVES if observes else _warning(looked),
        button=button_of(form, looked.name, row) if acts else None,
        command=command_of(form, incoming.account or looked.name),
        may_send=platform_authenticates(os.environ),
        keys=keys_of(form, row),
        waits=waits_of(form),
        lengths=lengths_of(form),
        follows=follows_of(form),
        wrong=looked.wrong,
        leak=_leak(incoming) if looked.plan is not None and may_be_a_leak({"reason": looked.plan.reason}) else "",
    )


def _leak(incoming: Incoming) -> str:
    return address(incoming.name, incoming.account, RequestKind.LEAK)


def _may_act(form: ActForm, looked: Looked, plan: PlanWords | None, *, observes: bool) -> bool:
    """Return whether the page shows the button that acts. A leak can also be reported where no plan can be shown."""
    if looked.request is None or looked.before.hit is not None:
        return False
    if form.kind is RequestKind.LEAK and (plan is None or observes):
        return True
    return plan is not None and plan.acts and not observes


def _plan(looked: Looked) -> PlanWords | None:
    row = looked.row
    if looked.app is None or row is None or row.plan is None or row.situation is None:
        return None
    return in_words(row.plan, row.situation, looked.app.settings.defaults.lag)


def _trouble(form: ActForm, looked: Looked) -> tuple[str, ...]:
    error = looked.error
    if error is None:
        return ()
    more = (_REPORTED,) if form.kind is RequestKind.LEAK else ()
    return f"{_WAITS}: {error.about(looked.name)}", f"Next step: {error.next_step}.", *more


def _warning(looked: Looked) -> str | None:
    """Return what earlier requests mean for this one."""
    hit, leaked_at, now = looked.before.hit, looked.before.leaked_at, looked.at
    if hit is not None:
        many = f"{hit.most} rotations, leaks, trials and holds in one hour are what {hit.setting} allows"
        return f"Not now: {many}. One more may be sent {when(hit.until, now)}."
    if leaked_at is not None and looked.app is not None:
        lag = length_in_words(looked.app.settings.defaults.lag)
        return (
            f"A leak of this target was reported {when(leaked_at, now)}. Apps may need {lag} to read the key that was "
            "published then (ROTATION_CONSUMER_LAG). Those that have not read it are refused again."
        )
    return None


def _record(incoming: Incoming, looked: Looked) -> dict[str, object]:
    """Return what the log's line says about an act that was not begun."""
    row = looked.row
    account = {"account": str(row.target.account), "secret": row.target.secret_url} if row else {}
    reason = {"reason": row.plan.reason} if row and row.plan else {}
    return {"act": incoming.act, "target": looked.name, **account, **reason}


def _members(reply: Reply) -> Mapping[str, Any]:
    return reply.data if isinstance(reply.data, dict) else {}


def _reply(
    incoming: Incoming, caller: Caller | None, status: int, said: FormPage | ResultPage, record: Mapping[str, object]
) -> Reply:
    template = "act.html" if isinstance(said, FormPage) else "result.html"
    return replace(page_reply(status, template, said, plain_shell(incoming, caller)), on_record=record)
