"""The commands that readiness leads to, with the real names filled in, ready to copy into a shell.

A word in capital letters, such as WORKSPACE-RESOURCE-ID, is what a person must replace.
"""

from __future__ import annotations

import json
import shlex

from shared.domain.model import AccountId

SETTING = "key-rotation-calls"  # what the commands call a diagnostic setting that they make
WORKSPACE = "WORKSPACE-RESOURCE-ID"
SWITCH_LOG_ON = "switch its RequestResponse log on"  # the step that `sending_calls` carries out
_LOGS = json.dumps([{"category": "RequestResponse", "enabled": True}], separators=(",", ":"))


def sending_calls(account: AccountId, workspace: str = WORKSPACE) -> str:
    """Return the command that sends the log of an account's calls to a workspace.

    workspace: The workspace's resource id. Default: a word to replace.
    """
    where = ("--resource", str(account), "--workspace", workspace)
    return shlex.join(("az", "monitor", "diagnostic-settings", "create", "--name", SETTING, *where, "--logs", _LOGS))


def workspace_of(guid: str) -> str:
    """Return the command that prints the resource id of the workspace with this id, which settings name."""
    shown = f"[?customerId=='{guid}'].id"
    return shlex.join(("az", "monitor", "log-analytics", "workspace", "list", "--query", shown, "--output", "tsv"))


def switching_keys_off(account: AccountId | str) -> str:
    """Return the command that switches all keys of an account off.

    account: The account, or its resource id.
    """
    return shlex.join(("az", "resource", "update", "--ids", str(account), "--set", "properties.disableLocalAuth=true"))


def giving_a_subdomain(account: AccountId) -> str:
    """Return the command that gives an account a custom subdomain. It cannot be taken away again."""
    where = ("--subscription", account.subscription, "--resource-group", account.group, "--name", account.name)
    words = ("az", "cognitiveservices", "account", "update", *where, "--custom-domain", account.name.lower())
    return shlex.join(words)
