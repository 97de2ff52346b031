"""What the current secret version says, and how it says it in tags.

A `Publication` is one version of the secret: whose key it is, which slot, and the facts that were written with
it in the same call. Writing value and facts together is what makes one write a complete rotation; there is no
second write that finishes the first. Two of our tags are bookkeeping and may be updated later (`told` and
`spare`): losing one only repeats something harmless.

Tags, fifteen at most and readable by anybody who may list secrets, so never part of a key:

    CredentialId, ProviderAddress, ValidityPeriodDays   Microsoft's, as its two-key rotation tutorial uses them
    key-rotation-live       fingerprint of this version's value
    key-rotation-origin     what made this version, when and how, and when the keys last changed places before it
    key-rotation-previous   fingerprint of the other slot's value while somebody may use it, until when
    key-rotation-spare      fingerprint of the other slot's value once nobody can hold it
    key-rotation-endpoint   where the account answers, as it was when the key was proven, sealed with that key
    key-rotation-told       which announcements were accepted
    key-rotation-owed       announcements that an earlier version could not get accepted
    key-rotation-request    the request that made this version, by whom and why, if a person or a pipeline did
    key-rotation-armed      the deployment after which this version's key is to be replaced

All other tags belong to somebody else and are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.times import sane
from shared.domain.told import Told

CREDENTIAL_ID = "CredentialId"
PROVIDER_ADDRESS = "ProviderAddress"
VALIDITY_DAYS = "ValidityPeriodDays"
PREFIX = "key-rotation-"
MOST_TAGS = 15  # Key Vault's limit (azure-facts, section 2)
LONGEST_TAG = 256  # the older pages' limit; newer ones say 512
OUR_TAGS = 11  # the three of Microsoft's and eight of our nine: `previous` and `spare` never stand together

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_MARK = re.compile(r"[0-9a-f]{16}")
_ROTATED = "rotated="


class SecretState(StrEnum):
    """Whether the latest version can be read at all."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class Origin(StrEnum):
    """What made a version."""

    ADOPTED = "adopted"
    ROTATED = "rotated"
    HEALED = "healed"


@dataclass(frozen=True)
class Marks:
    """Our facts on a version. `previous` is the other slot's value while it may be in use; `spare` is that
    slot's value once it was regenerated; `fresh` says that it was not made by a retirement, but by a rotation that did
    not come to its end or by somebody else, so that it is published before it ends. `unproven` says that the network
    kept this version's key from being proven; `resumed`, that it was there before it was wanted; `leaked`, that
    `previous` must go at once; `armed`, that a deployment is waited for; `rotated`, when the keys last changed places,
    where this version came by healing after that."""

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
    rotated: datetime | None = None
    sealed_endpoint: str | None = None
    requester: Requester = field(default_factory=Requester)
    awaited: AwaitedDeployment | None = None
    told: Told = field(default_factory=Told)

    @property
    def request(self) -> str | None:
        """The id of the request that made this version."""
        return self.requester.id

    @property
    def last_rotation(self) -> datetime | None:
        """When the keys last changed places; none where that was before anything that is known here."""
        return self.since if self.origin is Origin.ROTATED else self.rotated


@dataclass(frozen=True)
class Publication:
    """The latest version of a target's secret. `value` is the fingerprint of what it holds; none where it
    cannot be read (a disabled or deleted secret) or was not (a listing). `marks` is none when our tags are
    absent or damaged; `endpoint` is where the account answers, when the tag's seal shows it to be our word."""

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

    @property
    def told(self) -> Told:
        return self.marks.told if self.marks else Told()


def stamp(moment: datetime) -> str:
    """A time as it stands in a tag: UTC, to the microsecond, no characters that need quoting."""
    return moment.astimezone(UTC).strftime(_STAMP)


def unstamp(text: str) -> datetime:
    """The reverse of `stamp`. Raises ValueError."""
    return sane(datetime.strptime(text, _STAMP).replace(tzinfo=UTC))


