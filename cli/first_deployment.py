"""`doctor --first-deployment`: what only Azure can show, checked in the order of docs/deploy.md as far as possible.

The list stands on that page and nowhere else: each item has a title, what to look for and what to do, and mostly the
commands that show it. This module runs the commands of the items that it has a judgement for; they only read. The other
items change something, or need eyes, so they are printed with their commands for a person to run.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from shared.doctor.check import Check, CheckState

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "deploy.md"
LONGEST = 180  # seconds that the commands of one item may take
_SECTION = "## What nobody has checked"
_ROLES = 12  # the role assignments that the template makes with its default options
_PROGRAMS = ("bash", "az", "azd", "curl")


@dataclass(frozen=True)
class Item:
    """One item of the page.

    title: The words in bold.
    text: The rest of its text: what to look for, and what to do otherwise.
    commands: What to paste into a terminal. Empty if the item has no commands.
    """

    title: str
    text: str
    commands: str


@dataclass(frozen=True)
class Ran:
    """What came of an item's commands: their exit code, and what they printed."""

    code: int
    out: str
    err: str


type Judge = Callable[[Ran], str | None]  # why the item failed; None if all is well


def items() -> list[Item]:
    """Return the items of the page, in their order. Raises OSError if the page is missing."""
    section = PAGE.read_text().split(_SECTION, 1)[1]
    return [_item(found) for found in re.split(r"^(?=\*\*)", section, flags=re.MULTILINE)[1:]]


def _item(text: str) -> Item:
    title, rest = text.removeprefix("**").split("**", 1)
    blocks = re.findall(r"^```sh\n(.*?)^```$", rest, re.MULTILINE | re.DOTALL)
    words = re.sub(r"^```sh\n.*?^```$", "", rest, flags=re.MULTILINE | re.DOTALL)
    return Item(" ".join(title.split()).rstrip("."), " ".join(words.split()).lstrip(",: "), "".join(blocks))


def check_first_deployment() -> Iterator[Check]:
    """Yield one check for each item of the page, in its order. What an earlier item looked up, later commands know."""
    missing = [name for name in _PROGRAMS if which(name) is None]
    looked_up = ""
    for item in items():
        judge = JUDGES.get(item.title)
        yield _check(item, judge, looked_up, missing) if judge else _left_to_a_person(item)
        looked_up += "".join(re.findall(r"^\w+=.*\n", item.commands, re.MULTILINE))


def _check(item: Item, judge: Judge, looked_up: str, missing: list[str]) -> Check:
    if missing:
        return _left_to_a_person(item, f"{', '.join(missing)}: not installed here. ")
    ran = _run(f"{looked_up}set -e -o pipefail\n{item.commands}")
    if ran.code and "BCP" not in ran.err:
        last = (ran.err.strip() or ran.out.strip() or "no reason given").splitlines()[-1]
        return _left_to_a_person(item, f"The command failed: {last} ")
    problem = judge(ran)
    if problem is None:
        return Check("first-deployment", item.title, CheckState.OK, "It is as it should be.")
    return Check("first-deployment", item.title, CheckState.FAILED, f"{problem} {item.text}", item.commands.strip())


def _left_to_a_person(item: Item, because: str = "") -> Check:
    return Check(
        "first-deployment", item.title, CheckState.NOT_CHECKED, f"{because}{item.text}", item.commands.strip() or None
    )


def _run(script: str) -> Ran:
    """Run commands in bash, in the folder of the repository."""
    try:
        done = subprocess.run(  # noqa: S603 - the commands are those of the page beside this code
            [which("bash") or "bash", "-c", script],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(1, "", f"no answer within {LONGEST} s")
    return Ran(done.returncode, done.stdout, done.stderr)


def _listed(out: str) -> list[str]:
    """Return a printed JSON array as texts. Empty for anything else."""
    try:
        found = json.loads(out)
    except ValueError:
        return []
    return [str(one) for one in found] if isinstance(found, list) else []


def _no_warning(ran: Ran) -> str | None:
    warned = [line for line in ran.err.splitlines() if "BCP" in line]
    return f"{len(warned)} warnings or errors: {warned[0]}" if warned else None


def _all_roles(ran: Ran) -> str | None:
    found = _listed(ran.out)
    return None if len(found) >= _ROLES else f"{len(found)} roles are assigned, fewer than {_ROLES}."


def _indexed(ran: Ran) -> str | None:
    names = {one.rpartition("/")[2] for one in _listed(ran.out)}
    missing = sorted({"tick", "turn"} - names)
    return f"There is no function {' and no '.join(missing)}." if missing else None


def _status(*good: str) -> Judge:
    """Return a judge of a printed HTTP status."""

    def judge(ran: Ran) -> str | None:
        status = ran.out.strip()
        return None if status in good else f"The answer is {status or 'empty'}."

    return judge


def _no_rows(ran: Ran) -> str | None:
    try:
        rows = json.loads(ran.out)["tables"][0]["rows"]
    except (ValueError, KeyError, IndexError, TypeError):
        return "The answer of the query cannot be read."
    return f"{len(rows)} such lines: {rows[0]}." if rows else None


def _says_true(ran: Ran) -> str | None:
    return None if ran.out.strip() == "true" else f"The answer is {ran.out.strip() or 'empty'}."


def _succeeded(least: int) -> Judge:
    """Return a judge of printed lines that each end with a state: at least so many, and all of them `Succeeded`."""

    def judge(ran: Ran) -> str | None:
        lines = [line.split() for line in ran.out.splitlines() if line.strip()]
        other = [" ".join(words) for words in lines if words[-1] != "Succeeded"]
        if other:
            return f"Not Succeeded: {'; '.join(other)}."
        return None if len(lines) >= least else f"{len(lines)} event subscriptions, fewer than {least}."

    return judge


def _alerts(ran: Ran) -> str | None:
    names = " ".join(_listed(ran.out))
    missing = [word for word in ("announcements", "vault", "accounts") if word not in names]
    return f"There is no alert for {', '.join(missing)}." if missing else None


# By the title on the page. An item without an entry is left to a person.
JUDGES: dict[str, Judge] = {
    "The template compiles without a warning": _no_warning,
    "A custom role that was made a moment before can be assigned in the same deployment": _all_roles,
    "The remote build installs the locked packages, and the app starts within the 30 seconds that Flex Consumption "
    "allows": _indexed,
    "The app answers over HTTP": _status("200"),
    "The Functions host is content with its rights on two containers and the right to list containers": _no_rows,
    "A hook of `azd` may provision again": _says_true,
    "Event Grid accepts the subscriptions": _succeeded(2),
    "Azure Monitor takes an alert on each topic": _alerts,
    "Somebody listens to the announcements": _succeeded(1),
    "With an app registration, the platform sets `WEBSITE_AUTH_ENABLED` on Flex Consumption": _status("200", "403"),
}
