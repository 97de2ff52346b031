"""A cold start of the function app costs hardly more than importing the Functions SDK."""

import pytest

from tests.architecture.start_up import APP, FORTY_ROUTES, SDK, Cost, cost_of

ALLOWED = 1.15  # times the cost of importing azure.functions
ONLY_WHEN_USED = {"msgspec", "jinja2", "aiohttp", "azure.core", "icalendar"}


@pytest.fixture(scope="module")
def sdk() -> Cost:
    return cost_of(SDK)


@pytest.mark.parametrize("code", [APP, FORTY_ROUTES], ids=["the app as it is", "the app with forty routes"])
def test_importing_the_function_app_costs_at_most_15_percent_more_than_the_sdk(code: str, sdk: Cost) -> None:
    app = cost_of(code)
    assert app.instructions <= ALLOWED * sdk.instructions
    assert app.code <= ALLOWED * sdk.code
    assert len(app.modules) <= ALLOWED * len(sdk.modules)


@pytest.mark.parametrize("code", [APP, FORTY_ROUTES], ids=["the app as it is", "the app with forty routes"])
def test_importing_the_function_app_loads_no_package_that_only_a_request_needs(code: str) -> None:
    assert cost_of(code).modules & ONLY_WHEN_USED == set()


def test_the_measurement_gives_the_same_numbers_every_time(sdk: Cost) -> None:
    assert cost_of(SDK) == sdk


def test_the_measurement_notices_a_package_that_is_loaded_too_early(sdk: Cost) -> None:
    early = cost_of("import function_app, icalendar")
    assert "icalendar" in early.modules
    assert early.instructions > ALLOWED * sdk.instructions
    assert len(early.modules) > ALLOWED * len(sdk.modules)
