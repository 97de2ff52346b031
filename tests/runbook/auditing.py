"""What the tests of `audit` share: its commands, and whether the finding of an entry is present or gone."""

from datetime import timedelta

from tests.runbook.site import Site

AUDIT, PLAN = "python -m cli audit", "python -m cli plan"
ROTATE, LEAK = "python -m cli rotate <name>", "python -m cli leak <name> --key previous --confirm <name>"
TAG = "az tag update --operation merge --tags <tag> --resource-id <account id>"
DATE = "az tag update --operation merge --tags key-rotation-sunset=<date> --resource-id <account id>"
ANOTHER = "az tag update --operation merge --tags key-rotation-secret=<another name> --resource-id <account id>"
START = "az functionapp start --resource-group <group> --name <app>"
SET = "az functionapp config appsettings set --resource-group <group> --name <app> --settings <setting>"
PLACE = {"group": "emulated", "account": "chat", "app": "app", "name": "chat"}
DAILY = timedelta(days=1)


async def found(site: Site) -> set[str]:
    """Return the codes of all findings."""
    return {finding["code"] for finding in (await site.type(AUDIT)).data["findings"]}


async def is_found(site: Site) -> None:
    """Check that the finding of the entry is present in the entry's words, with its next step."""
    code = site.entry.name.removeprefix("Audit: ")
    answer = await site.type(AUDIT)
    assert answer.code == 3
    assert code in {finding["code"] for finding in answer.data["findings"]}, answer.text
    assert f"  {code}: " in answer.text
    site.sees(answer.text)


async def is_gone(site: Site) -> None:
    """Check that the finding of the entry is no longer present."""
    code = site.entry.name.removeprefix("Audit: ")
    answer = await site.run(AUDIT)
    assert code not in {finding["code"] for finding in answer.data["findings"]}, answer.text
