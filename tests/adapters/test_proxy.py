"""A network whose only way out is a proxy: everything that calls Azure goes through it, and nothing else does."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lab.emulator.serve import Azure
from shared.adapters import otlp
from shared.adapters.examination import AzureExaminer
from shared.domain.errors import TryLater
from shared.domain.keys import ApiKey
from shared.ports import Answer
from shared.turns.report import Result
from tests.support.a_proxy import AProxy, a_proxy
from tests.support.real_parts import Parts, everything_logged, parts_over

HERE = {"NO_PROXY": "", "no_proxy": ""}  # the emulated Azure is on this machine, and is called through the proxy here


@pytest.fixture
async def proxy() -> AsyncIterator[AProxy]:
    async with a_proxy() as one:
        yield one


@pytest.fixture
async def behind(azure: Azure, proxy: AProxy) -> AsyncIterator[Parts]:
    """The app's real parts, for which the environment names the proxy."""
    named = {"HTTPS_PROXY": proxy.url, "ROTATION_LOG_WORKSPACE_ID": azure.world.workspace.id}
    async with parts_over(azure, **named, **HERE) as wired:
        yield wired


def where(url: str) -> str:
    return urlsplit(url).netloc


def services_of(azure: Azure) -> dict[str, str]:
    """Return the host and port of each service that an app calls over TLS."""
    vault = next(iter(azure.world.vaults.values())).url
    urls = {name: azure.urls[name] for name in ("arm", "aoai", "eg", "blob", "logs")} | {"vault": vault}
    return {name: where(url) for name, url in urls.items()}


async def test_a_turn_and_a_survey_call_every_service_through_the_proxy(behind: Parts, proxy: AProxy) -> None:
    assert (await behind.rotation.turn(behind.target())).result is Result.DONE
    await behind.rotation.survey()
    logs: Any = behind.rotation.outside.logs
    behind.azure.world.workspace.note(behind.account().id, ago=3600)
    await logs.usage(behind.target().account)
    assert set(proxy.came) == set(services_of(behind.azure).values())


async def test_the_proxy_is_given_hosts_and_nothing_else(behind: Parts, proxy: AProxy) -> None:
    assert (await behind.rotation.turn(behind.target())).result is Result.DONE
    heads = "".join(proxy.heads)
    assert {head.split()[0] for head in proxy.heads} == {"CONNECT"}
    assert "authorization" not in heads.lower()
    assert "api-key" not in heads.lower()
    assert behind.account().name not in heads


