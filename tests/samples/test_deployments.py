"""The pipeline samples, run: their very shell text, against the app in the local host behind a platform that signs
callers in. Given to it is only what a runner gives: environment variables, and the addresses of whoever issues tokens.
"""

import asyncio
import base64
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from lab.emulator.serve import Azure, running
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from tests.app.calls import credential, events, regenerations, the_overlap_is_over
from tests.app.conftest import ROOT, a_host, published, works

SAMPLES = ROOT / "samples" / "deployments"
GITHUB = yaml.safe_load((SAMPLES / "github-actions.yml").read_text())
PIPELINE = yaml.safe_load((SAMPLES / "azure-pipelines.yml").read_text())
JOB = GITHUB["jobs"]["tell-key-rotation"]
(STEP,) = JOB["steps"]
TASK = PIPELINE["stages"][-1]["jobs"][0]["steps"][-1]
TENANT, CALLER, RESOURCE = "tenant-1", "caller-1", "api://key-rotation"
REQUEST_TOKEN, PROOF, TOKEN = "request-token", "a.proof+of/this=run", "a.token.for.the.app"
EXCHANGE = {
    "grant_type": "client_credentials",
    "client_id": CALLER,
    "scope": f"{RESOURCE}/.default",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": PROOF,
}
needs_curl = pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="bash and curl are needed")


@dataclass
class Outside:
    """Who issues tokens, and the platform in front of the app: a caller with the token for it is let through, named
    in the header that only the platform may write."""

    host: FunctionHost
    url: str = ""
    asked: list[int] = field(default_factory=list)
    outage: int = 0

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/oidc", self.prove)
        app.router.add_post(f"/{TENANT}/oauth2/v2.0/token", self.exchange)
        app.router.add_post("/api/{path:.*}", self.front)
        return app

    async def prove(self, request: web.Request) -> web.Response:
        right = request.headers.get("Authorization") == f"bearer {REQUEST_TOKEN}"
        if not right or dict(request.query) != {"api-version": "2.0", "audience": "api://AzureADTokenExchange"}:
            return web.Response(status=401)
        return web.json_response({"count": len(PROOF), "value": PROOF})

    async def exchange(self, request: web.Request) -> web.Response:
        if dict(await request.post()) != EXCHANGE:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})

    async def front(self, request: web.Request) -> web.Response:
        answer = await self._through(request)
        self.asked.append(answer.status)
        return answer

    async def _through(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        if self.outage:
            self.outage -= 1
            return web.Response(status=503, headers={"Retry-After": "1"})
        claims = [{"typ": "azp", "val": CALLER}, {"typ": "roles", "val": "Rotation.Operator"}]
        principal = base64.b64encode(
            json.dumps({"auth_typ": "aad", "claims": claims, "role_typ": "roles"}).encode()
        ).decode()
        kept = {name: request.headers[name] for name in ("Content-Type", "Idempotency-Key")}
        headers = {**kept, "X-MS-CLIENT-PRINCIPAL": principal}
        url = f"{self.host.url}{request.path}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=await request.read(), headers=headers) as answer,
        ):
            told = {"Retry-After": answer.headers["Retry-After"]} if "Retry-After" in answer.headers else {}
            return web.Response(body=await answer.read(), status=answer.status, headers=told)


@pytest.fixture
async def azure() -> AsyncIterator[Azure]:
    """A target that was rotated ten days ago and always waits for a deployment to production."""
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    tags = {"key-rotation": "on", "key-rotation-after-deployment": "Production"}
    chat = world.accounts.add("chat", tags=tags)
    async with running(world) as served:
        published(served, chat, days_ago=10)
        yield served


