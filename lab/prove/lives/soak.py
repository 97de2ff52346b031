"""A seeded soak: the same seed lives the same life, so a failing one can be looked at again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.prove.lives.life import FAULTS, KEYS, MOST_CALLS, RELEASES, STANDS_STILL, Action, Fault, Life

WEIGHTS = {"pass": 30, "tick": 34, "turn": 16, "rotate": 5, "leak": 3, "portal": 4, "grid": 6, "cadence": 2}
WEIGHTS |= {"take over": 2, "arm": 4, "disarm": 1, "deployed": 4}


@dataclass(frozen=True)
class Figures:
    """What a soak came to. `broken` holds the seed, what broke, and the history, for each life that broke a promise."""

    seeds: int
    actions: int
    looks: int
    seconds: float
    broken: tuple[tuple[int, str, str], ...] = ()


def an_action(chance: random.Random, targets: int) -> Action:
    """One thing that happens, at random."""
    what = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    who = chance.randrange(targets)
    fault = Fault(chance.choice(list(FAULTS)), chance.randint(1, MOST_CALLS)) if chance.random() < 0.5 else None
    match what:
        case "pass":
            return Action(what, hours=chance.choice((0.2, 1, 6, 24, 24, 72, 168)))
        case "tick":
            return Action(what)
        case "arm" | "disarm" | "deployed":
            return Action(what, who, chance.choice((24.0, 96.0, 240.0)), chance.choice(RELEASES), fault)
        case "turn" | "rotate":
            return Action(what, who, fault=fault)
        case "leak" | "take over":
            still = Fault(STANDS_STILL, chance.randint(1, MOST_CALLS))
            return Action(what, who, word=chance.choice(KEYS), fault=fault if what == "leak" else still)
        case "portal":
            return Action(what, who, word=chance.choice(("key1", "key2")))
        case "grid":
            return Action(what, word=chance.choice(("up", "down")))
    return Action("cadence", who, hours=chance.choice((48.0, 72.0, 120.0)))


def live(seed: int, actions: int, targets: int) -> tuple[Life, Exception | None]:
    """One life to its end, or to what broke it."""
    chance, life = random.Random(seed), Life(targets)
    try:
        for _ in range(actions):
            life.do(an_action(chance, targets))
        life.come_to_rest()
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return life, error
    finally:
        life.close()
    return life, None


def soak(
    seeds: int, actions: int = 150, targets: int = 3, first: int = 1, say: Callable[[str], object] = print
) -> Figures:
    """Live so many lives. Every one is lived, also when some break."""
    began, broken, done, looks = time.monotonic(), [], 0, 0
    for seed in range(first, first + seeds):
        life, error = live(seed, actions, targets)
        done += len(life.history)
        looks += life.stage.witness.observations
        if error is not None:
            history = "\n".join(f"  {number:3}. {action}" for number, action in enumerate(life.history, 1))
            broken.append((seed, f"{type(error).__name__}: {error}", history))
            say(f"seed {seed}: {type(error).__name__}: {error}\n{history}")
    return Figures(seeds, done, looks, time.monotonic() - began, tuple(broken))
