"""The pipeline samples: their shell text is run against the app in the local host.

A fake platform in front of the app signs callers in. A sample gets only what a real runner gives it: environment
variables, and the addresses of the services that issue tokens.
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
from tests.end_to_end.calls import credential, events, regenerations, the_overlap_is_over
from tests.end_to_end.conftest import ROOT, a_host, published, works

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
class Platform:
    """Issues tokens, and stands in front of the app as the platform's sign-in does.

    host: The app's host.
    url: Where this platform is reached.
    statuses: The status of each answer of the app that passed through.
    outage: How many requests are answered with 503 before the app is reached.
    redirects: Whether nobody's token is accepted any more and callers are redirected to a sign-in page.

    A caller with a token for the app is let through; its claims are in the header that only the platform may write.
    """

    host: FunctionHost
    url: str = ""
    statuses: list[int] = field(default_factory=list)
    outage: int = 0
    redirects: bool = False

    def application(self) -> web.Application:
        """Return the web application with all of its paths."""
        app = web.Application()
        app.router.add_get("/oidc", self.prove)
        app.router.add_post(f"/{TENANT}/oauth2/v2.0/token", self.exchange)
        app.router.add_post("/api/{path:.*}", self.front)
        app.router.add_route("*", "/.auth/login/aad", self.sign_in_page)
        return app

    async def prove(self, request: web.Request) -> web.Response:
        """Give a GitHub job the token that proves which run it is."""
        signed_in = request.headers.get("Authorization") == f"bearer {REQUEST_TOKEN}"
        if not signed_in or dict(request.query) != {"api-version": "2.0", "audience": "api://AzureADTokenExchange"}:
            return web.Response(status=401)
        return web.json_response({"count": len(PROOF), "value": PROOF})

    async def exchange(self, request: web.Request) -> web.Response:
        """Exchange that proof for a token for the app, as Microsoft Entra ID does."""
        if dict(await request.post()) != EXCHANGE:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})

    async def sign_in_page(self, _request: web.Request) -> web.Response:
        """Answer as a page for people does: with status 200."""
        return web.Response(text="<h1>Sign in</h1>", content_type="text/html")

    async def front(self, request: web.Request) -> web.Response:
        """Pass a request on to the app and note the status of the answer."""
        answer = await self._through(request)
        self.statuses.append(answer.status)
        return answer

    async def _through(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        if self.redirects:
            return web.Response(status=302, headers={"Location": "/.auth/login/aad"})
        if self.outage:
            self.outage -= 1
            return web.Response(status=503, headers={"Retry-After": "1"})
        claims = [{"typ": "azp", "val": CALLER}, {"typ": "roles", "val": "Rotation.Deployer"}]
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
            retry = {"Retry-After": answer.headers["Retry-After"]} if "Retry-After" in answer.headers else {}
            return web.Response(body=await answer.read(), status=answer.status, headers=retry)


@pytest.fixture
async def azure() -> AsyncIterator[Azure]:
    """A target that was rotated ten days ago and waits for a deployment to production before each rotation."""
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    tags = {"key-rotation": "on", "key-rotation-after-deployment": "Production"}
    chat = world.accounts.add("chat", tags=tags)
    async with running(world) as served:
        published(served, chat, days_ago=10)
        yield served


@pytest.fixture
async def platform(azure: Azure) -> AsyncIterator[Platform]:
    """The app, behind a platform that signs callers in."""
    async with a_host(azure, WEBSITE_AUTH_ENABLED="True") as host:
        made = Platform(host)
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
    """Replace the expressions and variables of a pipeline, as its runner does. Raises KeyError for an unknown one."""
    return re.sub(r"\$\{\{ *([\w.]+) *\}\}|\$\((\w+)\)", lambda found: values[found[1] or found[2]], text)


async def bash(script: str, environment: dict[str, str], *options: str, path: str = "") -> tuple[int, str]:
    """Run the text of a step. Of this process's variables it gets only PATH. Return the exit code and the output."""
    whole = {**environment, "PATH": f"{path}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        "bash", *options, "-c", script, env=whole, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def github(platform: Platform, run: str = "17", **more: str) -> tuple[int, str]:
    """Run the step as a GitHub runner does: with its options for `shell: bash`, the job's environment and its own."""
    variables = {
        "vars.AZURE_TENANT_ID": TENANT,
        "vars.KEY_ROTATION_CALLER": CALLER,
        "vars.KEY_ROTATION_URL": platform.url,
        "vars.KEY_ROTATION_RESOURCE": RESOURCE,
    }
    given = {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{platform.url}/oidc?api-version=2.0",
        "GITHUB_REPOSITORY": "contoso/chat",
        "GITHUB_RUN_ID": run,
    }
    environment = {name: filled_in(text, variables) for name, text in JOB["env"].items()}
    assert environment["LOGIN"] == "https://login.microsoftonline.com"
    environment |= {"LOGIN": platform.url, **given, **more}
    return await bash(STEP["run"], environment, "--noprofile", "--norc", "-eo", "pipefail")


async def azure_pipelines(platform: Platform, tmp_path: Path) -> tuple[int, str]:
    """Run the task as an agent does that is signed in: `az` returns a token for the app's resource and nothing else."""
    wanted = f"account get-access-token --resource {RESOURCE} --query accessToken --output tsv"
    az = tmp_path / "az"
    az.write_text(f'#!/bin/sh\n[ "$*" = "{wanted}" ] && echo {TOKEN}\n')
    az.chmod(0o755)
    variables = {"keyRotationUrl": platform.url, "keyRotationResource": RESOURCE}
    environment = {name: filled_in(text, variables) for name, text in TASK["env"].items()}
    given = {"SYSTEM_TEAMPROJECTID": "project-1", "BUILD_BUILDID": "17"}
    return await bash(TASK["inputs"]["inlineScript"], environment | given, path=str(tmp_path))


@needs_curl
async def test_the_github_workflow_starts_the_rotation(platform: Platform, azure: Azure) -> None:
    status, output = await github(platform)
    assert status == 0, output
    assert json.loads(output.splitlines()[-1])["targets"] == ["chat"]
    await platform.host.idle()
    assert (credential(azure, "chat"), works(azure, "chat")) == ("key2", True)
    assert events(azure, "chat", "KeyRotated")[0]["requestReason"] == "deployment to Production"


@needs_curl
async def test_the_azure_pipeline_starts_the_rotation(platform: Platform, azure: Azure, tmp_path: Path) -> None:
    status, output = await azure_pipelines(platform, tmp_path)
    assert status == 0, output
    await platform.host.idle()
    assert (credential(azure, "chat"), works(azure, "chat")) == ("key2", True)


@needs_curl
async def test_a_repeated_run_does_not_rotate_again_and_the_next_run_does(platform: Platform, azure: Azure) -> None:
    for run in ("17", "17", "18"):
        assert (await github(platform, run))[0] == 0
        await platform.host.idle()
        the_overlap_is_over(azure, "chat")
        assert regenerations(azure) == (2 if run == "18" else 1)


@needs_curl
async def test_a_step_tries_again_if_the_app_answers_503(platform: Platform, azure: Azure) -> None:
    platform.outage = 1
    assert (await github(platform))[0] == 0
    await platform.host.idle()
    assert (platform.statuses, regenerations(azure)) == ([503, 202], 1)


@needs_curl
@pytest.mark.parametrize(
    "invalid", [{"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another"}, {"CALLER": "another"}, {"ENVIRONMENT": "no such name"}]
)
async def test_a_step_that_is_refused_fails(platform: Platform, azure: Azure, invalid) -> None:
    status, _ = await github(platform, **invalid)
    assert status != 0
    await platform.host.idle()
    assert regenerations(azure) == 0


@needs_curl
async def test_a_step_fails_if_it_is_redirected_to_a_sign_in_page(platform: Platform, tmp_path: Path) -> None:
    platform.redirects = True
    for status, output in (await github(platform), await azure_pipelines(platform, tmp_path)):
        assert status != 0, output
    assert platform.statuses == [302, 302]


@needs_curl
async def test_a_token_is_printed_only_in_the_command_that_masks_it(platform: Platform, tmp_path: Path) -> None:
    for _, output in (await github(platform), await azure_pipelines(platform, tmp_path)):
        shown = [line for line in output.splitlines() if TOKEN in line or PROOF in line or REQUEST_TOKEN in line]
        assert all(line.startswith(("::add-mask::", "##vso[task.setsecret]")) for line in shown)


def everything_in(content: Any) -> list[str]:
    """Return every text in a parsed file, including names."""
    if isinstance(content, dict):
        return [text for pair in content.items() for one in pair for text in everything_in(one)]
    if isinstance(content, list):
        return [text for one in content for text in everything_in(one)]
    return [str(content)]


def test_the_samples_store_no_secret_and_use_no_action_of_a_third_party() -> None:
    texts = [text for sample in (GITHUB, PIPELINE) for text in everything_in(sample)]
    assert [text for text in texts if "secrets." in text or "x-functions-key" in text.lower()] == []
    assert "uses" not in texts
    assert TASK["task"] == "AzureCLI@2"


def test_the_github_workflow_may_request_an_identity_token_and_nothing_else() -> None:
    assert GITHUB["permissions"] == {}
    assert JOB["permissions"] == {"id-token": "write"}
    assert "${{" not in STEP["run"]
