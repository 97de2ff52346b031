"""The same actions as a Hypothesis state machine: a failing history shrinks to a short one that reads well."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from lab.prove.lives.life import FAULTS, KEYS, MOST_CALLS, RELEASES, STANDS_STILL, Action, Fault, Life

TARGETS = 2
WHO = st.integers(0, TARGETS - 1)
FAULT = st.none() | st.builds(Fault, st.sampled_from(sorted(FAULTS)), st.integers(1, MOST_CALLS))


class Lives(RuleBasedStateMachine):
    """Every rule is one action; the promises are checked inside it, before and after every call."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life(TARGETS)

    @rule(hours=st.sampled_from((0.2, 1.0, 24.0, 72.0, 168.0, 312.0)))
    def time_passes(self, hours: float) -> None:
        self.life.do(Action("pass", hours=hours))

    @rule()
    def a_tick(self) -> None:
        self.life.do(Action("tick"))

    @rule(who=WHO, fault=FAULT)
    def a_turn(self, who: int, fault: Fault | None) -> None:
        self.life.do(Action("turn", who, fault=fault))

    @rule(who=WHO, fault=FAULT, word=st.sampled_from(("", "ticket-1", "ticket-2")))
    def a_person_rotates(self, who: int, fault: Fault | None, word: str) -> None:
        self.life.do(Action("rotate", who, word=word, fault=fault))

    @rule(who=WHO, fault=FAULT, word=st.sampled_from(KEYS))
    def a_key_leaks(self, who: int, fault: Fault | None, word: str) -> None:
        self.life.do(Action("leak", who, word=word, fault=fault))

    @rule(who=WHO, call=st.integers(1, MOST_CALLS), word=st.sampled_from(KEYS))
    def a_leak_takes_over(self, who: int, call: int, word: str) -> None:
        self.life.do(Action("take over", who, word=word, fault=Fault(STANDS_STILL, call)))

    @rule(who=WHO, fault=FAULT, hours=st.sampled_from((24.0, 96.0, 240.0)))
    def a_person_waits_for_a_deployment(self, who: int, fault: Fault | None, hours: float) -> None:
        self.life.do(Action("arm", who, hours=hours, fault=fault))

    @rule(who=WHO, fault=FAULT)
    def a_person_waits_no_longer(self, who: int, fault: Fault | None) -> None:
        self.life.do(Action("disarm", who, fault=fault))

    @rule(who=WHO, fault=FAULT, word=st.sampled_from(RELEASES))
    def a_deployment_goes_live(self, who: int, fault: Fault | None, word: str) -> None:
        self.life.do(Action("deployed", who, word=word, fault=fault))

    @rule(who=WHO, word=st.sampled_from(("key1", "key2")))
    def somebody_regenerates_in_the_portal(self, who: int, word: str) -> None:
        self.life.do(Action("portal", who, word=word))

    @rule(word=st.sampled_from(("up", "down")))
    def event_grid_is(self, word: str) -> None:
        self.life.do(Action("grid", word=word))

    @rule(who=WHO, hours=st.sampled_from((48.0, 72.0, 120.0)))
    def a_deployment_changes_the_overlap(self, who: int, hours: float) -> None:
        self.life.do(Action("cadence", who, hours=hours))

    def teardown(self) -> None:
        try:
            self.life.come_to_rest()
        finally:
            self.life.close()
