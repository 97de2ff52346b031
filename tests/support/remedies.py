"""Every command that `doctor` can write out, and the `az` commands in them as a shell runs them."""

import re
import shlex
from itertools import groupby

from shared.doctor import networks, remedies
from shared.doctor.ports import TokenIdentity
from shared.doctor.remedies import CUSTOM, Remedies, Scope
from shared.domain.model import AccountId

SUBSCRIPTION = "00000000-0000-4000-8000-00000000000a"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod"
ACCOUNT = AccountId.parse(f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/chat")
VAULT, TOPIC = "https://keys.vault.azure.net", "https://news.westeurope-1.eventgrid.azure.net/api/events"
ENDPOINT = "https://chat.openai.azure.com/"
APP = Remedies.of("app-client", TokenIdentity("app-client", "app-object"), managed=True)


def every_remedy() -> list[str]:
    """Return every command line that `doctor` can write out, with its placeholders."""
    scopes = [
        Scope(), Scope.of_subscription(SUBSCRIPTION), remedies.account(ACCOUNT), remedies.vault(VAULT),
        remedies.topic(TOPIC), remedies.workspace("a-guid"), remedies.leases("store"), remedies.queue("store", "turns"),
    ]  # fmt: skip
    roles = (*CUSTOM, remedies.SENDER)
    return [
        *(APP.assign(role, scope) for role in roles for scope in scopes),
        *(APP.list_roles(scope) for scope in scopes),
        networks.open_account(ACCOUNT), networks.join_account(ACCOUNT, ENDPOINT), networks.open_vault(VAULT),
        remedies.recover_secret(VAULT, "chat-key"), remedies.see_vault(VAULT), remedies.see_account(ACCOUNT),
        remedies.see_topic(TOPIC), remedies.make_topic(), remedies.set_settings(), remedies.give_identity(managed=True),
        remedies.give_identity(managed=False), remedies.enrol(), remedies.see_sign_in(),
        APP.see_accounts(()), APP.see_accounts(("prod",)),
        networks.name_account(ACCOUNT), networks.join_vault(VAULT), APP.allow_at_vault(VAULT),
        remedies.see_locks(SUBSCRIPTION),
        remedies.see_subscription(SUBSCRIPTION), remedies.see_deny_assignments(SUBSCRIPTION),
        remedies.see_storage("store"),
    ]  # fmt: skip


def az_commands(line: str) -> list[list[str]]:
    """Return the words of each `az` command of a line, first of those in `$(...)`. A placeholder is one word."""
    line = re.sub(r"<([\w=-]+)>", r"\1", line)
    inner = r"\$\((.*?--output tsv)\)"
    words = shlex.split(re.sub(inner, "found", line))
    outer = [list(group) for joined, group in groupby(words, "&&".__eq__) if not joined]
    return [*map(shlex.split, re.findall(inner, line)), *(found for found in outer if found[0] == "az")]
