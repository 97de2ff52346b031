"""The Event Grid webhook: handshakes, deliveries and refusals."""

from typing import Any

import aiohttp
import pytest

from lab.funchost import FunctionHost


def event(number: int, **data: Any) -> dict[str, Any]:
    """Return an event in the Event Grid schema."""
    moment = "2026-11-22T00:00:00.1234567Z"
    return {"id": f"e{number}", "eventType": "T", "subject": "s", "eventTime": moment, "data": data, "dataVersion": "1"}


def cloud_event(number: int) -> dict[str, Any]:
    """Return an event in the CloudEvents schema."""
    return {"specversion": "1.0", "id": f"c{number}", "type": "T", "source": "/s", "data": {"n": number}}


@pytest.fixture
def post(host: FunctionHost, http: aiohttp.ClientSession):
    """Sends a delivery to a function's webhook and returns the status and the body of the answer."""

    async def send(function: str, body: Any, kind: str = "Notification", code: str | None = None) -> tuple[int, str]:
        query = {"functionName": function, "code": host.keys.eventgrid if code is None else code}
        url, headers = f"{host.url}/runtime/webhooks/eventgrid", {"aeg-event-type": kind}
        async with http.post(url, params=query, json=body, headers=headers) as response:
            return response.status, await response.text()

    return send


async def test_a_delivery_runs_the_function_once_for_each_event(host: FunctionHost, post) -> None:
    assert await post("on_event", [event(1), event(2), event(3)]) == (202, "")
    assert len(host.activity.finished_of("on_event")) == 3
    for number in (1, 2, 3):
        assert (await host.logged(f"event e{number} of T")).function == "on_event"


async def test_one_failed_event_fails_the_whole_delivery(host: FunctionHost, post) -> None:
    status, _ = await post("on_event", [event(1), event(2, fail=True)])
    assert status == 500
    assert sorted(each.succeeded for each in host.activity.finished) == [False, True]


@pytest.mark.parametrize("body", [cloud_event(1), [cloud_event(1)]])
async def test_a_cloud_event_is_accepted_alone_and_in_a_batch(host: FunctionHost, post, body: Any) -> None:
    assert await post("on_cloud_event", body) == (202, "")
    assert (await host.logged("cloud event c1 of T")).source == "app"


async def test_a_subscription_validation_is_answered_without_a_run(host: FunctionHost, post) -> None:
    body = [
        {"id": "v", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "x"}}
    ]
    assert await post("on_event", body, kind="SubscriptionValidation") == (200, '{"validationResponse": "x"}')
    assert not host.activity.finished


async def test_the_host_answers_the_cloud_events_handshake(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    url = f"{host.url}/runtime/webhooks/eventgrid?functionName=on_cloud_event&code={host.keys.eventgrid}"
    async with http.options(url, headers={"WebHook-Request-Origin": "eventgrid.azure.net"}) as response:
        assert response.status == 200
        assert response.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    async with http.options(url) as response:
        assert response.status == 400


async def test_an_invalid_delivery_is_refused(host: FunctionHost, post) -> None:
    assert (await post("on_event", [event(1)], code="wrong"))[0] == 401
    assert (await post("on_event", [event(1)], code=host.keys.default))[0] == 401
    assert (await post("hello", [event(1)]))[0] == 404
    assert (await post("nothing", [event(1)]))[0] == 404
    assert (await post("on_event", ["text"]))[0] == 400
    assert (await post("on_event", [event(1)], kind="Odd"))[0] == 400
    assert not host.activity.finished
