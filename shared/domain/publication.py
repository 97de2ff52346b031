"""The published secret: what its latest version says, and how tags say it.

A `Publication` is one version of the secret: whose key it holds, which slot, and the facts that were written with it in
the same call. Value and facts in one call make one write a complete rotation; no second write finishes the first. Two
of our tags are bookkeeping and may be updated later (`told` and `spare`): if such an update is lost, something harmless
is repeated.

A secret has at most fifteen tags. Everybody who may list secrets can read them, so they never hold a part of a key:

    CredentialId, ProviderAddress, ValidityPeriodDays   Microsoft's, as its tutorial on two-key rotation uses them
    key-rotation-live       fingerprint of this version's value
    key-rotation-origin     what made this version, when and how, and when the keys last changed places before it
    key-rotation-previous   fingerprint of the other slot's value while somebody may use it, and until when
    key-rotation-spare      fingerprint of the other slot's value once nobody can hold it
    key-rotation-endpoint   where the account answered when the key was proven, and the seals on all marks (`seals`)
    key-rotation-told       which announcements were accepted
    key-rotation-owed       announcements that earlier versions could not deliver
    key-rotation-request    the request that made this version, by whom and why, if a person or a pipeline made one
    key-rotation-armed      the deployment after which this version's key is replaced

All other tags belong to somebody else and are kept as they are. An example of our facts as tags, and back:

    >>> from datetime import UTC
    >>> marks = Marks(live=Fingerprint("0123456789abcdef"), origin=Origin.ROTATED,
    ...               since=datetime(2026, 3, 2, 9, tzinfo=UTC), spare=Fingerprint("fedcba9876543210"))
    >>> tags = tags_of(marks, KeySlot.KEY1, "/subscriptions/...", timedelta(days=30), others={"team": "chat"})
    >>> tags["key-rotation-origin"], tags["CredentialId"], tags["team"]
    ('rotated 20260302T090000.000000Z', 'key1', 'chat')
    >>> slot, account, validity, read = read_tags(tags)
    >>> slot.words, validity.days, read == marks
    ('key 1', 30, True)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.times import stamp, unstamp
from shared.domain.told import Happened, Told

CREDENTIAL_ID = "CredentialId"
PROVIDER_ADDRESS = "ProviderAddress"
VALIDITY_DAYS = "ValidityPeriodDays"
PREFIX = "key-rotation-"
MOST_TAGS = 15  # Key Vault's limit (docs/facts.md, Vault)
LONGEST_TAG = 256  # the older pages' limit; newer ones say 512
MOST_NUMBER = 10**9  # so often nothing is taken back; a longer number would leave no room in its tag
OUR_TAGS = 11  # the three of Microsoft's and eight of our nine: `previous` and `spare` never stand together

_MICROSOFTS = {name.casefold(): name for name in (CREDENTIAL_ID, PROVIDER_ADDRESS, VALIDITY_DAYS)}
_MARK = re.compile(r"[0-9a-f]{16}")
_APP_MARK = re.compile(r"app=[0-9a-f]{8}")
_ROTATED, _NUMBER, _APP = "rotated=", "number=", "app="


class SecretState(StrEnum):
    """Whether the latest version of a secret can be read."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class Origin(StrEnum):
    """What made a version."""

    ADOPTED = "adopted"
    ROTATED = "rotated"
    HEALED = "healed"

    @property
    def happened(self) -> Happened:
        """What has to be announced about a version of this origin."""
        match self:
            case Origin.ADOPTED:
                return Happened.ADOPTED
            case Origin.ROTATED:
                return Happened.ROTATED
            case Origin.HEALED:
                return Happened.HEALED
            case _:
                assert_never(self)


