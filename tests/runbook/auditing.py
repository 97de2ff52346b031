"""What the tests of `audit` share: its commands, and whether the finding of an entry is there or gone."""

from datetime import timedelta

from tests.runbook.site import Site

AUDIT, PLAN = "python -m cli audit", "python -m cli plan"
ROTATE, LEAK = "python -m cli rotate <name>", "python -m cli leak <name> --key previous"
TAG = "az tag update --operation merge --tags <tag> --resource-id <account id>"
DATE = "az tag update --operation merge --tags key-rotation-sunset=<date> --resource-id <account id>"
ANOTHER = "az tag update --operation merge --tags key-rotation-secret=<another name> --resource-id <account id>"
START = "az functionapp start --resource-group <group> --name <app>"
SET = "az functionapp config appsettings set --resource-group <group> --name <app> --settings <setting>"
LET_IN = "az cognitiveservices account network-rule add --resource-group <group> --name <account> --subnet <subnet id>"
PLACE = {"group": "emulated", "account": "chat", "app": "app", "subnet_id": "a-subnet", "name": "chat"}
DAILY = timedelta(days=1)


async def found(site: Site) -> set[str]:
    return {finding["code"] for finding in (await site.type(AUDIT)).data["findings"]}


async def is_found(site: Site) -> None:
    """The finding is there, in the words of its entry, and its next step is said."""
    code = site.entry.name.removeprefix("Audit: ")
    answer = await site.type(AUDIT)
    assert answer.code == 3
    assert code in {finding["code"] for finding in answer.data["findings"]}, answer.text
    assert f"  {code}: " in answer.text
    site.sees(answer.text)


async def is_gone(site: Site) -> None:
    code = site.entry.name.removeprefix("Audit: ")
    answer = await site.run(AUDIT)
    assert code not in {finding["code"] for finding in answer.data["findings"]}, answer.text