async def test_the_managed_identity_is_asked_without_the_proxy(
    azure: Azure, proxy: AProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    for name in HERE:
        monkeypatch.delenv(name, raising=False)
    async with parts_over(azure, HTTPS_PROXY=proxy.url, HTTP_PROXY=proxy.url, **HERE) as parts:
        await parts.accounts.read(parts.target().account)
    assert azure.world.journal.find("identity.token")
    assert set(proxy.came) == {where(azure.urls["arm"])}


async def test_telemetry_goes_to_its_collector_through_the_proxy(
    proxy: AProxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.refuses.add("collector.example:4318")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
    for name in HERE:
        monkeypatch.delenv(name, raising=False)
    collector = otlp.Collector({})
    collector.meters.get_meter("test").create_counter("one").add(1)
    with caplog.at_level(logging.WARNING):
        await otlp.Outbox(collector.send).flush()
    assert set(proxy.came) == {"collector.example:4318"}


async def test_a_host_that_no_proxy_names_is_called_straight(azure: Azure, proxy: AProxy) -> None:
    services = services_of(azure)
    exceptions = {"NO_PROXY": f"example.org, {services['vault']},{services['blob']}", "no_proxy": ""}
    async with parts_over(azure, HTTPS_PROXY=proxy.url, **exceptions) as parts:
        assert (await parts.rotation.turn(parts.target())).result is Result.DONE
    assert set(proxy.came) == {services["arm"], services["aoai"], services["eg"]}


async def test_a_call_that_the_proxy_refuses_says_so_with_the_host_and_what_to_do(behind: Parts, proxy: AProxy) -> None:
    vault = services_of(behind.azure)["vault"]
    proxy.refuses.add(vault)
    outcome = await behind.rotation.turn(behind.target())
    assert outcome.result is Result.FAILED
    assert type(outcome.error) is TryLater
    assert outcome.error.what.endswith(f"the proxy refused to connect to {vault} (403 Forbidden).")
    assert outcome.error.next_step == "let the proxy of HTTPS_PROXY through to it, or name the host in NO_PROXY"


async def test_a_proof_that_the_proxy_refuses_is_unclear_and_no_answer_of_the_account(
    behind: Parts, proxy: AProxy
) -> None:
    aoai = services_of(behind.azure)["aoai"]
    proxy.refuses.add(aoai)
    attempt = await behind.endpoint.try_key(behind.azure.world.endpoint(behind.account()), ApiKey("x" * 40))
    assert attempt.answer is Answer.UNCLEAR
    assert attempt.detail == f"no answer: the proxy refused to connect to {aoai} (403 Forbidden)"


async def test_a_proxy_that_does_not_answer_is_named(azure: Azure, proxy: AProxy) -> None:
    async with parts_over(azure, HTTPS_PROXY="http://127.0.0.1:9", **HERE) as parts:
        outcome = await parts.rotation.turn(parts.target())
    assert outcome.error is not None
    assert "the proxy 127.0.0.1:9 was not reached" in outcome.error.what
    assert outcome.error.next_step == "correct HTTPS_PROXY, or let this app reach the proxy"


async def test_a_password_of_any_letters_is_sent_to_the_proxy(azure: Azure) -> None:
    async with a_proxy(password="ada:z\u0142oty") as proxy:
        signed_in = proxy.url.replace("://", "://ada:z%C5%82oty@")
        async with parts_over(azure, HTTPS_PROXY=signed_in, **HERE) as parts:
            assert (await parts.rotation.turn(parts.target())).result is Result.DONE


@pytest.mark.parametrize("call", ["turn", "proof"])
async def test_a_proxy_whose_name_has_no_address_is_named_as_the_proxy(azure: Azure, call: str) -> None:
    async with parts_over(azure, HTTPS_PROXY="http://proxy.invalid:3128", **HERE) as parts:
        if call == "turn":
            error = (await parts.rotation.turn(parts.target())).error
            assert error is not None
            said = error.what
            assert error.next_step == "correct HTTPS_PROXY, or let this app reach the proxy"
        else:
            said = (await parts.endpoint.try_key(azure.world.endpoint(parts.account()), ApiKey("x" * 40))).detail
    assert "the host name proxy.invalid of the proxy has no address" in said


async def test_a_password_for_the_proxy_is_sent_to_it_and_never_shown(azure: Azure) -> None:
    with everything_logged() as tape:
        async with a_proxy(password="ada:a-secret/word") as proxy:
            signed_in = proxy.url.replace("://", "://ada:a-secret%2Fword@")
            async with parts_over(azure, HTTPS_PROXY=signed_in, **HERE) as parts:
                assert (await parts.rotation.turn(parts.target())).result is Result.DONE
                shown = repr(parts.connections.proxy)
            async with parts_over(azure, HTTPS_PROXY=signed_in.replace("word", "else"), **HERE) as parts:
                refused = (await parts.rotation.turn(parts.target())).error
    assert refused is not None
    assert "(407 Proxy Authentication Required)" in refused.what
    assert "a-secret" not in f"{shown} {refused} {refused.next_step} {tape.text}"


async def test_a_netrc_file_adds_nothing_to_a_call(
    behind: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login ada password another-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert (await behind.rotation.turn(behind.target())).result is Result.DONE


async def test_the_doctor_learns_the_proxy_and_which_host_it_refuses(behind: Parts, proxy: AProxy) -> None:
    connections, vault = behind.connections, next(iter(behind.azure.world.vaults.values())).url
    accounts: Any = behind.accounts
    examiner = AzureExaminer(accounts._credential, accounts._credential, "https://arm", connections, managed=True)
    assert examiner.proxy is not None
    assert (examiner.proxy.address, examiner.proxy.exceptions) == (proxy.url, "")
    proxy.refuses.add(where(vault))
    with pytest.raises(TryLater) as caught:
        await examiner.reachability(vault)
    assert caught.value.what == (
        f"the address does not answer (the proxy refused to connect to {where(vault)} (403 Forbidden))."
    )


async def test_without_a_proxy_nothing_is_said_of_one(parts: Parts) -> None:
    accounts: Any = parts.accounts
    examiner = AzureExaminer(accounts._credential, accounts._credential, "https://arm", parts.connections, managed=True)
    assert examiner.proxy is None
