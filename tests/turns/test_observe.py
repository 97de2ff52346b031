"""Observing: which calls are made, which tags are used, and what a listing alone can tell."""

from dataclasses import dataclass, field, replace

import pytest

from lab.simulation.builders import KEY1, KEY2, a_publication, a_target, an_account_id, mark, marks, overlapping
from shared.domain.errors import TryLater
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId, Observation, Target
from shared.domain.publication import Publication, SecretState
from shared.domain.told import Told
from shared.ports import Account, KeyAuthIsOff, Outside
from shared.turns.observe import ObservedKeys, look, presume

TAGGED, FROM_ACCOUNT = "https://from-a-tag.openai.azure.com/", "https://from-the-account.openai.azure.com/"
KEYS = {KEY1: ApiKey("the key called A"), KEY2: ApiKey("the key called B")}
MARKS = {KEY1: mark("A"), KEY2: mark("B")}
PUBLISHED = a_publication(endpoint=TAGGED)
HERE = an_account_id()


@dataclass
class Azure:
    """An account and a vault that record the calls to them. The vault answers first with what is `late`."""

    published: Publication | None = PUBLISHED
    key_auth: bool = True
    refuses_to_list: bool = False
    plausible: bool = True
    late: list[Publication] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    async def latest(self, target: Target) -> Publication | None:
        assert target == a_target()
        self.calls.append("secret")
        return self.late.pop() if self.late else self.published

    def could_be_at(self, endpoint: str) -> bool:
        assert endpoint == TAGGED
        return self.plausible

    async def read(self, account: AccountId) -> Account:
        assert account == HERE
        self.calls.append("account")
        return Account(HERE, FROM_ACCOUNT, self.key_auth, {})

    async def list_keys(self, account: AccountId) -> dict[KeySlot, ApiKey]:
        assert account == HERE
        self.calls.append("keys")
        if not self.key_auth or self.refuses_to_list:
            raise KeyAuthIsOff
        return KEYS

    async def observed(self, **how: bool) -> ObservedKeys:
        outside = Outside(self, self, self, self, self, self, self)
        return await look(a_target(), outside, **how)


async def test_an_ordinary_observation_reads_the_secret_and_the_keys_and_takes_the_endpoint_from_the_tag():
    azure = Azure()
    assert await azure.observed() == ObservedKeys(Observation(True, MARKS, PUBLISHED, TAGGED), KEYS)
    assert azure.calls == ["secret", "keys"]


DOUBTS = [
    ("a leak was reported", Azure(), {"distrust_tags": True}),
    ("nothing is published", Azure(None), {}),
    ("no sealed tag names an endpoint", Azure(a_publication(endpoint=None)), {}),
    ("the tag names an impossible address", Azure(plausible=False), {}),
]


@pytest.mark.parametrize(("azure", "how"), [row[1:] for row in DOUBTS], ids=[row[0] for row in DOUBTS])
async def test_the_account_is_read_if_its_endpoint_is_in_doubt(azure: Azure, how: dict[str, bool]):
    azure.calls.clear()
    assert await azure.observed(**how) == ObservedKeys(Observation(True, MARKS, azure.published, FROM_ACCOUNT), KEYS)
    assert azure.calls == ["secret", "account", "keys"]


DRIFTED = replace(PUBLISHED, value=mark("X"))


async def test_everything_is_read_again_if_the_published_value_is_neither_key():
    azure = Azure(DRIFTED)
    assert await azure.observed() == ObservedKeys(Observation(True, MARKS, DRIFTED, FROM_ACCOUNT), KEYS)
    assert azure.calls == ["secret", "keys", "secret", "account", "keys"]


async def test_a_value_that_is_neither_key_is_not_believed_if_the_secret_was_only_read_late():
    azure = Azure(late=[DRIFTED])
    assert await azure.observed() == ObservedKeys(Observation(True, MARKS, PUBLISHED, FROM_ACCOUNT), KEYS)


