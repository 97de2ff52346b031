"""Two accounts that claim one name or one secret, listed by Azure in either order."""

from dataclasses import dataclass, replace

from lab.emulator.accounts import Account
from lab.simulation.builders import a_target
from lab.simulation.stage import Stage
from lab.simulation.tripwire import planted_key, wire
from shared.domain.keys import Fingerprint
from shared.domain.model import AccountId

ON = {"key-rotation": "on"}


@dataclass
class Rivals:
    """A stage with the account `chat` of a team, and another account that claims what it has.

    stage: The stage. Its first target is the team's.
    rival: The other account.
    rival_first: Whether Azure lists the other account first.
    """

    stage: Stage
    rival: Account
    rival_first: bool

    @property
    def chat(self) -> Account:
        """The team's account."""
        return self.stage.account

    @property
    def chat_id(self) -> AccountId:
        """The team's account, by its id."""
        return AccountId.parse(self.chat.id)

    @property
    def rival_id(self) -> AccountId:
        """The other account, by its id."""
        return AccountId.parse(self.rival.id)

    def enrol_the_rival(self, **tags: str) -> None:
        """Tag the other account, and let Azure list the two in the order that this is about."""
        self.rival.tags = ON | {f"key-rotation-{name}": text for name, text in tags.items()}
        accounts = self.stage.world.accounts._by_id
        pair = sorted(accounts.items(), key=lambda one: (one[1] is not self.rival) is self.rival_first)
        accounts.clear()
        accounts.update(pair)


def rivals(*, rival_first: bool, name: str = "chat") -> Rivals:
    """Return the two accounts. The team's is enrolled; the other one, of that name, is not yet.

    The settings allow it a secret of its own, `stranger-<name>`, and, if it is called `key`, the team's.
    """
    stage = Stage([a_target()], tagged=True)
    stage.account.tags = dict(ON)
    stage.settings = replace(stage.settings, secrets=("stranger-{account}", "chat-{account}"))
    keys = {"key1": planted_key(), "key2": planted_key()}
    wire.plant(*keys.values())
    other = stage.world.accounts.add(name, resource_group="aaa-another-team", subdomain="another", **keys)
    return Rivals(stage, other, rival_first)


def values(account: Account) -> list[str]:
    """Return both keys of an account."""
    return [key.value for key in account.keys.values()]


def mark(account: Account, slot: str) -> Fingerprint:
    """Return the fingerprint of one key of an account."""
    return Fingerprint.of(next(key.value for name, key in account.keys.items() if name == slot))
