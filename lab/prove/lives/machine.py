"""The same actions as a Hypothesis state machine, which shrinks a failing life to a short one."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from lab.prove.lives.action import Action, Fault
from lab.prove.lives.life import FAULTS, KEYS, MOST_CALLS, PAUSED, RELEASES, Life

TARGETS = 2
NUMBER = st.integers(0, TARGETS - 1)
FAULT = st.none() | st.builds(Fault, st.sampled_from(sorted(FAULTS)), st.integers(1, MOST_CALLS))


class Lives(RuleBasedStateMachine):
    """A life in which Hypothesis chooses the actions. Each rule is one action, which checks the promises."""

    def __init__(self) -> None:
        super().__init__()
        self.life = Life(TARGETS)

    @rule(hours=st.sampled_from((0.2, 1.0, 24.0, 72.0, 168.0, 312.0)))
    def time_passes(self, hours: float) -> None:
        """Time passes without a tick."""
        self.life.do(Action("pass", hours=hours))

    @rule()
    def tick(self) -> None:
        """The timer runs, and the turns that it queues."""
        self.life.do(Action("tick"))

    @rule(number=NUMBER, fault=FAULT)
    def turn(self, number: int, fault: Fault | None) -> None:
        """One target has a turn."""
        self.life.do(Action("turn", number, fault=fault))

    @rule(number=NUMBER, fault=FAULT, detail=st.sampled_from(("", "ticket-1", "ticket-2")))
    def rotation_is_requested(self, number: int, fault: Fault | None, detail: str) -> None:
        """A person requests a rotation."""
        self.life.do(Action("rotate", number, detail=detail, fault=fault))

    @rule(number=NUMBER, fault=FAULT, detail=st.sampled_from(KEYS))
    def leak_is_reported(self, number: int, fault: Fault | None, detail: str) -> None:
        """A person reports a leaked key."""
        self.life.do(Action("leak", number, detail=detail, fault=fault))

    @rule(number=NUMBER, call=st.integers(1, MOST_CALLS), detail=st.sampled_from(KEYS))
    def leak_takes_over(self, number: int, call: int, detail: str) -> None:
        """A report of a leak takes the target over from a paused turn."""
        self.life.do(Action("take over", number, detail=detail, fault=Fault(PAUSED, call)))

    @rule(number=NUMBER, fault=FAULT, hours=st.sampled_from((24.0, 96.0, 240.0)))
    def target_is_armed(self, number: int, fault: Fault | None, hours: float) -> None:
        """A person arms a target for the next deployment."""
        self.life.do(Action("arm", number, hours=hours, fault=fault))

    @rule(number=NUMBER, fault=FAULT)
    def target_is_disarmed(self, number: int, fault: Fault | None) -> None:
        """A person disarms a target."""
        self.life.do(Action("disarm", number, fault=fault))

    @rule(number=NUMBER, fault=FAULT, detail=st.sampled_from(RELEASES))
    def deployment_goes_live(self, number: int, fault: Fault | None, detail: str) -> None:
        """A pipeline reports a deployment."""
        self.life.do(Action("deployed", number, detail=detail, fault=fault))

    @rule(number=NUMBER, detail=st.sampled_from(("key1", "key2")))
    def key_is_regenerated_in_the_portal(self, number: int, detail: str) -> None:
        """A person regenerates a key in the portal."""
        self.life.do(Action("portal", number, detail=detail))

    @rule(detail=st.sampled_from(("up", "down")))
    def event_grid_changes(self, detail: str) -> None:
        """Event Grid becomes available or unavailable."""
        self.life.do(Action("grid", detail=detail))

    @rule(number=NUMBER, hours=st.sampled_from((48.0, 72.0, 120.0)))
    def overlap_changes(self, number: int, hours: float) -> None:
        """The overlap in the settings changes."""
        self.life.do(Action("cadence", number, hours=hours))

    def teardown(self) -> None:
        """Check that every target comes to rest."""
        try:
            self.life.come_to_rest()
        finally:
            self.life.close()