@pytest.mark.parametrize(
    ("published", "calls"), [(PUBLISHED, ["secret", "keys", "account"]), (None, ["secret", "account"])]
)
async def test_an_observation_has_no_keys_if_they_are_switched_off(published: Publication | None, calls: list[str]):
    azure = Azure(published, key_auth=False)
    assert await azure.observed() == ObservedKeys(Observation(False, {}, published, FROM_ACCOUNT), {})
    assert azure.calls == calls


async def test_an_account_that_contradicts_itself_raises_try_later_with_its_name():
    with pytest.raises(TryLater) as error:
        await Azure(refuses_to_list=True).observed()
    assert str(error.value) == (
        f"{HERE}: the account says that keys are on, and listing them was refused because they are off. "
        "Next step: nothing; the next tick looks again and goes on from what it sees."
    )


# What a listing, which shows no values, can tell.

LISTED = a_publication(value=None, endpoint=None)
ON, OFF = Account(HERE, FROM_ACCOUNT, True, {}), Account(HERE, FROM_ACCOUNT, False, {})
ENDED = a_publication(marks(told=Told(key_auth_off=True)), value=None)


@pytest.mark.parametrize("account", [None, ON])
def test_presume_takes_both_keys_from_a_complete_listing(account: Account | None):
    seen = presume(LISTED, account)
    assert seen == Observation(True, MARKS, replace(LISTED, value=mark("A")))


def test_during_an_overlap_the_other_key_is_presumed_to_be_the_previous_one():
    listed = a_publication(overlapping(previous=mark("P"), spare=mark("S")), value=None, slot=KEY2)
    seen = presume(listed, None)
    assert seen is not None
    assert seen.keys == {KEY2: mark("A"), KEY1: mark("P")}
    assert seen.live is KEY2


KEYS_ARE_OFF = [
    ("the account says that keys are off", LISTED, OFF),
    ("the account says so, and nothing is published", None, OFF),
    ("their end was announced and the version is withdrawn", replace(ENDED, state=SecretState.DISABLED), None),
]


@pytest.mark.parametrize(("listed", "account"), [row[1:] for row in KEYS_ARE_OFF], ids=[row[0] for row in KEYS_ARE_OFF])
def test_keys_are_presumed_to_be_off(listed: Publication | None, account: Account | None):
    assert presume(listed, account) == Observation(False, {}, listed)


def test_nothing_is_presumed_if_keys_were_off_and_the_account_is_listed_as_accepting_them_again():
    assert presume(replace(ENDED, state=SecretState.DISABLED), ON) is None


@pytest.mark.parametrize(
    ("endpoint", "account", "takes"),
    [
        ("https://chat.openai.azure.com/", None, True),
        ("https://westeurope.api.cognitive.microsoft.com/", None, False),
        ("https://chat.openai.azure.com/", replace(ON, takes_identity=False), False),
        ("https://westeurope.api.cognitive.microsoft.com/", ON, True),
    ],
)
def test_whether_an_account_takes_an_identity_is_presumed_from_its_listing_or_from_its_endpoint(
    endpoint: str, account: Account | None, takes: bool
):
    seen = presume(replace(LISTED, endpoint=endpoint), account)
    assert seen is not None
    assert seen.takes_identity is takes


UNKNOWN = [
    ("nothing is listed", None),
    ("our tags are absent", replace(LISTED, marks=None)),
    ("no tag names the slot", replace(LISTED, slot=None)),
    ("no tag says what the other slot holds", a_publication(marks(spare=None), value=None)),
    ("the version is disabled", replace(LISTED, state=SecretState.DISABLED)),
]


@pytest.mark.parametrize("listed", [row[1] for row in UNKNOWN], ids=[row[0] for row in UNKNOWN])
def test_presume_returns_none_if_the_listing_does_not_tell_enough(listed: Publication | None):
    assert presume(listed, None) is None
    assert presume(listed, ON) is None


def test_presume_treats_a_version_that_was_enabled_again_like_any_other():
    seen = presume(ENDED, None)
    assert seen is not None
    assert seen.key_auth
