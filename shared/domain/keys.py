"""Keys: which of the two it is, how two keys are compared, and a value that does not print itself.

An Azure OpenAI account has two keys. `KeySlot` says which one; `Fingerprint` compares two values without showing them;
`ApiKey` holds the value. It prints as a mask and is unwrapped by one method, `reveal`, in the adapters that hand it to
Azure (P7). Nothing is decided by how a key looks: keys had 32 characters until 2023 and have 84 since 2025 (published
recordings).
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import NoReturn

MASK = "ApiKey(****)"


class KeySlot(StrEnum):
    """One of the account's two keys. The value is spelled as in Azure's answers and in the `CredentialId` tag."""

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
    """A short one-way mark of a key: 16 hexadecimal characters, for comparing keys without knowing them.

    A key is random and at least 128 bits long, so a truncated hash gives nothing away. A fixed prefix is hashed with
    the key, so that the mark cannot be looked up among the marks that other tools make of the same key.
    """

    __slots__ = ()

    @classmethod
    def of(cls, value: str) -> Fingerprint:
        """Return the fingerprint of a key's value."""
        digest = hashlib.sha256(b"azure-openai-key-rotation\x00" + value.encode()).hexdigest()
        return cls(digest[:16])


class ApiKey:
    """A key's value. It prints as a mask, refuses to be pickled, and compares in constant time."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the value itself. Only an adapter that hands it to Azure may call this."""
        return self.__value

    @property
    def fingerprint(self) -> Fingerprint:
        """The mark by which this key is compared."""
        return Fingerprint.of(self.__value)

    def mac(self, text: str) -> str:
        """Return a code that only a holder of this key can make of the text: 32 hexadecimal characters."""
        return hmac.new(self.__value.encode(), text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:32]

    def has_made(self, mac: str, text: str) -> bool:
        """Return whether a code was made of this text with this key."""
        return hmac.compare_digest(mac.encode(errors="replace"), self.mac(text).encode())

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
        raise TypeError("a key must not be written anywhere")