@dataclass(frozen=True)
class Marks:
    """Our facts about a version.

    live: The fingerprint of the version's value.
    origin: What made the version.
    since: When the version was written, in UTC. Its period begins then.
    previous: The other slot's value while somebody may use it. None once nobody can.
    until: Until when `previous` is promised to work, in UTC. None without a previous key.
    leaked: Whether `previous` leaked, so that it ends without an announcement.
    spare: The other slot's value once it was regenerated. None while there is a previous key.
    fresh: Whether `spare` was made by an interrupted rotation or by somebody else, and not by a retirement. Such a
        value is published before it ends, because somebody may hold it.
    unproven: Whether this version's key was published without a proof, because the network made one impossible.
    resumed: Whether this version's key existed before it was wanted, so that it was not regenerated for this version.
    copied: Whether the app keeps a copy of these marks in its own storage, because somebody else may take them away.
    rotated: When the keys last changed places, if this version is a later repair. None otherwise.
    number: How often something was taken back until these marks were written: a wait for a deployment, the end of all
        keys, or marks that were lost. Marks with a lower number than the app has noted do not count any more.
    app: Which app wrote these marks last: a short hash of its storage account. None if it did not say.
    seal: Where the account answered when the key was proven, and the seals on these marks. None if not known.
    requester: Who wanted this version.
    awaited: The deployment after which this version's key is replaced. None if it waits for none.
    told: Which announcements about this version were accepted, and which are outstanding.
    agreed: Whether a person agreed beforehand that `previous` ends at `until`, so that its end waits for no notice.
    """

    live: Fingerprint
    origin: Origin
    since: datetime
    previous: Fingerprint | None = None
    until: datetime | None = None
    leaked: bool = False
    spare: Fingerprint | None = None
    fresh: bool = False
    unproven: bool = False
    resumed: bool = False
    copied: bool = False
    rotated: datetime | None = None
    number: int = 0
    app: str | None = None
    seal: str | None = None
    requester: Requester = field(default_factory=Requester)
    awaited: AwaitedDeployment | None = None
    told: Told = field(default_factory=Told)
    agreed: bool = False

    @property
    def request(self) -> str | None:
        """The id of the request that made this version. None if nobody requested it."""
        return self.requester.id

    @property
    def last_rotation(self) -> datetime | None:
        """When the keys last changed places, in UTC. None if that is not known."""
        return self.since if self.origin is Origin.ROTATED else self.rotated


@dataclass(frozen=True)
class Publication:
    """The latest version of a target's secret.

    version: The version's id.
    state: Whether it can be read.
    created: When it was created, in UTC.
    value: The fingerprint of what it holds. None if it cannot be read (disabled, deleted) or was only listed.
    expires: Its expiry date, in UTC: when the rotation is due. None if it has none.
    slot: The slot that its tag names. None without a readable tag.
    provider: The account that its tag names. None without such a tag.
    validity: The period that its tag names. None without a readable tag.
    marks: Our facts. None if our tags are missing or damaged.
    endpoint: Where the account answers. None unless it is sealed with the value that the version holds.
    others: The tags that are not ours.
    labelled: Whether its content type is the one that this app writes.
    updated: When it or its tags were changed last, in UTC, as the vault says. None if it does not say.
    sealed: Whether its marks are sealed with the value that it holds. That shows only that their writer knew it.
    """

    version: str
    state: SecretState
    created: datetime
    value: Fingerprint | None = None
    expires: datetime | None = None
    slot: KeySlot | None = None
    provider: str | None = None
    validity: timedelta | None = None
    marks: Marks | None = None
    endpoint: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    labelled: bool = False
    updated: datetime | None = None
    sealed: bool = False

    @property
    def told(self) -> Told:
        """The record of accepted announcements. Empty without marks."""
        return self.marks.told if self.marks else Told()

    @property
    def named_due(self) -> datetime | None:
        """When its rotation is due, as this app has written it. None if the expiry date is somebody else's, or none."""
        return self.expires if self.labelled else None

    def validity_with(self, marks: Marks, period: timedelta) -> timedelta:
        """Return what the period's tag says once these marks are on this version.

        A version that was adopted keeps what its writer said there; the app goes by the target's `period` all the same.
        """
        return self.validity if self.validity and marks.origin is Origin.ADOPTED else period


def published_with(tags: Mapping[str, str], **facts: Any) -> Publication:  # noqa: ANN401 - each has its own type
    """Return a version with these tags. `facts` are the members of `Publication` that do not follow from them."""
    slot, provider, validity, marks = read_tags(tags)
    return Publication(slot=slot, provider=provider, validity=validity, marks=marks, others=others_in(tags), **facts)


def named_account(versions: Iterable[Publication]) -> str | None:
    """Return the account that the youngest version with such a tag names. None if none has one."""
    youngest_first = sorted(versions, key=lambda one: one.created, reverse=True)
    return next((one.provider for one in youngest_first if one.provider), None)


def tags_of(marks: Marks, slot: KeySlot, account: str, period: timedelta, others: Mapping[str, str]) -> dict[str, str]:
    """Return all tags of a version: Microsoft's three, ours, and the `others`.

    slot: The slot whose key the version holds.
    account: The account's resource id.
    period: The period that the tag says, in whole days.
    """
    tags = dict(others)
    tags[CREDENTIAL_ID] = slot.value
    tags[PROVIDER_ADDRESS] = account
    tags[VALIDITY_DAYS] = str(whole_days(period))
    tags.update({PREFIX + name: text for name, text in texts_of(marks).items() if text})
    return tags


def whole_days(period: timedelta) -> int:
    """Return the period in days as its tag says it: rounded, at least one."""
    return max(1, round(period / timedelta(days=1)))


