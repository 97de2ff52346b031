"""What the tests of procedures share: the commands of a section, and the state of keys and versions."""

from datetime import timedelta

from shared.domain.keys import Fingerprint
from tests.runbook.page import entries, filled
from tests.runbook.site import Site

DAILY = timedelta(days=1)
APP = {"group": "rg", "app": "app"}
PLAN, AUDIT = "python -m cli plan", "python -m cli audit"
STOP = "az functionapp stop --resource-group <group> --name <app>"
START = "az functionapp start --resource-group <group> --name <app>"
SETTING = "az functionapp config appsettings set --resource-group <group> --name <app> --settings "
DELETE = "az keyvault secret delete --vault-name <vault> --name <secret>"


def shown(site: Site, *words: str) -> str:
    """Return the one command of the section that contains all these words."""
    [command] = {one for one in site.entry.commands if all(word in one for word in words)}
    return command


def regenerated(site: Site) -> int:
    """Return how many keys were regenerated so far."""
    return site.world.journal.count("arm.regenerateKey", effect=True)


def versions_of(site: Site) -> list[object]:
    """Return the versions of the target's secret."""
    return site.vault.secrets["chat-key"].versions


async def let_the_app_in(site: Site) -> None:
    """Run the commands of the entry *Doctor: endpoint*, to which other entries refer."""
    for command in entries("runbook.md")["Doctor: endpoint"].commands:
        if command.startswith("az "):
            values = {"group": "emulated", "account": "chat", "subnet_id": "a-subnet"}
            await site.type(filled(command, values), command)


def fingerprint_of(value: str) -> str:
    """Return the fingerprint of a key, as events carry it."""
    return str(Fingerprint.of(value))
