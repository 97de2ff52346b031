"""The commands that a finding leads to, with the real names filled in, ready to copy into a shell.

A word in capital letters, such as YYYY-MM-DD, is what a person must replace. Everything else is quoted for a shell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.domain.model import AccountId, Target
from shared.domain.times import iso_duration
from shared.findings.codes import Code
from shared.findings.kinds import Finding
from shared.readiness.commands import (
    SWITCH_LOG_ON,
    giving_a_subdomain,
    sending_calls,
    switching_keys_off,
)
from shared.settings.target_fields import TAG, TAGGED

_CLI = ("python", "-m", "cli")
_A_DATE = "YYYY-MM-DD"
# What a tag holds, as an example that is valid wherever one can be.
_EXAMPLES = {
    "period": "P30D",
    "overlap": "P3D",
    "secret": "SECRET-NAME",
    "vault": "VAULT-NAME",
    "owner": "OWNER",
    "sunset": _A_DATE,
    "after-deployment": "production",
    "consumers": "app-service-reference",
}
_OF_TARGET = {
    Code.LEAKED_KEY_WORKS: ("leak", "--key", "previous"),
    Code.PUBLISHED_KEY_DEAD: ("rotate",),
    Code.PREVIOUS_KEY_WORKS: ("plan",),
    Code.ROTATION_OVERDUE: ("plan",),
    Code.SUNSET_PAST: ("plan",),
    Code.NOT_PUBLISHED: ("plan",),
    Code.TRIAL_CANNOT_END: ("trial", "--end"),
    Code.TRIAL_WAITS_FOR_YOU: ("trial", "--end", "--despite-leak"),
    Code.TRIAL_RUNS: ("trial", "--end"),
    Code.ON_HOLD: ("hold", "--lift"),
}
_OF_APP = {
    Code.LEAK_NOT_ENDED: ("doctor",),
    Code.REFUSED: ("doctor",),
    Code.UNSEEN: ("doctor",),
    Code.TURNS_FAIL: ("doctor",),
    Code.CHECKS_LATE: ("doctor",),
    Code.KEY_ROLES_AT_SUBSCRIPTION: ("readers",),
}
_WAY_OUT = {
    Code.NO_CUSTOM_SUBDOMAIN: giving_a_subdomain,
    Code.KEYS_UNUSED: switching_keys_off,
    Code.USE_UNKNOWN: sending_calls,
    Code.NO_CALL_LOG: sending_calls,
}
_WHO_DID = {
    Code.DRIFT_HEALED: "regenerateKey",
    Code.KEYS_BACK_ON: "accounts/write",
    Code.KEYS_OFF_BY_OTHERS: "accounts/write",
}
_TAGS = {
    Code.LEFT: {TAG: "on"},
    Code.SECRET_FOREIGN: {f"{TAG}-secret": _EXAMPLES["secret"]},
    Code.SUNSET_NEAR: {f"{TAG}-sunset": _A_DATE},
    Code.NO_SUNSET: {f"{TAG}-sunset": _A_DATE},
    Code.KEYS_UNUSED: {f"{TAG}-sunset": _A_DATE},
    Code.NO_OWNER: {f"{TAG}-owner": _EXAMPLES["owner"]},
    Code.LONG_LIVED: {f"{TAG}-period": _EXAMPLES["period"]},
}


@dataclass(frozen=True)
class AppName:
    """How Azure calls the function app.

    group: Its resource group. A word to replace if it is not known.
    name: Its name. A word to replace if it is not known.
    """

    group: str = "RESOURCE-GROUP"
    name: str = "APP-NAME"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> AppName:
        """Return the names that App Service gives the app in its environment."""
        group, name = (environment.get(key, "").strip() for key in ("WEBSITE_RESOURCE_GROUP", "WEBSITE_SITE_NAME"))
        return cls(group or cls.group, name or cls.name)

    def set(self, setting: str, value: str) -> str:
        """Return the command that writes a setting."""
        return shell(*self._settings("set"), "--settings", f"{setting}={value}")

    def delete(self, setting: str) -> str:
        """Return the command that takes a setting away."""
        return shell(*self._settings("delete"), "--setting-names", setting)

    def _settings(self, verb: str) -> tuple[str, ...]:
        found = ("--resource-group", self.group, "--name", self.name)
        return ("az", "functionapp", "config", "appsettings", verb, *found)


def commands_for(
    finding: Finding, target: Target | None = None, app: AppName | None = None, *, tagged: bool = True
) -> tuple[str, ...]:
    """Return the commands that a finding leads to. Empty if there is none to write out.

    target: The target that it is about. None if it is about none, or if it is not known.
    app: How Azure calls the function app. None: as words to replace.
    tagged: Whether tags enrol the account. Then a command changes a tag; else ROTATION_TARGETS must be changed by hand.
    """
    app = app or AppName()
    if finding.code is Code.NOTHING_IS_DONE:
        return (app.set("ROTATION_MODE", "rotate"),)
    if finding.code is Code.NOBODY_IS_TOLD:
        return (app.set("EVENT_GRID_TOPIC_ENDPOINT", "https://TOPIC-ENDPOINT/api/events"),)
    if finding.code is Code.NOT_ENROLLED:
        return _of_nobodys(finding.account or finding.target)
    if finding.code is Code.MANY_LEFT:
        return (shell(*_CLI, *finding.target.split()),)
    if finding.code in _OF_APP:
        return (shell(*_CLI, *_OF_APP[finding.code]),)
    if finding.code in _OF_TARGET:
        word, *options = _OF_TARGET[finding.code]
        return (shell(*_CLI, word, *_named(finding), *options),)
    return _of_readiness(finding, target) or _of_secret(finding, target) or _of_account(finding, target, tagged=tagged)


def enrolling(account: str) -> str:
    """Return the command that enrols an account.

    account: Its resource id.
    """
    return _tag(account, {TAG: "on"})


def _of_nobodys(account: str) -> tuple[str, ...]:
    """Return the commands for an account that nobody enrolled, the best way first: a key that nobody needs is not
    rotated but switched off."""
    return shell(*_CLI, "readiness", "--account", account), switching_keys_off(account), enrolling(account)


def shell(*words: str) -> str:
    """Return one command, quoted for a shell."""
    return shlex.join(words)


def _named(finding: Finding) -> tuple[str, ...]:
    """Return how a command names the target: by its name, or by its account if it is known by that alone."""
    return ("--account", finding.target) if finding.target.startswith("/") else (finding.target,)


def _of_readiness(finding: Finding, target: Target | None) -> tuple[str, ...]:
    """Return the command that readiness leads to for this account. Empty if the finding is about something else."""
    build = _WAY_OUT.get(finding.code)
    if finding.code is Code.USE_UNKNOWN and finding.special_step != SWITCH_LOG_ON:
        return ()
    if finding.code is Code.KEYS_UNUSED and target is not None:
        return ()  # a key of it is published: all keys end on an agreed date, and not unannounced
    account = target.account if target else account_in(finding.account or finding.target)
    return (build(account),) if build is not None and account is not None else ()


def account_in(text: str) -> AccountId | None:
    """Return the account whose resource id a text is. None if it is none."""
    try:
        return AccountId.parse(text)
    except ValueError:
        return None


def _of_secret(finding: Finding, target: Target | None) -> tuple[str, ...]:
    """Return the command that makes a secret readable again. Empty if the finding is about something else."""
    if target is None or finding.code not in (Code.SECRET_DELETED, Code.SECRET_DISABLED):
        return ()
    vault = (urlsplit(target.vault_url).hostname or "").partition(".")[0]
    which = ("--vault-name", vault, "--name", target.secret)
    if finding.code is Code.SECRET_DELETED:
        return (shell("az", "keyvault", "secret", "recover", *which),)
    return (shell("az", "keyvault", "secret", "set-attributes", *which, "--enabled", "true"),)


def _of_account(finding: Finding, target: Target | None, *, tagged: bool) -> tuple[str, ...]:
    """Return the command that changes a tag of the account or reads its activity log. Empty if there is none."""
    account = str(target.account) if target else finding.account or _if_id(finding.target)
    if not account:
        return ()
    if finding.code in _WHO_DID:
        return (_who_did(account, _WHO_DID[finding.code]),)
    tags = _TAGS.get(finding.code) or _wrong_tags(finding)
    if finding.code is Code.PERIOD_DIFFERS and target is not None:
        tags = {f"{TAG}-period": iso_duration(target.cadence.period)}
    return (_tag(account, tags),) if tags and tagged else ()


def _wrong_tags(finding: Finding) -> dict[str, str]:
    """Return the tags that a misconfigured account names as wrong, each with a valid value as an example."""
    if finding.code is not Code.NOT_ENROLLABLE:
        return {}
    named = re.findall(rf"\btags?, ({'|'.join(TAGGED)})\b", finding.says)
    named += re.findall(rf"\b{TAG}-({'|'.join(TAGGED)})\b", finding.says)
    return {f"{TAG}-{name}": _EXAMPLES[name] for name in dict.fromkeys(named)}


def _tag(account: str, tags: Mapping[str, str]) -> str:
    words = [f"{name}={value}" for name, value in tags.items()]
    return shell("az", "tag", "update", "--operation", "merge", "--resource-id", account, "--tags", *words)


def _who_did(account: str, act: str) -> str:
    shown = f"[?contains(operationName.value, '{act}')].{{when: eventTimestamp, who: caller}}"
    found = ("--resource-id", account, "--offset", "7d", "--query", shown, "--output", "table")
    return shell("az", "monitor", "activity-log", "list", *found)


def _if_id(text: str) -> str:
    return text if text.startswith("/subscriptions/") and "/accounts/" in text else ""
