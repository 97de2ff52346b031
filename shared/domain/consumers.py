"""The kinds of consumers of a key, how long each takes to notice a new one, and the least safe overlap that follows.

A consumer that notices a new key late goes on with the key before. So the key before must work for as long as the
slowest consumer needs, and a margin. A consumer that never notices makes no overlap safe: a person must move it after
every rotation, and the overlap is not lengthened for it.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Consumers:
    """The consumers of one target, as people have listed them.

    kinds: Their kinds, each once.
    lag: ROTATION_CONSUMER_LAG. No overlap is shorter, and kinds without a time of their own may need it.
    """

    kinds: tuple[ConsumerKind, ...]
    lag: timedelta

    @property
    def least_overlap(self) -> timedelta:
        """The shortest overlap that is safe for all that notice a new key by themselves."""
        return max([self.lag, *(within + MARGIN for kind in self.kinds if (within := HABITS[kind].within))])

    @property
    def slowest(self) -> ConsumerKind | None:
        """The kind that takes longest to notice a new key by itself. None if there is none that ever does."""
        noticing = [kind for kind in self.kinds if not HABITS[kind].never]
        return max(noticing, key=self.notices_within, default=None)

    @property
    def never_notice(self) -> tuple[ConsumerKind, ...]:
        """The kinds that never notice a new key by themselves."""
        return tuple(kind for kind in self.kinds if HABITS[kind].never)

    @property
    def arithmetic(self) -> str:
        """How the least overlap comes about, as a clause."""
        timed = [kind for kind in self.kinds if HABITS[kind].within]
        last = max(timed, key=self.notices_within, default=None)
        if last is None or self.least_overlap > self.notices_within(last) + MARGIN:
            return f"they must notice a new key within ROTATION_CONSUMER_LAG, {iso_duration(self.lag)}"
        within, margin = iso_duration(self.notices_within(last)), iso_duration(MARGIN)
        least = iso_duration(self.least_overlap)
        return f"{last} notices a new key within {within}, and with a margin of {margin} that is {least}"

    def notices_within(self, kind: ConsumerKind) -> timedelta:
        """Return how long a kind that notices by itself takes at most."""
        return HABITS[kind].within or self.lag
