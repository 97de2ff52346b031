"""The fields of requests: for each its type, its form, and the words that describe it in refusals and in OpenAPI."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from shared.domain.names import ENVIRONMENT_NAME, TARGET_NAME
from shared.domain.requests import Follow

MOST_TARGETS = 200
END = r"$(?!\n)"  # `$` alone would accept a line break at the end
_SECONDS = "([1-9][0-9]?|1[01][0-9]|120)"
_WAIT = f"^(PT{_SECONDS}S|PT[12]M|{_SECONDS}s|[12]m)" + END

type ReasonText = Annotated[
    str,
    Meta(
        max_length=200,
        description="Why. The answer and the log show it. If a new key is published for it, the event and a tag of the "
        "secret show its first 100 characters.",
    ),
]
type DryRun = Annotated[bool, Meta(description="Only say what would be done.")]
type NamesOnly = Annotated[bool, Meta(description="Only say which targets would get a turn.")]
type Environment = Annotated[
    str,
    Meta(
        pattern=f"^{ENVIRONMENT_NAME}" + END,
        description="The deployment environment, such as production: at most 40 letters, digits, dots, dashes and "
        "underscores, a letter or digit first. Upper and lower case are the same.",
    ),
]
type Name = Annotated[
    str,
    Meta(
        pattern=f"^{TARGET_NAME}" + END,
        description="A target's name: at most 63 letters, digits and dashes, a letter or digit first.",
    ),
]
type Names = Annotated[
    list[Name],
    Meta(
        min_length=1,
        max_length=MOST_TARGETS,
        description="Targets by name: at most 63 letters, digits and dashes each, a letter or digit first.",
    ),
]
type Soak = Annotated[
    str,
    Meta(
        description="How long after the deployment: an ISO 8601 duration without years or months, such as P1D, PT2H or "
        "P1DT12H, or in short 1d, 2h or 1d12h; at most 30 days, P30D.",
    ),
]
type WaitTime = Annotated[
    str,
    Meta(
        pattern=_WAIT,
        description="How long a leaked live key still works after the new key is published: whole seconds or minutes, "
        "such as PT30S or 30s; at most two minutes, PT2M.",
    ),
]
type KeyMark = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{16}" + END,
        description="The fingerprint of the key that leaked: 16 of the digits 0-9 and a-f, as `python -m cli "
        "fingerprint` prints it. If `key` means another key now, or the account has no such key, nothing is done.",
    ),
]
type Confirmed = Annotated[
    str,
    Meta(
        pattern=f"^{TARGET_NAME}" + END,
        description="The target's name, which confirms the request. A leak of `both` keys needs it, and another leak "
        "before every app has read the key that the one before published (ROTATION_CONSUMER_LAG). A trial needs it, "
        "and so do `endOtherKey` and what follows a deployment if that is more than a rotation. Without it the answer "
        "says what would happen.",
    ),
]
type Latest = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When it happens even without a deployment: date, time and zone, such as 2027-01-31T18:00:00Z.",
    ),
]
type EndOther = Annotated[
    bool,
    Meta(
        description="Whether the value that the other key has now ends with the rotation, although it was promised to "
        "work. It needs `confirm`. Default: no, then the rotation waits until that value may end."
    ),
]
type FollowWord = Annotated[
    Follow,
    Meta(
        description="What follows the deployment. `rotate`: the key is replaced, and the one before works for the "
        "overlap. `end`: the key is replaced, and both values of now have ended when the soak time is over. `trial`: "
        "keys are switched off for `duration`, and on again. `sunset`: all keys end. All but `rotate` need `confirm`."
    ),
]
type TrialTime = Annotated[
    str,
    Meta(
        description="For a trial: how long keys are off, as an ISO 8601 duration such as PT4H or P1D, or in short 4h "
        "or 1d; at least 15 minutes, PT15M, and at most 7 days, P7D. Default: PT4H.",
    ),
]
type TrialStart = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When keys are switched off at the earliest: date, time and zone, such as 2027-01-31T18:00:00Z; at "
        "most 90 days ahead. Without it, or if that is too soon to be announced: as soon as the notice allows.",
    ),
]
type DespiteCopies = Annotated[
    bool,
    Meta(
        description="Whether the trial may start although places are known that use a copy of a key. Default: no, then "
        "the answer names them."
    ),
]
type DespiteLeak = Annotated[
    bool,
    Meta(description="Whether keys may be switched on although a key that leaked still has its value. Default: no."),
]
type HeldUntil = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When the hold ends by itself: date, time and zone, such as 2027-01-31T18:00:00Z; in the future, "
        "and at most 90 days ahead.",
    ),
]
type HoldReason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"\w",
        description="Why scheduled work waits. It is needed, because the answers and the page show it until the hold "
        "ends.",
    ),
]
