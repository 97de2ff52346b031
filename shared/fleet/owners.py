"""Who answered for each account when it was last listed, so that an account that left is named with its owner.

The tag that names the owner often goes together with the tag that enrols. One note holds all owners
(docs/decisions/0017); a tick writes it when an owner has changed. Without it, only the owner's name is missing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.domain.names import LOGGER
from shared.fleet.left import Left
from shared.ports import Notes

log = logging.getLogger(LOGGER)
NAME = "notes/owners"


class Owners:
    """The owners of the accounts of the fleet, by the account's id in lower case.

    notes: Where they are noted.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._noted: dict[str, str] | None = None

    async def note(self, targets: Sequence[Target], kept: Collection[str], *, whole: bool) -> None:
        """Note the owners of the targets of a listing. If that fails, the log says so.

        kept: The ids of accounts that left or were refused, in lower case. Their owners are kept.
        whole: Whether the listing was complete. Only then are owners of accounts forgotten that are nowhere any more.
        """
        if self._noted is None and not any(target.owner for target in targets):
            return
        try:
            before = await self._read() if self._noted is None else self._noted
            if _after(before, targets, kept, whole=whole) != before:  # another process may have written meanwhile
                after = _after(await self._read(), targets, kept, whole=whole)
                await self._notes.write(NAME, json.dumps(after))
                self._noted = after
        except RotationError as error:
            log.warning("the owners of the accounts could not be noted: %s", error)

    async def named(self, left: Sequence[Left]) -> list[Left]:
        """Return the same, each with the owner that it last had. If that cannot be read, none has one."""
        try:
            known = await self._read() if left else {}
        except RotationError as error:
            log.warning("the owners that accounts last had could not be read: %s", error)
            known = {}
        return [replace(one, target=replace(one.target, owner=known.get(one.account))) for one in left]

    async def _read(self) -> dict[str, str]:
        self._noted = _owners(await self._notes.read(NAME))
        return self._noted


def _after(
    before: Mapping[str, str], targets: Iterable[Target], kept: Collection[str], *, whole: bool
) -> dict[str, str]:
    found = {str(target.account).casefold(): target.owner for target in targets}
    old = {account: owner for account, owner in before.items() if account in kept or not whole}
    return {account: owner for account, owner in {**old, **found}.items() if owner}


def _owners(text: str | None) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(account): str(owner) for account, owner in found.items()} if isinstance(found, dict) else {}
