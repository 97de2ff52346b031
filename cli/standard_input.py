"""Reading a key from standard input, without showing it."""

from __future__ import annotations

import getpass
import sys

from cli.answer import UsageError


def read_key() -> str:
    """Return the key that is typed, or piped, into the command. What is typed is not echoed.

    Space around it and the end of the line are left out. Raises UsageError if there is none.
    """
    typed = getpass.getpass("Key: ") if sys.stdin.isatty() else sys.stdin.readline()
    key = typed.strip()
    if not key:
        raise UsageError("There is no key on standard input.")
    return key
