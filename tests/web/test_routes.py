"""The table of HTTP routes: handlers, app roles and the OpenAPI description fit it."""

from typing import Any

from shared.handlers.http import HANDLERS
from shared.web.callers import Caller, Role
from shared.web.openapi import openapi_document
from shared.web.routes import ROUTES

OPERATIONS = [operation for route in ROUTES.values() for operation in route.operations.values()]


def test_every_operation_has_one_handler_and_no_handler_is_left_over() -> None:
    assert sorted(OPERATIONS) == sorted(HANDLERS)
    assert len(set(HANDLERS.values())) == len(HANDLERS)


def test_every_role_of_a_route_is_an_app_role_and_only_health_has_none() -> None:
    assert {route.name for route in ROUTES.values() if route.role not in [*Role]} == {"health"}


def test_no_two_routes_share_a_path() -> None:
    assert len({route.path for route in ROUTES.values()}) == len(ROUTES)


def test_exactly_the_routes_that_act_can_queue_turns() -> None:
    """A request for many is stopped by a note, which needs no queue."""
    assert {route.name for route in ROUTES.values() if route.queues != route.acts} == {"rotation"}


def test_a_page_is_no_part_of_the_api_and_acts_by_post_only() -> None:
    pages = [route for route in ROUTES.values() if route.page]
    assert [route.name for route in pages if route.acts] == ["act_page"]
    for route in pages:
        assert {method for method in route.operations if route.acts_by(method)} <= {"POST"}


def test_opening_a_page_on_which_operators_act_needs_their_role_and_changes_nothing() -> None:
    route = ROUTES["act_page"]
    assert (route.role_of("GET"), route.acts_by("GET"), route.acts_by("HEAD")) == (Role.OPERATOR, False, False)


def test_an_operator_stops_a_request_for_many_and_a_reader_sees_it() -> None:
    route = ROUTES["rotation"]
    assert (route.role_of("GET"), route.role_of("delete")) == (Role.READER, Role.OPERATOR)
    assert (route.acts_by("GET"), route.acts_by("DELETE")) == (False, True)


def test_a_deployer_may_only_report_deployments() -> None:
    assert {route.name for route in ROUTES.values() if route.role == Role.DEPLOYER} == {"deployments"}
    caller = Caller("a pipeline", frozenset({Role.DEPLOYER}))
    opened = {route.name for route in ROUTES.values() if route.role and caller.may(Role(route.role))}
    assert opened == {"deployments"}
    operator = Caller("an operator", frozenset({Role.OPERATOR}))
    assert operator.may(Role.DEPLOYER)


def test_auditors_alone_see_who_can_read_keys_and_where_copies_lie() -> None:
    names = {"readers", "target_readers", "copies", "target_copies"}
    assert {route.name for route in ROUTES.values() if route.role == Role.AUDITOR and not route.page} == names
    reader = Caller("a reader", frozenset({Role.READER, Role.OPERATOR, Role.DEPLOYER}))
    assert not any(reader.may(Role(ROUTES[name].role or "")) for name in names)


def test_the_openapi_description_has_every_path_and_method_with_its_operation_and_role() -> None:
    paths: dict[str, Any] = openapi_document()["paths"]
    described = {
        path: {method.upper(): facts["operationId"] for method, facts in operations.items() if method != "parameters"}
        for path, operations in paths.items()
    }
    api = [route for route in ROUTES.values() if not route.page]
    assert described == {f"/{route.path}": route.operations for route in api}
    for route in api:
        for method in route.operations:
            facts = paths[f"/{route.path}"][method.lower()]
            assert (route.role_of(method) or "every caller") in facts["description"]
            assert ("security" in facts) == (route.role is None)
