"""What a plan about a trial, a hold or a deployment means for people: how it is afterwards, and who notices it."""

from __future__ import annotations

from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import EndWhileOff, KeepOrders, Mark
from shared.domain.relative import length_in_words
from shared.domain.requests import Follow

_REFUSED = "While keys are off, every call with a key is refused with the status 403, also by apps that read the vault."
_IDENTITIES = "Apps that call with an identity notice nothing."
_AFTER_DEPLOYMENT = {
    Follow.END: (
        "After the deployment, apps that read the vault notice nothing.",
        "Apps with a copy of either key are refused once the time after the deployment is over. Nobody is asked again.",
    ),
    Follow.TRIAL: ("Nobody notices it before the trial is announced.", f"{_REFUSED} {_IDENTITIES}"),
    Follow.SUNSET: (
        "Nobody notices it before the end of all keys is announced.",
        f"From then on every call with a key is refused. {_IDENTITIES}",
    ),
}


def after_order(plan: Plan) -> tuple[str, ...]:
    """Return how it is after a plan about a standing order, in sentences. Empty for any other plan."""
    match plan.reason:
        case Reason.TRIAL_PLANNED:
            return (plan.why, "Until then keys stay on. If the start cannot be announced in time, it moves.")
        case Reason.TRIAL_CALLED_OFF:
            return ("Keys stay on.",)
        case Reason.TRIAL_BEGINS:
            return ("The account accepts no keys until the trial ends. Then they are switched on by themselves.",)
        case Reason.TRIAL_OVER | Reason.TRIAL_STOPPED:
            return ("The account accepts keys again. The published key is proven, and the end of the trial is told.",)
        case Reason.HOLD_SET:
            return (plan.why, "A trial that runs ends all the same. When the hold ends, what was due comes next.")
        case Reason.HOLD_LIFTED:
            return (plan.why,)
        case Reason.LEAKED if any(isinstance(step, EndWhileOff) for step in plan.steps):
            return ("The leaked value does not work when keys are on again, and the vault gets its successor then.",)
        case _:
            return ()


def who_notices(plan: Plan, situation: Situation) -> tuple[str, ...]:
    """Return who notices a plan about a standing order, in sentences. Empty for any other plan."""
    match plan.reason:
        case Reason.ARMED:
            return _after_deployment(plan)
        case Reason.TRIAL_PLANNED:
            return (_REFUSED, _IDENTITIES, *_copies(plan))
        case Reason.TRIAL_BEGINS:
            return (_REFUSED, _IDENTITIES)
        case Reason.TRIAL_CALLED_OFF:
            told = situation.trial is not None and situation.trial.told is not None
            return ("Whoever was told of the trial hears that it does not come." if told else "Nobody notices it.",)
        case Reason.TRIAL_OVER | Reason.TRIAL_STOPPED:
            return ("Apps that call with a key are accepted again, and so is whoever else holds one.",)
        case Reason.HOLD_SET:
            return ("Apps notice nothing.", "Whoever was told of a rotation that moves is told that it does not come.")
        case Reason.HOLD_LIFTED:
            return ("Nobody notices it at once.",)
        case _:
            return ()


def _after_deployment(plan: Plan) -> tuple[str, ...]:
    """Return who notices what follows the deployment. Empty if that is a rotation, which nobody notices at once."""
    awaited = [step.marks.awaited for step in plan.steps if isinstance(step, Mark)]
    return next((_AFTER_DEPLOYMENT.get(one.then, ()) for one in awaited if one is not None), ())


def _copies(plan: Plan) -> tuple[str, ...]:
    """Return the places that use a copy of a key, which a trial hurts at once although somebody said it may."""
    trials = [step.orders.trial for step in plan.steps if isinstance(step, KeepOrders)]
    trial = next(iter(trials), None)
    if trial is None or not trial.despite:
        return ()
    length = length_in_words(trial.length)
    return (f"A copy of a key is used in {'; '.join(trial.despite)}. These are refused for {length}.",)