def tags_of(marks: Marks, slot: KeySlot, account: str, period: timedelta, others: Mapping[str, str]) -> dict[str, str]:
    """All tags of a version: Microsoft's three, ours, and whatever else stood there."""
    tags = dict(others)
    tags[CREDENTIAL_ID] = slot.value
    tags[PROVIDER_ADDRESS] = account
    tags[VALIDITY_DAYS] = str(max(1, round(period / timedelta(days=1))))
    tags.update({PREFIX + name: text for name, text in _texts(marks).items() if text})
    return tags


def _texts(marks: Marks) -> dict[str, str]:
    previous = ""
    if marks.previous is not None and marks.until is not None:
        previous = f"{marks.previous} until={stamp(marks.until)}{' leaked' if marks.leaked else ''}"
    origin = [marks.origin, stamp(marks.since)]
    origin += [f"{_ROTATED}{stamp(marks.rotated)}"] if marks.rotated else []
    origin += [word for word in ("unproven", "resumed") if getattr(marks, word)]
    return {
        "live": marks.live,
        "origin": " ".join(origin),
        "previous": previous,
        "spare": f"{marks.spare}{' fresh' if marks.fresh else ''}" if marks.spare else "",
        "endpoint": marks.sealed_endpoint or "",
        "told": marks.told.text(),
        "owed": marks.told.carried_over_text(),
        "request": marks.requester.text(),
        "armed": marks.awaited.text() if marks.awaited else "",
    }


def read_tags(tags: Mapping[str, str]) -> tuple[KeySlot | None, str | None, timedelta | None, Marks | None]:
    """Slot, account, validity and our marks. What is absent or damaged is none: tags are a witness, not the truth."""
    slot = next((slot for slot in KeySlot if slot.value == tags.get(CREDENTIAL_ID, "").lower()), None)
    days = tags.get(VALIDITY_DAYS, "")
    validity = timedelta(days=int(days)) if days.isascii() and days.isdigit() and 0 < int(days) < 36500 else None
    try:
        marks = _marks(tags)
    except (KeyError, ValueError, IndexError, OverflowError, OSError):
        marks = None
    return slot, tags.get(PROVIDER_ADDRESS), validity, marks


def others_in(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that are somebody else's."""
    return {
        name: text
        for name, text in tags.items()
        if not name.startswith(PREFIX) and name not in (CREDENTIAL_ID, PROVIDER_ADDRESS, VALIDITY_DAYS)
    }


def _marks(tags: Mapping[str, str]) -> Marks:
    origin, since, *more = tags[PREFIX + "origin"].split()
    previous, until, leaked = _previous(tags.get(PREFIX + "previous", ""))
    spare, _, fresh = tags.get(PREFIX + "spare", "").partition(" ")
    return Marks(
        live=_mark(tags[PREFIX + "live"]),
        origin=Origin(origin),
        since=unstamp(since),
        rotated=next((unstamp(word.removeprefix(_ROTATED)) for word in more if word.startswith(_ROTATED)), None),
        previous=previous,
        until=until,
        leaked=leaked,
        spare=_mark(spare) if spare else None,
        fresh=fresh == "fresh",
        unproven="unproven" in more,
        resumed="resumed" in more,
        sealed_endpoint=tags.get(PREFIX + "endpoint") or None,
        requester=Requester.read(tags.get(PREFIX + "request", "")),
        awaited=_armed(tags.get(PREFIX + "armed", "")),
        told=Told.read(tags.get(PREFIX + "told", ""), tags.get(PREFIX + "owed", "")),
    )


def _armed(text: str) -> AwaitedDeployment | None:
    """What is absent is none, and so is what is damaged; nothing else is forgotten with it."""
    try:
        return AwaitedDeployment.read(text)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _previous(text: str) -> tuple[Fingerprint | None, datetime | None, bool]:
    if not text:
        return None, None, False
    mark, until, *more = text.split()
    return _mark(mark), unstamp(until.removeprefix("until=")), "leaked" in more


def _mark(text: str) -> Fingerprint:
    if not _MARK.fullmatch(text):
        raise ValueError(f"{text!r} is not a fingerprint")
    return Fingerprint(text)
