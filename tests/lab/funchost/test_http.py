"""HTTP functions, keys and the host's own paths, tested with real requests and a real worker."""

import json

import aiohttp
import pytest

from lab.funchost import FunctionHost, HostKeys, HostOptions
from tests.lab.funchost.conftest import NO_STORAGE, settings_with


async def test_a_function_answers_on_its_route_ignoring_case(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{host.url}/API/Hello/bob") as response:
        assert (response.status, await response.text()) == (200, "hello bob")
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "hello/bob"), ("HEAD", "hello/bob"), ("OPTIONS", "hello/bob"),
                         ("GET", "hello/b0b"), ("GET", "hello"), ("GET", "nothing"), ("GET", "admin/secrets")]
)  # fmt: skip
async def test_an_unknown_path_or_method_is_not_found(
    host: FunctionHost, http: aiohttp.ClientSession, method: str, path: str
) -> None:
    async with http.request(method, f"{host.url}/api/{path}") as response:
        assert (response.status, await response.read()) == (404, b"")


async def test_a_function_gets_a_request_in_the_platforms_form(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    headers = [("X-Two", "1"), ("X-Two", "2"), ("X-Functions-Key", host.keys.default)]
    async with http.put(f"{host.url}/api/echo?a=1&a=2&empty=&b=%20", data="böd", headers=headers) as response:
        seen = await response.json()
        assert response.status == 207
        assert response.headers["X-Own"] == "yes"
        assert sorted(response.headers.getall("Set-Cookie")) == [
            "a=1; HttpOnly; Path=/; SameSite=Lax",
            "b=2; Max-Age=60",
        ]
    assert (seen["method"], seen["body"]) == ("PUT", "böd")
    assert seen["params"] == {"a": "1,2", "b": " "}
    assert seen["headers"]["x-two"] == "1,2"


async def test_the_app_runs_in_its_own_folder_with_its_own_environment(
    host: FunctionHost, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with http.get(f"{host.url}/api/echo?code={host.keys.default}") as response:
        seen = await response.json()
    assert seen["cwd"].endswith("apps/every")
    assert seen["path"][0].endswith("apps/every/.python_packages/lib/site-packages")
    assert seen["path"][1].endswith("apps/every")
    assert seen["environment"]["WORK_QUEUE"] == "work"
    assert not {"PYTEST_CURRENT_TEST", "PYTHONPATH"} & set(seen["environment"])


async def test_each_key_opens_only_the_functions_of_its_level(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    async def status(path: str, key: str) -> tuple[int, int]:
        url = f"{host.url}/api/{path}"
        async with (
            http.get(url, headers={"x-functions-key": key}) as first,
            http.get(url, params={"code": key}) as second,
        ):
            return first.status, second.status

    assert await status("echo", "") == (401, 401)
    assert await status("echo", "wrong") == (401, 401)
    assert await status("echo", host.keys.default) == (207, 207)
    assert await status("echo", host.keys.master) == (207, 207)
    assert await status("locked", host.keys.default) == (401, 401)
    assert await status("locked", host.keys.eventgrid) == (401, 401)
    assert await status("locked", host.keys.master) == (200, 200)


async def test_a_functions_own_key_opens_only_that_function(http: aiohttp.ClientSession) -> None:
    from tests.lab.funchost.conftest import APPS

    keys, options = HostKeys(functions={"echo": "own"}), HostOptions(listeners=False)
    async with FunctionHost(APPS / "every", settings=settings_with(NO_STORAGE), keys=keys, options=options) as host:
        for path, expected in (("echo", 207), ("locked", 401)):
            async with http.get(f"{host.url}/api/{path}", headers={"x-functions-key": "own"}) as response:
                assert response.status == expected


async def test_a_key_is_made_renewed_and_deleted_by_name(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    admin = {"x-functions-key": host.keys.master}

    async def opens(key: str) -> bool:
        async with http.get(f"{host.url}/api/echo", headers={"x-functions-key": key}) as response:
            return response.status == 207

    for keys in ("functions/echo/keys", "host/functionkeys"):
        url = f"{host.url}/admin/{keys}"
        async with http.post(f"{url}/pipeline", headers=admin) as response:
            assert response.status == 201
            first = (await response.json())["value"]
        async with http.put(f"{url}/other", json={"name": "other", "value": "chosen"}, headers=admin) as response:
            assert response.status == 201
        assert [await opens(first), await opens("chosen")] == [True, True]
        async with http.post(f"{url}/pipeline", headers=admin) as response:
            assert response.status == 200
            second = (await response.json())["value"]
        assert [await opens(first), await opens(second)] == [False, True]
        async with http.get(url, headers=admin) as response:
            listed = {one["name"]: one["value"] for one in (await response.json())["keys"]}
        assert (listed["pipeline"], listed["other"]) == (second, "chosen")
        for name in ("pipeline", "other"):
            async with http.delete(f"{url}/{name}", headers=admin) as response:
                assert response.status == 204
        assert [await opens(second), await opens("chosen")] == [False, False]
        async with http.delete(f"{url}/pipeline", headers=admin) as response:
            assert response.status == 404


async def test_keys_of_an_unknown_function_or_without_the_master_key_are_not_changed(
    host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    for path, key, expected in (
        ("functions/nothing/keys/x", host.keys.master, 404),
        ("functions/echo/keys/x", host.keys.default, 401),
        ("host/functionkeys/x", "", 401),
    ):
        async with http.post(f"{host.url}/admin/{path}", headers={"x-functions-key": key}) as response:
            assert response.status == expected
    async with http.patch(
        f"{host.url}/admin/functions/echo/keys/x", headers={"x-functions-key": host.keys.master}
    ) as response:
        assert response.status == 405


@pytest.mark.parametrize(
    ("kind", "error"),
    [("raise", "LookupError: a secret"), ("dict", "unable to encode"), ("none", "unable to encode")],
)
async def test_a_failed_function_answers_500_with_an_empty_body(
    host: FunctionHost, http: aiohttp.ClientSession, kind: str, error: str
) -> None:
    async with http.get(f"{host.url}/api/misbehave/{kind}") as response:
        assert (response.status, await response.read()) == (500, b"")
    (invocation,) = await host.invocations(1, "misbehave")
    assert not invocation.succeeded
    assert error in (invocation.error or "")
    assert "Traceback" in (invocation.stack_trace or "")


async def test_a_slow_response_is_cut_and_the_function_keeps_running(start_host, http: aiohttp.ClientSession) -> None:
    host = await start_host("every", settings_with(NO_STORAGE), listeners=False, response_timeout=0.3, stop_timeout=0)
    async with http.get(f"{host.url}/api/misbehave/wait") as response:
        assert response.status == 504
    assert "misbehave" in host.activity.running.values()


async def test_the_start_page_says_that_the_host_is_running(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    async with http.get(host.url) as response:
        assert response.status == 200
        assert "running" in await response.text()


async def test_the_admin_interface_needs_the_master_key(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    for path in ("functions", "functions/hello", "host/status", "host/ping", "anything"):
        async with http.get(f"{host.url}/admin/{path}", headers={"x-functions-key": host.keys.default}) as response:
            assert response.status == 401


async def test_the_admin_interface_lists_functions_and_their_errors(
    host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    headers = {"x-functions-key": host.keys.master}
    async with http.get(f"{host.url}/admin/functions", headers=headers) as response:
        listed = {each["name"]: each for each in await response.json()}
    assert listed["hello"]["invoke_url_template"] == f"{host.url}/api/hello/{{name:alpha}}"
    assert listed["switched_off"]["isDisabled"]
    assert listed["work"]["config"]["bindings"][1]["queueName"] == "%WORK_QUEUE%"
    async with http.get(f"{host.url}/admin/host/status", headers=headers) as response:
        status = await response.json()
    assert status["state"] == "Running"
    assert {each.partition(":")[0] for each in status["errors"]} == {
        "invalid_schedule",
        "reserved",
        "unresolved",
        "unconnected",
    }


async def test_a_function_with_any_trigger_can_be_run_by_hand(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    async def post(name: str, text: str) -> int:
        headers = {"x-functions-key": host.keys.master}
        url = f"{host.url}/admin/functions/{name}"
        async with http.post(url, json={"input": text}, headers=headers) as response:
            return response.status

    event = {"id": "e1", "eventType": "T", "subject": "s", "eventTime": "2026-01-01T00:00:00Z", "data": {}}
    assert await post("at_start", "") == 202
    assert await post("on_event", json.dumps(event)) == 202
    assert await post("locked", "") == 202
    assert await post("no_such_function", "") == 404
    assert await post("invalid_schedule", "") == 404
    assert {each.function for each in await host.invocations(3)} == {"at_start", "on_event", "locked"}
    assert all(each.succeeded for each in host.activity.finished)
