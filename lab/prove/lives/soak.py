"""Random lives from a seed. A seed always gives the same life, so a failing life can be repeated."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.prove.lives.action import Action, Fault
from lab.prove.lives.bad_days import BAD_DAYS
from lab.prove.lives.life import FAULTS, KEYS, MOST_CALLS, PAUSED, RELEASES, Life

WEIGHTS = {"pass": 30, "tick": 34, "turn": 16, "rotate": 5, "leak": 3, "portal": 4, "grid": 6, "cadence": 2}
WEIGHTS |= {"take over": 2, "arm": 4, "disarm": 1, "deployed": 4}
WITH_BAD_DAYS = WEIGHTS | BAD_DAYS
WITH_SWITCHES = WEIGHTS | {"switch": 6}


@dataclass(frozen=True)
class Figures:
    """The results of many lives.

    seeds: How many lives were played.
    actions: How many actions they had together.
    checks: How often the witness checked the promises.
    seconds: How long it took.
    broken: The seed, the broken promise and the history of each life that failed.
    """

    seeds: int
    actions: int
    checks: int
    seconds: float
    broken: tuple[tuple[int, str, str], ...] = ()


def an_action(chance: random.Random, targets: int, weights: Mapping[str, int] = WEIGHTS) -> Action:
    """Draw one action at random."""
    what = chance.choices(list(weights), list(weights.values()))[0]
    target = chance.randrange(targets)
    fault = Fault(chance.choice(list(FAULTS)), chance.randint(1, MOST_CALLS)) if chance.random() < 0.5 else None
    match what:
        case "pass":
            return Action(what, hours=chance.choice((0.2, 1, 6, 24, 24, 72, 168)))
        case "tick":
            return Action(what)
        case "arm" | "disarm" | "deployed":
            return Action(what, target, chance.choice((24.0, 96.0, 240.0)), chance.choice(RELEASES), fault)
        case "turn" | "rotate":
            return Action(what, target, fault=fault)
        case "leak" | "take over":
            pause = Fault(PAUSED, chance.randint(1, MOST_CALLS))
            return Action(what, target, detail=chance.choice(KEYS), fault=fault if what == "leak" else pause)
        case "portal":
            return Action(what, target, detail=chance.choice(("key1", "key2")))
        case what if what in BAD_DAYS or what == "switch":
            return Action(what, target, detail=chance.choice(("on", "off")))
        case "grid":
            return Action(what, detail=chance.choice(("up", "down")))
    return Action("cadence", target, hours=chance.choice((48.0, 72.0, 120.0)))


def live(seed: int, actions: int, targets: int, weights: Mapping[str, int] = WEIGHTS) -> tuple[Life, Exception | None]:
    """Play one life to its end, or until something breaks. Returns the life and what broke."""
    chance, life = random.Random(seed), Life(targets)
    try:
        for _ in range(actions):
            life.do(an_action(chance, targets, weights))
        life.come_to_rest()
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return life, error
    finally:
        life.close()
    return life, None


def soak(
    seeds: int,
    actions: int = 150,
    targets: int = 3,
    first: int = 1,
    say: Callable[[str], object] = print,
    weights: Mapping[str, int] = WEIGHTS,
) -> Figures:
    """Play this many lives, one for each seed from `first` on, also if some fail. `say` receives each failure.

    weights: How often each kind of action comes. Default: without bad days.
    """
    began, broken, done, checks = time.monotonic(), [], 0, 0
    for seed in range(first, first + seeds):
        life, error = live(seed, actions, targets, weights)
        done += len(life.history)
        checks += life.stage.witness.observations
        if error is not None:
            history = "\n".join(f"  {number:3}. {action}" for number, action in enumerate(life.history, 1))
            broken.append((seed, f"{type(error).__name__}: {error}", history))
            say(f"seed {seed}: {type(error).__name__}: {error}\n{history}")
    return Figures(seeds, done, checks, time.monotonic() - began, tuple(broken))
