"""The OpenAPI description is valid and complete, and the running app answers as it says, whatever is sent."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from lab.emulator.serve import Azure
from lab.funchost.bindings import HttpTrigger
from lab.funchost.host import FunctionHost
from shared.web.openapi import openapi_document
from shared.web.routes import ROUTES
from tests.end_to_end.conftest import a_host, tick

CONFIG = """
[phases.coverage]
unexpected-methods = ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"]  # Azure Functions takes no TRACE
"""
# A name with a slash in it is another path, which the host answers.
MODES = {"positive": [], "negative": ["--exclude-checks", "content_type_conformance"]}
EXAMPLES = "8"  # for each operation and phase; `python -m lab.prove` sends many more
BOTH = {"type": "string", "enum": ["chat", "search"]}
UNLIMITED = {"ROTATION_REQUESTS_PER_TARGET": "100000", "ROTATION_REQUESTS_IN_ALL": "100000"}


@pytest.fixture
async def host(azure: Azure) -> AsyncIterator[FunctionHost]:
    """The running app, which refuses none of the many requests because of their number."""
    async with a_host(azure, **UNLIMITED) as started:
        yield started


async def served(host: FunctionHost, http: aiohttp.ClientSession) -> dict[str, Any]:
    async with http.get(f"{host.url}/api/openapi.json", headers={"x-functions-key": host.keys.default}) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_the_description_is_served_and_has_exactly_the_http_functions_that_are_no_pages(
    host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    routes = {f"/{f.trigger.route.template}" for f in host.functions if isinstance(f.trigger, HttpTrigger)}
    pages = {f"/{route.path}" for route in ROUTES.values() if route.page}
    document = await served(host, http)
    assert set(document["paths"]) == routes - pages
    assert document == json.loads(json.dumps(openapi_document()))


@pytest.mark.parametrize("name", sorted(openapi_document()["components"]["schemas"]))
def test_every_schema_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(openapi_document()["components"]["schemas"][name])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", MODES)
async def test_every_generated_request_is_answered_as_described(
    host: FunctionHost, azure: Azure, http: aiohttp.ClientSession, tmp_path: Path, mode: str
) -> None:
    """Names are those of targets, and waits are short. The tool chooses all other values, valid and invalid."""
    await tick(host)
    document = await served(host, http)
    for path in document["paths"].values():
        # No schema can say that an account goes with `-` only.
        path["parameters"] = [{**one, "schema": BOTH} for one in path.get("parameters", []) if one["in"] == "path"]
    schemas = document["components"]["schemas"]
    schemas["Leak"]["properties"]["wait"] = {"type": "string", "enum": ["PT1S", "PT2S"]}
    # No schema can say that a duration is at most 30 days.
    schemas["Arm"]["properties"]["soak"] = {"type": "string", "enum": ["PT24H", "P1DT12H", "P30D"]}
    # Nor that a trial has from 15 minutes to 7 days, and that a moment is ahead, but not far.
    times = {"type": "string", "enum": ["PT15M", "PT4H", "P7D"]}
    schemas["Arm"]["properties"]["duration"] = schemas["PlanTrial"]["properties"]["duration"] = times
    moments = [(datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds") for days in (1, 30, 89)]
    schemas["PlanTrial"]["properties"]["start"] = {"type": "string", "enum": moments}
    schemas["SetHold"]["properties"]["until"] = {"type": "string", "enum": moments}
    page = tmp_path / "openapi.json"
    page.write_text(json.dumps(document))
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", str(page),
        "--url", f"{host.url}/api", "-H", f"x-functions-key: {host.keys.default}", "--mode", mode, "--seed", "7",
        "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing", "--checks", "all", *MODES[mode],
        "--request-timeout", "60", "--warnings", "off", "--continue-on-failure",
    ]  # fmt: skip
    run = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await run.communicate()
    assert run.returncode == 0, said.decode()[-6000:]
    await host.idle()
