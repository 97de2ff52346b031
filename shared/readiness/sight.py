"""The accounts in sight, enrolled or not: from the subscriptions of the settings, and from Azure Resource Graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.domain.errors import GrantRole, RotationError
from shared.domain.relative import counted
from shared.ports import Account
from shared.readiness.ports import AccountIndex, Inventory, Seen
from shared.settings.audit_scope import AuditScope
from shared.settings.environment import Settings


@dataclass(frozen=True)
class AccountsInSight:
    """Looks where the settings say.

    inventory: Lists the accounts of a subscription, as they are now.
    index: Lists the accounts that Azure Resource Graph shows. Asked only if ROTATION_AUDIT_SCOPE is set.
    settings: The app's settings.
    """

    inventory: Inventory
    index: AccountIndex
    settings: Settings

    async def accounts(self) -> Seen:
        """Return the accounts in sight. Where both sources show one, the listing counts: it is not late."""
        found, places, problems = await self._of_subscriptions()
        scope, indexed = self.settings.audit_scope, None
        if scope is not None:
            rows, words, problem = await self._of_index(scope)
            indexed = None if problem else len(rows)
            found = [*found, *rows]
            places.append(words)
            problems += [problem] if problem else []
        once = {str(account.id).casefold(): account for account in reversed(found)}
        return Seen(tuple(reversed(once.values())), ", and ".join(places), tuple(problems), indexed)

    async def _of_subscriptions(self) -> tuple[list[Account], list[str], list[RotationError]]:
        found: list[Account] = []
        problems: list[RotationError] = []
        listed = 0
        for subscription in _subscriptions(self.settings):
            try:
                async for account in self.inventory.everyone(subscription):
                    found.append(account)  # noqa: PERF401 - those before an error are kept
                listed += 1
            except GrantRole as error:  # an app with explicit targets alone needs no right on their subscriptions
                problems += [error] if subscription in self.settings.subscriptions else []
            except RotationError as error:
                problems.append(error)
        return found, [f"{counted(listed, 'subscription', 'subscriptions')} of the settings"], problems

    async def _of_index(self, scope: AuditScope) -> tuple[Sequence[Account], str, RotationError | None]:
        try:
            rows = await self.index.accounts(scope.groups)
        except RotationError as error:
            return (), f"{scope.words} (not seen)", error
        return rows, f"{scope.words} ({_words(rows)})", None


def _subscriptions(settings: Settings) -> Iterable[str]:
    """Return the subscriptions of the settings and those of explicit targets, each once."""
    named = (*settings.subscriptions, *(target.account.subscription for target in settings.targets))
    return dict.fromkeys(one.lower() for one in named)


def _words(rows: Sequence[Account]) -> str:
    """Say what was seen, and never that it was all: what the identity may not read is missing from the rows."""
    subscriptions = len({account.id.subscription for account in rows})
    where = counted(subscriptions, "subscription", "subscriptions")
    return f"{counted(len(rows), 'account', 'accounts')} in {where} that this identity can read, by Resource Graph"
