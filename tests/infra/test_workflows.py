"""Workflows pin every action, store no secret, and have only the permissions they need."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.bicep import INFRA, ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# Each action with the commit of the release that is named beside it.
KNOWN = {
    "actions/checkout": "11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2",
    "actions/setup-python": "a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0",
    "actions/attest-build-provenance": "a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32 # v4.1.0",
    "Azure/setup-azd": "c495e71ba59e44bfaaac10a32c8ee90d191ca4a3 # v2.2.1",
}

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda one: one.name)


def test_there_are_three_workflows() -> None:
    assert [one.stem for one in WORKFLOWS] == ["ci", "deploy", "release"]


@each
def test_a_workflow_pins_every_action_by_a_known_commit(path: Path) -> None:
    used = re.findall(r"uses: (\S+)@(.*)", path.read_text())
    assert used
    assert [name for name, commit in used if KNOWN.get(name) != commit] == []


@each
def test_a_workflow_uses_no_stored_secret(path: Path) -> None:
    assert "secrets." not in path.read_text()


@each
def test_a_workflow_gives_permissions_to_single_jobs_only(path: Path) -> None:
    text = path.read_text()
    assert "\npermissions: {}\n" in text
    jobs = text.partition("\njobs:\n")[2]
    assert len(re.findall(r"^  \w+:$", jobs, re.MULTILINE)) == len(
        re.findall(r"^    permissions:$", jobs, re.MULTILINE)
    )
    given = set(re.findall(r"^      ([a-z-]+): (?:read|write)\b", jobs, re.MULTILINE))
    deploying = {"actions", "attestations", "contents", "id-token"}
    assert given <= {"ci": {"contents"}, "deploy": deploying, "release": {"contents"}}[path.stem]


@each
def test_every_job_of_a_workflow_has_a_time_limit(path: Path) -> None:
    jobs = path.read_text().partition("\njobs:\n")[2]
    assert jobs.count("runs-on:") == jobs.count("timeout-minutes:")


@each
def test_no_workflow_inserts_an_expression_into_a_script(path: Path) -> None:
    scripts = re.findall(r"run: .*", path.read_text())
    assert [one for one in scripts if "${{" in one] == []


def test_the_deployment_workflow_passes_on_every_parameter() -> None:
    values = json.loads((INFRA / "main.parameters.json").read_text())["parameters"].values()
    names = {match[1] for one in values if (match := re.match(r"\$\{([A-Z_]+)", one["value"]))}
    handed = set(re.findall(r"^      ([A-Z_]+): \$\{\{ vars\.\1 \}\}$", WORKFLOWS[1].read_text(), re.MULTILINE))
    assert names <= handed


def test_continuous_integration_runs_the_make_commands() -> None:
    text = WORKFLOWS[0].read_text()
    for command in ("make check", "make test", "make test-long", "make test-tools", "make check-infra"):
        assert f"- run: {command}\n" in text


def job(name: str) -> str:
    """Return the text of one job of the deployment workflow."""
    found = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", WORKFLOWS[1].read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_deployment_is_only_possible_from_a_protected_branch_whose_checks_passed() -> None:
    assert 'test "$PROTECTED" = true' in job("allowed")
    assert '--workflow ci.yml --commit "$GITHUB_SHA"' in job("allowed")
    assert "    needs: allowed\n" in job("package")
    assert "    needs: allowed\n" in job("provision")
    assert "    needs: [package, provision]\n" in job("deploy")


def test_provisioning_has_an_environment_of_its_own_and_a_pinned_azd() -> None:
    text = job("provision")
    assert "    environment: ${{ inputs.environment }}-provisioning\n" in text
    assert re.search(r"setup-azd@.*\n +with:\n +version: \d+\.\d+\.\d+\n", text)
    assert text.index("azd auth login") < text.index("azd provision")
    assert "azd" not in job("deploy")


def test_only_an_attested_package_is_deployed() -> None:
    assert "attest-build-provenance" in job("package")
    text = job("deploy")
    assert text.index("scripts/package") < text.index("gh attestation verify app.zip") < text.index("config-zip")


def test_dependabot_watches_packages_and_actions() -> None:
    watched = re.findall(r"package-ecosystem: (\S+)", (ROOT / ".github" / "dependabot.yml").read_text())
    assert {"pip", "github-actions"} <= set(watched)


def test_continuous_integration_asks_for_advisories_about_every_pinned_package() -> None:
    assert "- run: scripts/audit\n" in WORKFLOWS[0].read_text()
    asked = set(re.findall(r"requirements[a-z-]*\.txt", (ROOT / "scripts" / "audit").read_text()))
    assert asked == {one.name for one in ROOT.glob("requirements*.txt")}
