"""The host's check of its storage account, and what the log says of it."""

from lab.funchost.health import CHECK
from tests.lab.funchost.conftest import NO_STORAGE, settings_with

UNHEALTHY = f"Health check {CHECK} is Unhealthy"


async def test_a_storage_account_that_answers_is_healthy_and_the_log_says_nothing(start_host, settings) -> None:
    host = await start_host("every", settings, listeners=False, health_seconds=0.05)
    assert await host.checked() == ""
    assert not [one for one in host.logs if CHECK in one.message]


async def test_a_storage_account_that_does_not_answer_is_reported_once(start_host, waits) -> None:
    host = await start_host("every", settings_with(NO_STORAGE), listeners=False, health_seconds=0.05)
    assert await host.checked(60) != ""
    warning = await host.logged(UNHEALTHY)
    assert (warning.level, warning.source) == ("WARNING", "host")
    assert "Unable to access AzureWebJobsStorage" in warning.message


async def test_a_check_without_a_connection_is_unhealthy_and_the_host_runs(start_host) -> None:
    without = {**settings_with(NO_STORAGE), "AzureWebJobsStorage": ""}
    host = await start_host("every", without, listeners=False)
    assert "AzureWebJobsStorage" in await host.checked()


async def test_a_host_without_checks_does_not_ask(start_host, settings) -> None:
    host = await start_host("every", settings, listeners=False, health_seconds=0)
    assert host.health.problem is None
