"""An account whose endpoint gives prepared answers to keys."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lab.simulation.dates import START
from shared.domain.errors import LeaseLost
from shared.domain.keys import ApiKey
from shared.ports import Answer, Clock, KeyAttempt

WHERE, KEY = "https://chat.openai.azure.com/", ApiKey("a key")
YES, NO, OFF = (
    KeyAttempt(Answer.ACCEPTED, "200"),
    KeyAttempt(Answer.REFUSED, "401"),
    KeyAttempt(Answer.KEYS_ARE_OFF, "403, keys"),
)
CLOSED, SILENCE = KeyAttempt(Answer.NETWORK_REFUSED, "403, network"), KeyAttempt(Answer.UNCLEAR, "no answer")


@dataclass
class Account:
    """An endpoint, a clock and a lease in one.

    answers: What it answers to a key, in this order; the last one again and again.
    moment: The time.
    asked: When it was called, in seconds after the start.
    lost_after: After how many calls the lease is lost.
    """

    answers: list[KeyAttempt]
    moment: datetime = START
    asked: list[float] = field(default_factory=list)
    lost_after: int = 1000

    async def try_key(self, endpoint: str, key: ApiKey) -> KeyAttempt:
        assert (endpoint, key) == (WHERE, KEY)
        self.asked.append((self.moment - START).total_seconds())
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, time: timedelta) -> None:
        self.moment += time

    async def wait(self, clock: Clock, time: timedelta) -> None:
        await clock.sleep(time)
        self.check()

    def check(self) -> None:
        if len(self.asked) >= self.lost_after:
            raise LeaseLost("chat", "the turn lost its hold on the target.")
