"""The kinds of event, and the words that tell their readers what they mean: who is affected, what stops, what to do.

Readers are teams who may never have heard of this app. So every kind says what to do instead of calling with a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from shared.domain.requests import Follow

IDENTITY = "a managed identity"
ROLE = "Cognitive Services OpenAI User"  # calls models, and cannot read a key (docs/facts.md, Calls)


class Affected(StrEnum):
    """Whose calls an event concerns. The values are public.

    A program that read the key from the vault only once, such as at its start, holds a copy.
    """

    NOBODY = "nobody"
    COPIES = "holders of a copied key"
    KEYS = "readers of the vault and holders of a copied key"


@dataclass(frozen=True)
class Words:
    """What an event says to its readers, as sentences.

    happens: What happens, or happened.
    affected: Whose calls it concerns.
    stops: What stops working, and when. It may name `{deadline}`, `{until}` (until when the previous key works) and
        `{overlap}` (how long a previous key works at least). None if nothing stops.
    to_do: What a consumer should do about it. It may name `{deadline}`.
    """

    happens: str
    affected: Affected
    stops: str | None
    to_do: str


class Kind(StrEnum):
    """The kinds of event, by their public names, each with its words for consumers. A kind without words is an error.

    words: What the event says.
    """

    words: Words

    def __new__(cls, name: str, words: Words) -> Self:
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.words = words
        return kind

    KEY_ADOPTED = (
        "KeyRotation.KeyAdopted",
        Words(
            "The account's key is now published in Key Vault and will be rotated on a schedule.",
            Affected.COPIES,
            "Both values that the account's keys had until now, and every copy of them. Rotations replace them one "
            "after the other, and each scheduled end is announced.",
            "Replace a copied key: read the key from the vault, without a version, and read it again regularly. "
            "Better: move to a managed identity (Entra ID), which needs no key.",
        ),
    )
    ROTATION_ANNOUNCED = (
        "KeyRotation.RotationAnnounced",
        Words(
            "At the deadline another key is published. The key published now keeps working for the overlap after that.",
            Affected.COPIES,
            "Every copy of the key that is published now, {overlap} after the rotation or later.",
            "Nothing, if you read the key from the vault without a version. Replace a copied key in time, or better "
            "move to a managed identity (Entra ID).",
        ),
    )
    KEY_ROTATED = (
        "KeyRotation.KeyRotated",
        Words(
            "Another key is published. The previous key keeps working until its own announced end.",
            Affected.COPIES,
            "The previous key and every copy of it, at {until} or later.",
            "Nothing, if you read the key from the vault regularly. Replace a copied key now, or better move to a "
            "managed identity (Entra ID).",
        ),
    )
    RETIREMENT_ANNOUNCED = (
        "KeyRotation.RetirementAnnounced",
        Words(
            "At the deadline the key in this slot stops working for everybody who still uses it.",
            Affected.COPIES,
            "The key in this slot and every copy of it, at {deadline}.",
            "Make sure that you use the key that the vault holds now. Restart apps that read it only once, and "
            "refresh Key Vault references. Better: move to a managed identity (Entra ID).",
        ),
    )
    KEY_RETIRED = (
        "KeyRotation.KeyRetired",
        Words(
            "The key in this slot has stopped working.",
            Affected.COPIES,
            "The key in this slot and every copy of it have stopped working.",
            "If your calls get the status 401, read the key from the vault again. A Key Vault reference of App "
            "Service keeps the old key for up to a day, also after a restart: refresh it. Better: move to a managed "
            "identity (Entra ID).",
        ),
    )
    DRIFT_HEALED = (
        "KeyRotation.DriftHealed",
        Words(
            "The live key was regenerated outside this app. Its new value is published.",
            Affected.KEYS,
            "The value that this key had before and every copy of it have stopped working.",
            "If your calls get the status 401, read the key from the vault again. A Key Vault reference of App "
            "Service keeps the old key for up to a day, also after a restart: refresh it. Better: move to a managed "
            "identity (Entra ID).",
        ),
    )
    ROTATION_FAILED = (
        "KeyRotation.RotationFailed",
        Words(
            "A turn failed. The step that failed did not change the published key.",
            Affected.NOBODY,
            None,
            "Nothing. The owner of the rotation should read the reason and the runbook.",
        ),
    )
    SUNSET_ANNOUNCED = (
        "KeyRotation.SunsetAnnounced",
        Words(
            "At the deadline the account stops accepting keys.",
            Affected.KEYS,
            "Every key of the account, read from the vault or copied, at {deadline}.",
            "Move to a managed identity (Entra ID) before {deadline}. Reading the key from the vault will not help: "
            "from then on the account accepts no key, whether it was read there or copied.",
        ),
    )
    TRIAL_ANNOUNCED = (
        "KeyRotation.TrialAnnounced",
        Words(
            "At the deadline the account stops accepting keys for a while, to find out who still needs them.",
            Affected.KEYS,
            "Every key of the account, read from the vault or copied, from {deadline} until the trial ends.",
            "Move to a managed identity (Entra ID) before {deadline}, and check that your calls need no key any more. "
            "If a refused call would hurt, ask the people who run the key rotation to call the trial off.",
        ),
    )
    TRIAL_STARTED = (
        "KeyRotation.TrialStarted",
        Words(
            "The account accepts no keys now. They are switched on again when the trial ends.",
            Affected.KEYS,
            "Every key of the account, read from the vault or copied, until the trial ends.",
            "Nothing, if you call with a managed identity (Entra ID). If your calls are refused with the status 403, "
            "you still use a key: tell the people who run the key rotation, who can end the trial at once.",
        ),
    )
    TRIAL_ENDED = (
        "KeyRotation.TrialEnded",
        Words(
            "The account accepts keys again. The trial is over.",
            Affected.NOBODY,
            None,
            "Nothing, if no call of yours was refused. If calls were refused, move them to a managed identity (Entra "
            "ID): one day all keys end.",
        ),
    )
    DEADLINE_WITHDRAWN = (
        "KeyRotation.DeadlineWithdrawn",
        Words(
            "What was announced for the deadline does not happen. If it is to happen later, it is announced anew.",
            Affected.NOBODY,
            None,
            "Nothing. The key goes on working until another end is announced.",
        ),
    )
    KEY_AUTH_DISABLED = (
        "KeyRotation.KeyAuthDisabled",
        Words(
            "The account does not accept keys any more. The published secret is disabled, at once or after an overlap.",
            Affected.KEYS,
            "Every key of the account, read from the vault or copied, has stopped working.",
            "Call with a managed identity (Entra ID). Neither the vault nor a copy holds a key that works. An owner "
            "of the account can switch keys on again.",
        ),
    )
    KEY_AUTH_ENABLED = (
        "KeyRotation.KeyAuthEnabled",
        Words(
            "Somebody switched the account's keys on again after they had ended. A key is published in the vault "
            "again, and copies of the account's keys may work again.",
            Affected.NOBODY,
            None,
            "Nothing, if you call with a managed identity (Entra ID): stay with it. The owner of the account finds in "
            "its activity log who switched keys on, and switches them off again or agrees on a new date.",
        ),
    )


_ROTATION = Words(
    "After the next deployment to the named environment, or at the deadline without one, another key is published. "
    "The key published now keeps working for the overlap after that.",
    Affected.COPIES,
    "Every copy of the key that is published now, {overlap} after the rotation that follows the deployment, or later.",
    "Deploy when you are ready, and report it (POST /api/deployments) if your pipeline does not. Replace every copied "
    "key with this deployment: it dies after the overlap. Better: move to a managed identity (Entra ID) with it.",
)

_END = Words(
    "After the next deployment to the named environment another key is published, and both values that the account's "
    "keys have now end.",
    Affected.COPIES,
    "Every copy of both keys of the account: all have ended when the soak time after the deployment is over, without a "
    "further overlap.",
    "Replace every copied key with this deployment: code that still uses one breaks after it. Nothing, if you read the "
    "key from the vault regularly. Better: move to a managed identity (Entra ID) with it.",
)
_TRIAL = Words(
    "After the next deployment to the named environment the account stops accepting keys for a while, to find out who "
    "still needs them. The moment is announced first.",
    Affected.KEYS,
    "Every key of the account, read from the vault or copied, while the trial runs.",
    "Move to a managed identity (Entra ID) with this deployment, and check that your calls need no key any more.",
)
_SUNSET = Words(
    "After the next deployment to the named environment the account stops accepting keys. The moment is announced "
    "first.",
    Affected.KEYS,
    "Every key of the account, read from the vault or copied.",
    "Move to a managed identity (Entra ID) with this deployment. Reading the key from the vault will not help.",
)
AFTER_DEPLOYMENT = {Follow.ROTATE: _ROTATION, Follow.END: _END, Follow.TRIAL: _TRIAL, Follow.SUNSET: _SUNSET}
