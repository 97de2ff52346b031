"""Play one case: the first account is enrolled, then the other one; somebody forges; then what the case asks for.

A leak is reported as over HTTP, and what stays on record of it is taken up by the next tick.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lab.prove.claims.case import Asked, Case, Forged, Who
from lab.prove.claims.scene import Scene
from lab.simulation.dates import at, hours
from shared.decide.plan import Reason
from shared.domain.errors import DisputedName, RotationError, UnknownTarget
from shared.domain.keys import Fingerprint
from shared.domain.model import AccountId
from shared.domain.requests import LeakedKey, LeakRequest
from shared.fleet.rotation import Rotation
from shared.turns.message import About, Message
from shared.turns.report import Outcome, Result

HOUR = hours(1)
MOMENTS = (28, 31, 35)  # days at which the timer ticks, in the cases that take so long


@dataclass(frozen=True)
class Played:
    """What became of one case in one order.

    broken: What does not hold, in words.
    seen: All that anybody can see of it, without the values of keys: it must be the same in both orders.
    """

    broken: tuple[str, ...]
    seen: tuple[str, ...]


async def play(case: Case, *, rival_first: bool) -> Played:
    """Play a case. `rival_first`: in which order Azure lists the two accounts."""
    scene = await _prepared(case, rival_first=rival_first)
    seen = await _tick(scene)
    seen += await _ask(scene)
    seen += await _tick(scene)
    _judge_healed(scene)
    if case.asked in (Asked.NOTHING, Asked.DRIFT):
        seen += await _forty_days(scene)
    contents = scene.judge.contents()
    seen += [f"{name}: {' | '.join(contents[name])}" for name in sorted(contents)]
    seen += [str(key) for who in (Who.TEAM, Who.RIVAL) for key in scene.judge.current(who)]
    return Played(tuple(dict.fromkeys(scene.judge.broken)), tuple(seen))


async def _prepared(case: Case, *, rival_first: bool) -> Scene:
    """Return the scene of a case up to the moment when both accounts are enrolled and somebody has forged."""
    scene = Scene(case, rival_first=rival_first)
    if case.first is not Who.NOBODY:
        scene.enrol(case.first)
        await _tick(scene)
    for who in (Who.TEAM, Who.RIVAL):
        if who is not case.first:
            scene.enrol(who)
    scene.forge()
    return scene


async def _forty_days(scene: Scene) -> list[str]:
    """Let the timer tick until a rotation was due, and judge whether it came."""
    seen, own = list[str](), scene.case.secret(scene.case.first)
    before = len(scene.judge.contents().get(own, ()))
    for day in MOMENTS:
        seen += await _tick(scene, at(day=day) - scene.now)
    if _goes_on(scene) and len(scene.judge.contents()[own]) <= before:
        scene.judge.blame(f"P12: the first account is stopped: no key of {scene.case.first} was rotated any more")
    return seen


async def _tick(scene: Scene, after: timedelta = HOUR) -> list[str]:
    """Let the timer tick once, when that time has passed, and take the turns of the leaks and of the targets."""
    before = scene.now
    scene.pass_time(after)
    app = scene.rotation()
    found = await app.tick(before, scene.now)
    seen = [f"problem: {type(one).__name__} of {one.thing}" for one in found.problems]
    seen += [await _again(scene, leak) for leak in found.leaks]
    seen += [_words(await scene.rotation().turn(one.target)) for one in found.turns]
    return sorted(seen)


async def _again(scene: Scene, leak: Message) -> str:
    """Take the turn of a leak on record, as the queue does."""
    app, which = scene.rotation(), leak.account or leak.target
    try:
        target = (await app.fleet.find_one(which, leak.request)).target
    except RotationError as error:
        return f"leak again: {type(error).__name__}"
    outcome = await app.turn(target, leak.request, by_name=leak.account is None)
    return f"leak again: {_words(outcome)}"


def _words(outcome: Outcome) -> str:
    return f"{outcome.account} in {outcome.secret}: {outcome.result} {outcome.reason} {outcome.done}"


async def _ask(scene: Scene) -> list[str]:
    case, judge = scene.case, scene.judge
    who = case.subject.other if case.asked is Asked.OTHERS else case.subject
    live = judge.published.get(who, judge.current(who)[0])
    match case.asked:
        case Asked.NOTHING:
            return []
        case Asked.DRIFT:
            scene.regenerate(who, live.slot)
            return []
        case Asked.BY_NAME:
            name = "chat" if who is Who.TEAM else case.name
            return [await _report(scene, name, case.named_by(name), None)]
        case Asked.BY_ID:
            return [await _report(scene, scene.id_of(who), who, None)]
        case _:
            mark = Fingerprint.of(judge.value_of(live))
            return [await _report(scene, scene.id_of(who), who, mark)]


async def _report(scene: Scene, which: str | AccountId, meant: Who, mark: Fingerprint | None) -> str:
    """Report a leak as over HTTP, judge the answer, and return it in words.

    meant: The account that the caller means; nobody if its name is disputed.
    mark: The fingerprint of the key. None: the live one.
    """
    request = LeakRequest(key=None if mark else LeakedKey.LIVE, by="a person", id="l-1", fingerprint=mark)
    app, judge = scene.rotation(), scene.judge
    bystanders = [who for who in (Who.TEAM, Who.RIVAL) if who is not meant]
    before = {who: judge.current(who) for who in bystanders}
    value = _meant_value(scene, meant, mark)
    answer = await _answer(app, which, request)
    judge.observe()
    if any(judge.current(who) != before[who] for who in bystanders):
        judge.blame("P12: a leak of one account ended a key of another one")
    if meant is Who.NOBODY and not isinstance(answer, DisputedName):
        judge.blame("P12: a name that two accounts have led to one of them")
    if isinstance(answer, RotationError):
        _judge_end(scene, meant, mark, ended=False)
        return f"leak: {type(answer).__name__} among {sorted(getattr(answer, 'accounts', ()))}"
    ended = answer.result is Result.DONE or answer.cause is Reason.ALREADY_DONE
    if ended and value is not None and judge.works(value):
        judge.blame("P12: the answer says that the leaked key has ended, and the account accepts it")
    if ended and meant is not Who.NOBODY and answer.account != str(scene.id_of(meant)):
        judge.blame("P12: the answer is about another account than the one that was meant")
    _judge_end(scene, meant, mark, ended=ended)
    return f"leak: {_words(answer)}"


def _meant_value(scene: Scene, meant: Who, mark: Fingerprint | None) -> str | None:
    """Return the value that the caller means. None if nobody can say which: nothing of the account is published."""
    values = scene.judge.keys
    if mark is not None:
        return next(value for value in values if Fingerprint.of(value) == mark)
    live = scene.judge.published.get(meant)
    return scene.judge.value_of(live) if live else None


async def _answer(app: Rotation, which: str | AccountId, request: LeakRequest) -> Outcome | RotationError:
    """Carry out a reported leak. What cannot be looked up is put on record, as over HTTP."""
    try:
        target = (await app.fleet.find_one(which, request)).target
    except (UnknownTarget, DisputedName) as error:
        return error
    except RotationError as error:
        about = About(which) if isinstance(which, str) else About(which.name, which)
        await app.leaks.add(about, request)
        return error
    return await app.turn(target, request)


def _judge_end(scene: Scene, meant: Who, mark: Fingerprint | None, *, ended: bool) -> None:
    """A leak by resource id and fingerprint ends at once, whatever is disputed, for an account that is enrolled.

    Only a key that consumers read does not end without a successor, and none can be published where the settings have
    given the secret of its account to another one.
    """
    stuck = scene.case.is_taken_from(meant) and meant in scene.judge.published
    if mark is not None and scene.case.is_served(meant) and not stuck and not ended:
        scene.judge.blame("P12: a leaked key did not end, although its account and its fingerprint were named")


def _judge_healed(scene: Scene) -> None:
    """What the first account has published works, also after somebody has regenerated its live key."""
    first, judge = scene.case.first, scene.judge
    held = judge.keys.get(judge.latest(scene.case.secret(first)) or "")
    if _goes_on(scene) and held not in judge.current(first):
        judge.blame(f"P12: the first account is stopped: its secret holds no key of {first} that works")


def _goes_on(scene: Scene) -> bool:
    """Return whether nothing may stop for the first account: it has published, and nobody else wrote its secret.

    A target of the settings always has the secret that it asks for, also from an account that came before it.
    """
    case = scene.case
    if case.first not in scene.judge.published:
        return False
    forged = case.forged is not Forged.NOTHING and case.secret(case.first) == case.rivals_secret
    return not case.is_taken_from(case.first) and not forged
