"""What the way-out view says if it has nothing to show, and what to do about that."""

from __future__ import annotations

from dataclasses import dataclass

from shared.findings.commands import AppName, shell
from shared.findings.facts import Facts
from shared.readiness.commands import SETTING, WORKSPACE

WORKSPACE_SETTING = "ROTATION_LOG_WORKSPACE_ID"


@dataclass(frozen=True)
class NothingSeen:
    """What is shown if there is nothing to show.

    sentence: The answer.
    says: What to do, as sentences.
    commands: The commands that do it.
    """

    sentence: str
    says: str
    commands: tuple[str, ...]


def nothing_seen(facts: Facts, app: AppName) -> NothingSeen | None:
    """Return what stands in place of the whole view: no log is configured, nobody has looked yet, nothing is there."""
    survey = facts.survey
    if survey is not None and survey.entries:
        return None
    if survey is not None and survey.problems:
        return NothingSeen("No account could be seen.", "Below stands why.", (shell("python", "-m", "cli", "doctor"),))
    if survey is not None:
        where = f" in {survey.scope}" if survey.scope else ""
        return NothingSeen(f"No account is in sight{where}.", "ROTATION_AUDIT_SCOPE says where to look.", ())
    if facts.settings.call_log is None:
        return _no_log(app)
    return NothingSeen(
        "Nobody has looked at the logs yet.",
        "A check does it once a day, and the next one will. This command looks now.",
        (shell("python", "-m", "cli", "readiness"),),
    )


def _no_log(app: AppName) -> NothingSeen:
    """Return what to do first: send the log of one account to a workspace, and tell the app which one it is."""
    sent = ("--resource", "ACCOUNT-RESOURCE-ID", "--workspace", WORKSPACE)
    logs = ("--logs", '[{"category":"RequestResponse","enabled":true}]')
    return NothingSeen(
        "Nobody knows yet who uses keys: no log of calls is configured.",
        f"Send the RequestResponse log of the accounts to a Log Analytics workspace, and name its id, a GUID, in "
        f"{WORKSPACE_SETTING}. A check then looks once a day.",
        (
            shell("az", "monitor", "diagnostic-settings", "create", "--name", SETTING, *sent, *logs),
            app.set(WORKSPACE_SETTING, "WORKSPACE-ID"),
        ),
    )
