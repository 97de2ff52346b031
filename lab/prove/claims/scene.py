"""The simulated Azure of one case: the two accounts in either order, their tags, and what somebody forges."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from lab.emulator.accounts import Account
from lab.prove.claims.case import TEMPLATES, Case, Forged, Who
from lab.prove.claims.judge import Judge
from lab.simulation.builders import a_target
from lab.simulation.interruptions import Interruptions
from lab.simulation.runner import Runner
from lab.simulation.stage import Stage
from shared.domain.keys import ApiKey, Fingerprint, KeySlot
from shared.domain.model import AccountId
from shared.domain.publication import Marks, Origin, tags_of
from shared.domain.seals import Place, sealed

PERIOD = timedelta(days=30)
SOMEBODYS = "a value that somebody keeps here"
FORGERS = "a value of the forger"


class Scene(Stage):
    """A stage with the two accounts of a case. No witness is there; the judge watches in its place.

    case: The case.
    judge: Watches every call.
    """

    def __init__(self, case: Case, *, rival_first: bool) -> None:
        """Set up the accounts, which nobody has enrolled yet. `rival_first`: in which order Azure lists them."""
        super().__init__([], tagged=True)
        self.case = case
        self.settings = replace(self.settings, secrets=TEMPLATES if case.templates else ())
        names, self._accounts = {Who.TEAM: "chat", Who.RIVAL: case.name}, dict[Who, Account]()
        for who in (Who.RIVAL, Who.TEAM) if rival_first else (Who.TEAM, Who.RIVAL):
            group, host = (who.name.lower(), f"{names[who]}-of-{who.name.lower()}")
            self._accounts[who] = self.world.accounts.add(names[who], resource_group=group, subdomain=host)
        allowed = {who: case.allowed(who) for who in self._accounts}
        self.judge = Judge(self.world, {who: one.id for who, one in self._accounts.items()}, allowed)
        if case.foreign:
            self.vault.set_secret(case.rivals_secret, SOMEBODYS)
            self.judge.somebody_wrote()

    def runner(self, interruptions: Interruptions | None = None) -> Runner:
        """Start a process; the judge watches each of its calls."""
        self.last_runner = Runner(self.world, interruptions, self.judge.observe)
        return self.last_runner

    def id_of(self, who: Who) -> AccountId:
        """Return the id of an account."""
        return AccountId.parse(self._accounts[who].id)

    def key_of(self, who: Who, slot: KeySlot) -> ApiKey:
        """Return what a slot of an account holds now."""
        return ApiKey(next(key.value for name, key in self._accounts[who].keys.items() if name == slot.value))

    def enrol(self, who: Who) -> None:
        """Enrol an account with the secret that it asks for: by tags, or in the settings if the case says so."""
        secret, account = self.case.secret(who), self._accounts[who]
        if self.case.explicit is who:
            target = a_target(account.name, account=self.id_of(who), secret=secret)
            self.settings = replace(self.settings, targets=(target,))
            return
        account.tags = {"key-rotation": "on"}
        if secret != f"{account.name}-key":
            account.tags["key-rotation-secret"] = secret

    def regenerate(self, who: Who, slot: str) -> None:
        """Regenerate a key as a person does in the portal."""
        found = next(one for one in KeySlot if one.value == slot)
        self.world.accounts.regenerate(self._accounts[who].id, found.value)
        self.judge.somebody_wrote()

    def forge(self) -> None:
        """Let somebody write tags or a version, in the secret that the rival asks for."""
        case, tags = self.case, self._forged_tags()
        match case.forged:
            case Forged.NOTHING:
                pass
            case Forged.OWN_VALUE:
                self.vault.set_secret(case.rivals_secret, FORGERS, tags=tags)
            case Forged.THEIR_KEY:
                self.vault.set_secret(case.rivals_secret, self.key_of(case.named, KeySlot.KEY1).reveal(), tags=tags)
            case _:
                self.vault.update_secret(case.rivals_secret, tags=tags)
        self.judge.somebody_wrote()

    def _forged_tags(self) -> dict[str, str]:
        case, id_ = self.case, str(self.id_of(self.case.named))
        keys = {slot: self.key_of(case.named, slot) for slot in KeySlot}
        held, elsewhere = self.judge.latest(case.rivals_secret) or "", f"{self.vault.url}/secrets/elsewhere"
        here = f"{self.vault.url}/secrets/{case.rivals_secret}"
        match case.forged:
            case Forged.ADDRESS:
                return {"ProviderAddress": id_}
            case Forged.MARKS:
                marks = self._marks(Fingerprint.of(held), keys)
            case Forged.COPIED:
                marks = self._sealed(keys[KeySlot.KEY1], keys, elsewhere)
            case Forged.OWN_VALUE:
                marks = self._sealed(ApiKey(FORGERS), dict.fromkeys(KeySlot, ApiKey(FORGERS)), here)
            case _:
                marks = self._marks(keys[KeySlot.KEY1].fingerprint, keys)
        return tags_of(marks, KeySlot.KEY1, id_, PERIOD, {})

    def _marks(self, live: Fingerprint, keys: dict[KeySlot, ApiKey]) -> Marks:
        return Marks(live=live, origin=Origin.ROTATED, since=self.now, spare=keys[KeySlot.KEY2].fingerprint)

    def _sealed(self, live: ApiKey, keys: dict[KeySlot, ApiKey], where: str) -> Marks:
        named = self.case.named
        place = Place(str(self.id_of(named)), KeySlot.KEY1, where)
        endpoint = self.world.endpoint(self._accounts[named])
        return sealed(self._marks(live.fingerprint, keys), place, endpoint, keys)
