"""Looking: which calls a look makes, what it believes, and what a listing alone can tell."""

from dataclasses import dataclass, field, replace

import pytest

from lab.simulation.builders import KEY1, KEY2, a_publication, a_target, an_account_id, mark, marks, overlapping
from shared.domain.errors import TryLater
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId, Observation, Target
from shared.domain.publication import Publication, SecretState
from shared.domain.told import Told
from shared.ports import Account, KeyAuthIsOff
from shared.turns.observe import ObservedKeys, observe, presume

TAGGED, TOLD = "https://from-a-tag.openai.azure.com/", "https://from-the-account.openai.azure.com/"
KEYS = {KEY1: ApiKey("the key called A"), KEY2: ApiKey("the key called B")}
MARKS = {KEY1: mark("A"), KEY2: mark("B")}
PUBLISHED = a_publication(endpoint=TAGGED)
HERE = an_account_id()


@dataclass
class Azure:
    """An account and a vault that note who asked for what."""

    published: Publication | None = PUBLISHED
    key_auth: bool = True
    refuses_to_list: bool = False
    believable: bool = True
    asked: list[str] = field(default_factory=list)

    async def latest(self, target: Target) -> Publication | None:
        assert target == a_target()
        self.asked.append("secret")
        return self.published

    def could_be_at(self, endpoint: str) -> bool:
        assert endpoint == TAGGED
        return self.believable

    async def read(self, account: AccountId) -> Account:
        assert account == HERE
        self.asked.append("account")
        return Account(HERE, TOLD, self.key_auth, {})

    async def list_keys(self, account: AccountId) -> dict[KeySlot, ApiKey]:
        assert account == HERE
        self.asked.append("keys")
        if not self.key_auth or self.refuses_to_list:
            raise KeyAuthIsOff
        return KEYS

    async def look(self, **how: bool) -> ObservedKeys:
        return await observe(a_target(), self, self, **how)


async def test_a_routine_look_reads_the_secret_and_the_keys_and_knows_the_endpoint_from_its_tag():
    azure = Azure()
    assert await azure.look() == ObservedKeys(Observation(True, MARKS, PUBLISHED, TAGGED), KEYS)
    assert azure.asked == ["secret", "keys"]


DOUBTS = [
    ("a leak is said to have happened", Azure(), {"distrust_tags": True}),
    ("nothing is published", Azure(None), {}),
    ("no tag that we sealed names an endpoint", Azure(a_publication(endpoint=None)), {}),
    ("the tag names a place where no account can be", Azure(believable=False), {}),
]


@pytest.mark.parametrize(("azure", "how"), [row[1:] for row in DOUBTS], ids=[row[0] for row in DOUBTS])
async def test_the_account_itself_is_asked_where(azure: Azure, how: dict[str, bool]):
    azure.asked.clear()
    assert await azure.look(**how) == ObservedKeys(Observation(True, MARKS, azure.published, TOLD), KEYS)
    assert azure.asked == ["secret", "account", "keys"]


async def test_a_published_value_that_is_neither_key_is_looked_at_with_the_account_and_fresh_keys():
    drifted = replace(PUBLISHED, value=mark("X"))
    azure = Azure(drifted)
    assert await azure.look() == ObservedKeys(Observation(True, MARKS, drifted, TOLD), KEYS)
    assert azure.asked == ["secret", "keys", "account", "keys"]


@pytest.mark.parametrize(
    ("published", "asked"), [(PUBLISHED, ["secret", "keys", "account"]), (None, ["secret", "account"])]
)
async def test_keys_that_are_switched_off_are_seen_as_no_keys(published: Publication | None, asked: list[str]):
    azure = Azure(published, key_auth=False)
    assert await azure.look() == ObservedKeys(Observation(False, {}, published, TOLD), {})
    assert azure.asked == asked


async def test_an_account_that_contradicts_itself_is_left_for_later_and_named():
    with pytest.raises(TryLater) as error:
        await Azure(refuses_to_list=True).look()
    assert str(error.value) == (
        f"{HERE}: the account says that keys are on, and listing them was refused because they are off. "
        "Next step: nothing; the next tick looks again and goes on from what it sees."
    )


# What a listing can tell, which shows no values.

LISTED = a_publication(value=None, endpoint=None)
ON, OFF = Account(HERE, TOLD, True, {}), Account(HERE, TOLD, False, {})
ENDED = a_publication(marks(told=Told(key_auth_off=True)), value=None)


@pytest.mark.parametrize("account", [None, ON])
def test_a_listing_is_taken_at_its_word_where_it_says_both_keys(account: Account | None):
    seen = presume(LISTED, account)
    assert seen == Observation(True, MARKS, replace(LISTED, value=mark("A")))


def test_during_an_overlap_the_other_key_is_presumed_to_be_the_previous_one():
    listed = a_publication(overlapping(previous=mark("P"), spare=mark("S")), value=None, slot=KEY2)
    seen = presume(listed, None)
    assert seen is not None
    assert seen.keys == {KEY2: mark("A"), KEY1: mark("P")}
    assert seen.live is KEY2


GONE = [
    ("the account says that keys are off", LISTED, OFF),
    ("the account says so and nothing is published", None, OFF),
    ("their end was announced and the version is withdrawn", replace(ENDED, state=SecretState.DISABLED), None),
    ("the same, whatever the account said before", replace(ENDED, state=SecretState.DISABLED), ON),
]


@pytest.mark.parametrize(("listed", "account"), [row[1:] for row in GONE], ids=[row[0] for row in GONE])
def test_keys_are_presumed_to_be_off_where(listed: Publication | None, account: Account | None):
    assert presume(listed, account) == Observation(False, {}, listed)


UNKNOWN = [
    ("nothing is listed", None),
    ("our tags are absent", replace(LISTED, marks=None)),
    ("no tag names the slot", replace(LISTED, slot=None)),
    ("no tag says what the other slot holds", a_publication(marks(spare=None), value=None)),
    ("somebody has disabled the version", replace(LISTED, state=SecretState.DISABLED)),
]


@pytest.mark.parametrize("listed", [row[1] for row in UNKNOWN], ids=[row[0] for row in UNKNOWN])
def test_somebody_has_to_look_where(listed: Publication | None):
    assert presume(listed, None) is None
    assert presume(listed, ON) is None


def test_a_version_that_was_enabled_again_after_the_end_of_keys_is_a_version_like_any_other():
    seen = presume(ENDED, None)
    assert seen is not None
    assert seen.key_auth
