"""The kinds of consumers of a key, how long each takes to notice a new one, and the least safe overlap that follows.

A consumer that notices a new key late goes on with the key before. So the key before must work for as long as the
slowest consumer needs, and a margin. A consumer that never notices makes no overlap safe: a person must move it after
every rotation, and the overlap is not lengthened for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shared.domain.times import iso_duration

# For what the times below leave out: the vault's replication, a service that is late, an app that is busy.
MARGIN = timedelta(hours=2)


class ConsumerKind(StrEnum):
    """How a consumer gets the key. The words are public."""

    SDK = "sdk"
    APP_SERVICE = "app-service-reference"
    FUNCTIONS_FLEX = "functions-flex"
    API_MANAGEMENT = "api-management"
    CSI_MOUNT = "aks-csi-mount"
    CSI_ENVIRONMENT = "aks-csi-env"
    EXTERNAL_SECRETS = "external-secrets"
    CONTAINER_APPS = "container-apps"
    APP_CONFIGURATION = "app-configuration"
    PINNED_VERSION = "pinned-version"
    READ_AT_START = "read-at-start"
    TYPED_IN = "typed-in"


@dataclass(frozen=True)
class Habit:
    """How consumers of one kind notice a new key.

    what: What they are, in words.
    within: The longest time in which they notice by themselves. None: as often as their own code or setting says,
        which is at least once in ROTATION_CONSUMER_LAG; or never.
    wakes: What makes one notice sooner, or at all, as an instruction.
    never: Whether they notice by nothing but that.
    """

    what: str
    within: timedelta | None
    wakes: str
    never: bool = False


# Where these times come from stands in docs/facts.md, Readers.
HABITS = {
    ConsumerKind.SDK: Habit(
        "code that reads the secret from the vault again and again, without a version",
        None,
        "let it read the secret again when a call is answered 401",
    ),
    ConsumerKind.APP_SERVICE: Habit(
        "a Key Vault reference without a version in a setting of App Service or Functions",
        timedelta(hours=24),
        "refresh the references of the app, or change one of its settings",
    ),
    ConsumerKind.FUNCTIONS_FLEX: Habit(
        "a Key Vault reference without a version in a setting of a Flex Consumption app",
        timedelta(hours=24),
        "refresh the references of the app, or change one of its settings; if the vault has a firewall, use sdk",
    ),
    ConsumerKind.API_MANAGEMENT: Habit(
        "a named value of API Management that refers to the secret without a version",
        timedelta(hours=4),
        "refresh the named value",
    ),
    ConsumerKind.CSI_MOUNT: Habit(
        "a file that the Secrets Store CSI driver mounts, with rotation switched on, read anew for every use",
        timedelta(minutes=2),
        "restart the pods",
    ),
    ConsumerKind.CSI_ENVIRONMENT: Habit(
        "an environment variable of a pod, filled from a Kubernetes secret",
        None,
        "restart the pods",
        never=True,
    ),
    ConsumerKind.EXTERNAL_SECRETS: Habit(
        "a file mounted from a Kubernetes secret of the External Secrets Operator, with its usual refresh interval",
        timedelta(hours=1),
        "shorten its refresh interval",
    ),
    ConsumerKind.CONTAINER_APPS: Habit(
        "a secret of Container Apps that refers to the vault without a version",
        timedelta(minutes=30),
        "wait: restarting a revision was seen not to read it again",
    ),
    ConsumerKind.APP_CONFIGURATION: Habit(
        "a reference in App Configuration, in an app whose client has an interval at which it refreshes secrets",
        None,
        "restart the app",
    ),
    ConsumerKind.PINNED_VERSION: Habit(
        "a reference that names one version of the secret",
        None,
        "take the version out of the reference, or write the new one into it",
        never=True,
    ),
    ConsumerKind.READ_AT_START: Habit(
        "a process that reads the secret once, when it starts",
        None,
        "restart it",
        never=True,
    ),
    ConsumerKind.TYPED_IN: Habit(
        "a copy of the key that somebody typed in: a connection, a report, another secret store",
        None,
        "a person must enter the new key",
        never=True,
    ),
}
# No list of consumers can lengthen an overlap beyond this, or beyond ROTATION_CONSUMER_LAG if that is longer.
LONGEST_NEED = max(habit.within for habit in HABITS.values() if habit.within) + MARGIN


def least_overlap(kinds: Iterable[ConsumerKind], lag: timedelta) -> timedelta:
    """Return the shortest overlap that is safe for these consumers.

    lag: ROTATION_CONSUMER_LAG. No overlap is shorter, whoever consumes.
    """
    needs = [within + MARGIN for kind in kinds if (within := HABITS[kind].within)]
    return max([lag, *needs])


def slowest(kinds: Iterable[ConsumerKind], lag: timedelta) -> ConsumerKind | None:
    """Return the kind that takes longest to notice a new key by itself. None if there is none that ever does.

    lag: ROTATION_CONSUMER_LAG, which the kinds without a time of their own may need.
    """
    noticing = [kind for kind in kinds if not HABITS[kind].never]
    return max(noticing, key=lambda kind: notices_within(kind, lag), default=None)


def notices_within(kind: ConsumerKind, lag: timedelta) -> timedelta:
    """Return how long a kind that notices by itself takes at most. `lag`: ROTATION_CONSUMER_LAG."""
    return HABITS[kind].within or lag


def never_notice(kinds: Iterable[ConsumerKind]) -> tuple[ConsumerKind, ...]:
    """Return the kinds among these that never notice a new key by themselves."""
    return tuple(kind for kind in kinds if HABITS[kind].never)


def arithmetic(kinds: Iterable[ConsumerKind], lag: timedelta) -> str:
    """Return how `least_overlap` comes about, as a clause.

    lag: ROTATION_CONSUMER_LAG.
    """
    kinds = tuple(kinds)
    least, timed = least_overlap(kinds, lag), [kind for kind in kinds if HABITS[kind].within]
    longest = max(timed, key=lambda kind: notices_within(kind, lag), default=None)
    if longest is None or least > notices_within(longest, lag) + MARGIN:
        return f"they must notice a new key within ROTATION_CONSUMER_LAG, {iso_duration(lag)}"
    within = iso_duration(notices_within(longest, lag))
    margin = iso_duration(MARGIN)
    return f"{longest} notices a new key within {within}, and with a margin of {margin} that is {iso_duration(least)}"
