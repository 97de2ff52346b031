"""The keys of the host while it runs: they can be made, renewed and deleted by name, as `az functionapp ... keys` does.

Every function has keys of its own, and the host has keys that open every function of level "function"
(docs/facts.md, HTTP). System keys and the renewal of the master key are not imitated.
"""

import secrets
from collections.abc import Iterable

from lab.funchost.options import HostKeys

DEFAULT = "default"


class KeyRing:
    """Named keys.

    host: The host's keys for functions, by name.
    functions: The keys of each function, by the function's name in lower case and then by name.
    master: The master key.
    """

    def __init__(self, keys: HostKeys) -> None:
        self.master = keys.master
        self.host = {DEFAULT: keys.default}
        self.functions = {name.lower(): {DEFAULT: key} for name, key in keys.functions.items()}

    def opening(self, level: str, function: str) -> Iterable[str]:
        """Return every key that is enough for a function of this authorization level."""
        yield self.master
        if level == "function":
            yield from self.host.values()
            yield from self.functions.get(function.lower(), {}).values()

    def of(self, function: str | None) -> dict[str, str]:
        """Return the keys of a function by name, or the host's keys for None. They may be changed."""
        return self.host if function is None else self.functions.setdefault(function.lower(), {})

    def renew(self, function: str | None, name: str, value: str | None = None) -> str:
        """Make a key, or give it another value, which is generated if none is given. Return the value."""
        kept = self.of(function)[name] = value or secrets.token_urlsafe(24)
        return kept