def texts_of(marks: Marks) -> dict[str, str]:
    """Return what the tags of these marks say, by their names without the prefix. Empty if there is nothing to say."""
    previous = ""
    if marks.previous is not None and marks.until is not None:
        words = [word for word in ("leaked", "agreed") if getattr(marks, word)]
        previous = " ".join([marks.previous, f"until={stamp(marks.until)}", *words])
    origin = [marks.origin, stamp(marks.since)]
    origin += [f"{_ROTATED}{stamp(marks.rotated)}"] if marks.rotated else []
    origin += [f"{_NUMBER}{marks.number}"] if marks.number else []
    origin += [f"{_APP}{marks.app}"] if marks.app else []
    origin += [word for word in ("unproven", "resumed", "copied") if getattr(marks, word)]
    return {
        "live": marks.live,
        "origin": " ".join(origin),
        "previous": previous,
        "spare": f"{marks.spare}{' fresh' if marks.fresh else ''}" if marks.spare else "",
        "endpoint": marks.seal or "",
        "told": marks.told.text(),
        "owed": marks.told.carried_over_text(),
        "request": marks.requester.text(),
        "armed": marks.awaited.text() if marks.awaited else "",
    }


def as_read(marks: Marks) -> Marks:
    """Return the marks as they are read back from their tags, which cut what has no room."""
    return _marks({PREFIX + name: text for name, text in texts_of(marks).items()})


def read_tags(tags: Mapping[str, str]) -> tuple[KeySlot | None, str | None, timedelta | None, Marks | None]:
    """Return slot, account, validity and our marks. What is missing or damaged is None: nothing depends on tags
    alone."""
    tags = _in_our_case(tags)
    slot = next((slot for slot in KeySlot if slot.value == tags.get(CREDENTIAL_ID, "").lower()), None)
    days = tags.get(VALIDITY_DAYS, "")
    validity = timedelta(days=int(days)) if days.isascii() and days.isdigit() and 0 < int(days) < 36500 else None
    try:
        marks = _marks(tags)
    except (KeyError, ValueError, IndexError, OverflowError, OSError):
        marks = None
    return slot, tags.get(PROVIDER_ADDRESS), validity, marks


def others_in(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that are not ours."""
    return {name: text for name, text in tags.items() if not _is_ours(name)}


def _is_ours(name: str) -> bool:
    """Return whether a tag is one of ours, whatever the case in which another tool has written its name back."""
    return name.casefold().startswith(PREFIX) or name.casefold() in _MICROSOFTS


def _in_our_case(tags: Mapping[str, str]) -> dict[str, str]:
    ours = {_MICROSOFTS.get(name.casefold(), name.casefold()): text for name, text in tags.items() if _is_ours(name)}
    return others_in(tags) | ours


def _marks(tags: Mapping[str, str]) -> Marks:
    origin, since, *more = tags[PREFIX + "origin"].split()
    previous, until, said = _previous(tags.get(PREFIX + "previous", ""))
    spare, _, fresh = tags.get(PREFIX + "spare", "").partition(" ")
    return Marks(
        live=_mark(tags[PREFIX + "live"]),
        origin=Origin(origin),
        since=unstamp(since),
        rotated=next((unstamp(word.removeprefix(_ROTATED)) for word in more if word.startswith(_ROTATED)), None),
        number=_number(more),
        app=next((word.removeprefix(_APP) for word in more if _APP_MARK.fullmatch(word)), None),
        previous=previous,
        until=until,
        leaked="leaked" in said,
        agreed="agreed" in said,
        spare=_mark(spare) if spare else None,
        fresh=fresh == "fresh",
        unproven="unproven" in more,
        resumed="resumed" in more,
        copied="copied" in more,
        seal=tags.get(PREFIX + "endpoint") or None,
        requester=Requester.read(tags.get(PREFIX + "request", "")),
        awaited=_armed(tags.get(PREFIX + "armed", "")),
        told=Told.read(tags.get(PREFIX + "told", ""), tags.get(PREFIX + "owed", "")),
    )


def _number(words: Iterable[str]) -> int:
    number = max((int(word.removeprefix(_NUMBER)) for word in words if word.startswith(_NUMBER)), default=0)
    if not 0 <= number <= MOST_NUMBER:
        raise ValueError(f"{number} is not how often something can have been taken back")
    return number


def _armed(text: str) -> AwaitedDeployment | None:
    """Return None for a missing or damaged tag, so that damage here does not lose the other marks."""
    try:
        return AwaitedDeployment.read(text)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _previous(text: str) -> tuple[Fingerprint | None, datetime | None, list[str]]:
    if not text:
        return None, None, []
    mark, until, *more = text.split()
    return _mark(mark), unstamp(until.removeprefix("until=")), more


def _mark(text: str) -> Fingerprint:
    if not _MARK.fullmatch(text):
        raise ValueError(f"{text!r} is not a fingerprint")
    return Fingerprint(text)
