"""What a key is here: a slot, a mark to compare by, and a value that does not show itself.

An Azure OpenAI account has two keys. Which one is meant is a `KeySlot`; whether two values are the same is
answered by `Fingerprint`; the value itself is an `ApiKey`, which prints as a mask and is unwrapped by one named
verb, `reveal`, in the adapters that hand it to Azure. Nothing is decided by what a key
looks like: their length has changed before (32 characters until 2023, 84 in 2025, by published recordings). Only text
that people type is searched for what may be one.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import NoReturn

MASK = "ApiKey(****)"


class KeySlot(StrEnum):
    """One of the account's two keys. The value is the spelling of Azure's answers and of the `CredentialId` tag."""

    KEY1 = "key1"
    KEY2 = "key2"

    @property
    def words(self) -> str:
        """The slot as people read it in a sentence: `key 1`. Data keep the value, `key1`."""
        return f"key {self.value[-1]}"

    @property
    def other(self) -> KeySlot:
        """The other slot: the spare if this one is live."""
        return KeySlot.KEY2 if self is KeySlot.KEY1 else KeySlot.KEY1


class Fingerprint(str):
    """A short one-way mark of a key, for comparing without knowing. 16 hexadecimal characters.

    A key is random and at least 128 bits long, so a truncated hash gives nothing away; the prefix keeps the
    mark from being looked up among marks other tools make of the same key.
    """

    __slots__ = ()

    @classmethod
    def of(cls, value: str) -> Fingerprint:
        digest = hashlib.sha256(b"azure-openai-key-rotation\x00" + value.encode()).hexdigest()
        return cls(digest[:16])


class ApiKey:
    """A key's value. It masks itself in text, refuses to be pickled, and compares in constant time."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The value itself, for an adapter about to hand it to Azure and for nobody else."""
        return self.__value

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint.of(self.__value)

    def seal(self, text: str) -> str:
        """The text, with a mark that only somebody who knows this key can make. See `unseal`."""
        return f"{text} {self.__mac(text)}"

    def unseal(self, sealed: str) -> str | None:
        """The text, if it was sealed with this key; none if anybody else wrote it.

        Tags can be written by people who may not read the secret. What a turn believes of a tag, and then sends
        a key to, must come from somebody who had the key already.
        """
        text, _, mac = sealed.rpartition(" ")
        return text if hmac.compare_digest(mac.encode(errors="replace"), self.__mac(text).encode()) else None

    def __mac(self, text: str) -> str:
        return hmac.new(self.__value.encode(), text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:32]

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ApiKey):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not to be written anywhere")
