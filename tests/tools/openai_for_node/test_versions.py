"""What a program may do with which version of `openai` for Node: measured again and compared with the page."""

import json
import re

from lab.emulator.directory import Identity
from lab.emulator.serve import running_in_thread
from lab.emulator.world import World
from lab.prove.consumers.node_packages import CLIENT, ROOT
from tests.support.node import around, node, run

HERE = ROOT / "tests" / "tools" / "openai_for_node"
USER = {"name": "User", "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}]}
VERSIONS = [name.removeprefix("openai-") for name in json.loads((HERE / "package.json").read_text())["dependencies"]]
ROW = re.compile(r"^\| `(.+?)` \|(.*)\|$", re.MULTILINE)


def measured() -> dict[str, dict[str, str]]:
    """Return what became of each way, by version."""
    world = World()
    account = world.accounts.add("chat")
    identity = world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [USER])
    token, _ = world.directory.token(identity, "https://cognitiveservices.azure.com")
    with running_in_thread(world) as azure, node(HERE) as lent:
        lent.copy(HERE / "measure.mjs")
        settings = {"ENDPOINT": world.endpoint(account), "KEY": account.keys["key1"].value, "TOKEN": token}
        environment = {**around(azure), **settings}
        results = {}
        for version in VERSIONS:
            done = run(lent.at(HERE), "node", "measure.mjs", version, environment=environment)
            assert done.returncode == 0, done.stderr
            results[version] = json.loads(done.stdout)
        return results


def test_each_version_does_what_the_page_of_the_package_says() -> None:
    results = measured()
    page = (CLIENT / "README.md").read_text()
    heading, *rows = ROW.findall(page[page.index("| `openai` |") :])
    assert [cell.strip() for cell in heading[1].split("|")] == VERSIONS
    said = {way: dict(zip(VERSIONS, (cell.strip() for cell in cells.split("|")), strict=True)) for way, cells in rows}
    assert said == {way: {version: results[version][way] for version in VERSIONS} for way in results[VERSIONS[0]]}
