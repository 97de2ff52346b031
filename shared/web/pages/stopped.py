"""The page of an app that does nothing because its settings are invalid, and the page of an error that hides all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.relative import counted
from shared.findings.commands import AppName
from shared.findings.verdict import Tone
from shared.settings.environment import NAMES
from shared.web.pages.shell import Shell

UNTIL_CORRECTED = (
    "Published keys go on working, but no key is rotated, ended or watched, and no deadline is announced. "
    "The app starts again by itself when its settings are changed."
)
# What a setting may say, as an example that is valid. docs/operations.md explains each.
EXAMPLES = {
    "AzureWebJobsStorage": "CONNECTION-STRING",
    "ROTATION_SCHEDULE": "0 */10 * * * *",
    "ROTATION_MODE": "rotate",
    "ROTATION_SUBSCRIPTIONS": "SUBSCRIPTION-ID",
    "ROTATION_VAULT_URL": "https://VAULT-NAME.vault.azure.net",
    "ROTATION_VAULTS": "https://VAULT-NAME.vault.azure.net",
    "ROTATION_SECRETS": "{account}-openai-key",
    "ROTATION_SEALED_SINCE": "2026-11-01T00:00:00Z",
    "ROTATION_PERIOD": "P30D",
    "ROTATION_OVERLAP": "P3D",
    "ROTATION_CONSUMER_LAG": "PT24H",
    "ROTATION_CONSUMERS": "app-service-reference,sdk",
    "ROTATION_WARNINGS": "P14D,P7D,P1D",
    "ROTATION_NOTICE": "P1D",
    "ROTATION_WINDOW": "Mon-Fri 09:00-16:00 Europe/Berlin",
    "ROTATION_LOOK_EVERY": "PT1H",
    "ROTATION_BRAKE": "10",
    "ROTATION_ARM_WRITES": "10",
    "ROTATION_SECRET_CREATIONS": "30",
    "ROTATION_REQUESTS_PER_TARGET": "5",
    "ROTATION_REQUESTS_IN_ALL": "60",
    "ROTATION_TELEMETRY": "off",
    "ROTATION_LOG_LOOK_BACK": "P35D",
    "ROTATION_AUDIT_SCOPE": "MANAGEMENT-GROUP",
    "ROTATION_SIGN_IN": "required",
    "ROTATION_ANNOUNCE_NEEDS_LISTENER": "false",
    "ROTATION_RUNBOOK_URL": "https://YOUR-PAGES/docs/runbook.md",
    "EVENT_GRID_TOPIC_ENDPOINT": "https://TOPIC-ENDPOINT/api/events",
    "AZURE_RESOURCE_MANAGER_ENDPOINT": "https://management.azure.com",
    "AZURE_LOG_ANALYTICS_ENDPOINT": "https://api.loganalytics.io",
}


@dataclass(frozen=True)
class Wrong:
    """One setting that is wrong.

    setting: Its name, or the part of it that is wrong.
    what: What is wrong, as a sentence.
    step: What to do, as a sentence.
    commands: The commands that do it, each with an example of a valid value. Empty if none can be written out.
    """

    setting: str
    what: str
    step: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class StoppedPage:
    """The page.

    shell: What stands around it.
    sentence: The answer.
    detail: What else one must know.
    wrong: What is wrong, one by one.
    head: The head of that list.
    runbook: The entry of the runbook that says more.
    """

    shell: Shell
    sentence: str
    detail: str
    wrong: tuple[Wrong, ...]
    head: str
    runbook: str


def stopped(problems: Sequence[FixConfiguration], shell: Shell, app: AppName) -> StoppedPage:
    """Return the page of an app that these settings stop. It names all of them."""
    wrong = tuple(_wrong(one, app) for one in problems)
    sentence = f"Stopped. Nothing is being done: {counted(len(wrong), 'setting is', 'settings are')} invalid."
    shell = replace(shell, tone=Tone.RED, title="Stopped")
    return StoppedPage(shell, sentence, UNTIL_CORRECTED, wrong, "Correct the settings", "Alert: settings")


def hidden_by(error: RotationError, shell: Shell) -> StoppedPage:
    """Return the page of an error that keeps every target from being read."""
    tone = Tone.AMBER if error.resolves_itself else Tone.RED
    shell = replace(shell, tone=tone, title="Cannot be read")
    step = f"{error.next_step[:1].upper()}{error.next_step[1:].removesuffix('.')}."
    wrong = (Wrong(error.thing, error.what, step, ()),)
    detail = "What has been published goes on working. What is shown here needs what cannot be read now."
    return StoppedPage(shell, "The targets cannot be read now.", detail, wrong, "What is in the way", error.code)


def _wrong(one: FixConfiguration, app: AppName) -> Wrong:
    step = f"{one.next_step[:1].upper()}{one.next_step[1:].removesuffix('.')}."
    example = EXAMPLES.get(one.thing)
    if step == "Correct it." and example:
        step = f"Write a valid value, such as {example}."
    return Wrong(one.thing, one.what, step, tuple(_commands(one, app)))


def _commands(one: FixConfiguration, app: AppName) -> list[str]:
    """Return the commands that correct a setting, or take away one that this app does not know."""
    name = one.thing.partition("[")[0].partition(",")[0].strip()
    if name in EXAMPLES:
        return [app.set(name, EXAMPLES[name])]
    if name in NAMES:
        return []  # its value is too particular for an example
    known = next((word for word in NAMES if word in one.next_step.split()), "")
    renamed = [app.set(known, EXAMPLES[known])] if known in EXAMPLES else []
    return [app.delete(name), *renamed] if name.isidentifier() else []
