"""The key that Key Vault holds now, for clients whose key changes while they run.

`RotatingKey` and `AsyncRotatingKey` give the key. `rotating_key.for_openai` makes a client of the package `openai`
follow it, in every version and on every kind of address.
"""

from rotating_key.key import AsyncRotatingKey, NoKeyError, RotatingKey

__all__ = ["AsyncRotatingKey", "NoKeyError", "RotatingKey", "__version__"]
__version__ = "1.0.0"