@pytest.fixture
async def outside(azure: Azure) -> AsyncIterator[Outside]:
    async with a_host(azure, WEBSITE_AUTH_ENABLED="True") as host:
        made = Outside(host)
        runner = web.AppRunner(made.application(), access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield made
        finally:
            await runner.cleanup()


def filled_in(text: str, values: dict[str, str]) -> str:
    """Expressions and variables of a pipeline, as its runner fills them in. A KeyError for one that it cannot."""
    return re.sub(r"\$\{\{ *([\w.]+) *\}\}|\$\((\w+)\)", lambda found: values[found[1] or found[2]], text)


async def bash(script: str, environment: dict[str, str], *options: str, path: str = "") -> tuple[int, str]:
    """Run a step's text. The variables of this process are not there, but for where programs lie."""
    whole = {**environment, "PATH": f"{path}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        "bash", *options, "-c", script, env=whole, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def github(outside: Outside, run: str = "17", **more: str) -> tuple[int, str]:
    """The step as a runner of GitHub runs it: its options for `shell: bash`, the job's environment and its own."""
    variables = {
        "vars.AZURE_TENANT_ID": TENANT,
        "vars.KEY_ROTATION_CALLER": CALLER,
        "vars.KEY_ROTATION_URL": outside.url,
        "vars.KEY_ROTATION_RESOURCE": RESOURCE,
    }
    given = {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{outside.url}/oidc?api-version=2.0",
        "GITHUB_REPOSITORY": "contoso/chat",
        "GITHUB_RUN_ID": run,
    }
    environment = {name: filled_in(text, variables) for name, text in JOB["env"].items()}
    assert environment["LOGIN"] == "https://login.microsoftonline.com"
    environment |= {"LOGIN": outside.url, **given, **more}
    return await bash(STEP["run"], environment, "--noprofile", "--norc", "-eo", "pipefail")


async def azure_pipelines(outside: Outside, tmp_path: Path) -> tuple[int, str]:
    """The task as an agent runs it, signed in already: `az` gives out a token for that resource and nothing else."""
    wanted = f"account get-access-token --resource {RESOURCE} --query accessToken --output tsv"
    az = tmp_path / "az"
    az.write_text(f'#!/bin/sh\n[ "$*" = "{wanted}" ] && echo {TOKEN}\n')
    az.chmod(0o755)
    variables = {"keyRotationUrl": outside.url, "keyRotationResource": RESOURCE}
    environment = {name: filled_in(text, variables) for name, text in TASK["env"].items()}
    given = {"SYSTEM_TEAMPROJECTID": "project-1", "BUILD_BUILDID": "17"}
    return await bash(TASK["inputs"]["inlineScript"], environment | given, path=str(tmp_path))


@needs_curl
async def test_the_github_workflow_sets_the_rotation_off(outside: Outside, azure: Azure) -> None:
    status, said = await github(outside)
    assert status == 0, said
    assert json.loads(said.splitlines()[-1])["targets"] == ["chat"]
    await outside.host.idle()
    assert (credential(azure, "chat"), works(azure, "chat")) == ("key2", True)
    assert events(azure, "chat", "KeyRotated")[0]["requestReason"] == "deployment to Production"


@needs_curl
async def test_the_azure_pipeline_sets_the_rotation_off(outside: Outside, azure: Azure, tmp_path: Path) -> None:
    status, said = await azure_pipelines(outside, tmp_path)
    assert status == 0, said
    await outside.host.idle()
    assert (credential(azure, "chat"), works(azure, "chat")) == ("key2", True)


@needs_curl
async def test_the_same_run_once_more_rotates_nothing_and_the_next_one_does(outside: Outside, azure: Azure) -> None:
    for run in ("17", "17", "18"):
        assert (await github(outside, run))[0] == 0
        await outside.host.idle()
        the_overlap_is_over(azure, "chat")
        assert regenerations(azure) == (2 if run == "18" else 1)


@needs_curl
async def test_an_app_that_is_out_for_a_moment_is_told_again_by_the_same_step(outside: Outside, azure: Azure) -> None:
    outside.outage = 1
    assert (await github(outside))[0] == 0
    await outside.host.idle()
    assert (outside.asked, regenerations(azure)) == ([503, 202], 1)


@needs_curl
@pytest.mark.parametrize(
    "wrong", [{"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another"}, {"CALLER": "another"}, {"ENVIRONMENT": "no such name"}]
)
async def test_a_step_that_is_refused_fails_so_that_somebody_sees_it(outside: Outside, azure: Azure, wrong) -> None:
    status, _ = await github(outside, **wrong)
    assert status != 0
    await outside.host.idle()
    assert regenerations(azure) == 0


@needs_curl
async def test_no_token_is_printed_but_to_have_it_masked(outside: Outside, tmp_path: Path) -> None:
    for _, said in (await github(outside), await azure_pipelines(outside, tmp_path)):
        shown = [line for line in said.splitlines() if TOKEN in line or PROOF in line or REQUEST_TOKEN in line]
        assert all(line.startswith(("::add-mask::", "##vso[task.setsecret]")) for line in shown)


def everything_in(content: Any) -> list[str]:
    """Every text in a parsed file, names included."""
    if isinstance(content, dict):
        return [text for pair in content.items() for one in pair for text in everything_in(one)]
    if isinstance(content, list):
        return [text for one in content for text in everything_in(one)]
    return [str(content)]


def test_no_sample_stores_a_secret_nor_uses_what_others_may_change() -> None:
    texts = [text for sample in (GITHUB, PIPELINE) for text in everything_in(sample)]
    assert [text for text in texts if "secrets." in text or "x-functions-key" in text.lower()] == []
    assert "uses" not in texts
    assert TASK["task"] == "AzureCLI@2"


def test_the_github_workflow_may_prove_who_it_is_and_nothing_else() -> None:
    assert GITHUB["permissions"] == {}
    assert JOB["permissions"] == {"id-token": "write"}
    assert "${{" not in STEP["run"]
