"""The status of a fleet: what is to be done, grouped, and its parts for one team."""

from dataclasses import replace

from lab.simulation.dates import days, hours, minutes
from shared.domain.errors import FixConfiguration, GrantRole
from shared.findings.codes import Code, Urgency
from shared.findings.facts import Checks
from shared.findings.kinds import Finding
from shared.findings.states import State
from shared.findings.status import status_of
from tests.support.facts import NOW, SETTINGS, a_row, facts_of, quiet_target, status_in

SOON = hours(20)


def fleet(*names: str, **facts):
    return [a_row(target=quiet_target(name, **facts)) for name in names]


def test_equal_findings_are_one_group_with_the_first_to_end_in_front() -> None:
    rows = [a_row(target=quiet_target(name, sunset=NOW + hours(n))) for n, name in ((20, "search"), (3, "chat"))]
    [group] = status_in(facts_of(*rows)).to_do
    assert (group.code, group.targets, group.first.target) == (Code.SUNSET_NEAR, ["chat", "search"], "chat")


def test_what_is_to_do_and_what_is_to_watch_are_apart_also_for_one_kind() -> None:
    rows = [a_row(target=quiet_target(name, sunset=NOW + days(n))) for n, name in ((1, "chat"), (9, "search"))]
    status = status_in(facts_of(*rows))
    assert [one.targets for one in status.to_do] == [["chat"]]
    assert [one.targets for one in status.to_watch] == [["search"]]


def test_the_gravest_comes_first() -> None:
    chat = replace(a_row(), error=GrantRole("chat", "it may not list keys."))
    refused = FixConfiguration("subscription 1", "it is disabled.")
    refused.was_refused = True
    status = status_in(facts_of(chat, problems=[refused], settings=replace(SETTINGS, topic=None)))
    assert [group.code for group in status.to_do] == [Code.REFUSED, Code.NOBODY_IS_TOLD, Code.UNSEEN]


def test_a_team_sees_its_own_findings_and_those_of_the_app() -> None:
    rows = [*fleet("chat", sunset=NOW + SOON), *fleet("search", sunset=NOW + SOON)]
    whole = status_in(facts_of(*rows, checks=Checks(NOW - hours(3), minutes(10))))
    part = whole.only(lambda one: one.row.target.owner == "chat-team")
    assert [one.name for one in part.targets] == ["chat"]
    assert sorted((one.code, one.target) for one in part.findings) == [
        (Code.CHECKS_LATE, "checks"),
        (Code.SUNSET_NEAR, "chat"),
    ]


def test_a_target_whose_turns_fail_is_not_stale_and_keeps_its_dates() -> None:
    row = replace(a_row(), error=GrantRole("chat", "it may not regenerate."), fails=True)
    [target] = status_in(facts_of(row)).targets
    assert not target.is_stale
    assert target.next is not None


def test_a_target_that_cannot_be_read_is_stale_and_has_no_date() -> None:
    [target] = status_in(facts_of(replace(a_row(), error=GrantRole("chat", "it may not.")))).targets
    assert target.is_stale
    assert target.next is None


def test_findings_that_only_have_a_name_belong_to_the_target_of_that_name() -> None:
    status = status_in(facts_of(a_row(target=quiet_target(owner=None))))
    [target] = status.targets
    [found] = target.findings
    assert (found.code, found.urgency, found.account) == (
        Code.NO_OWNER,
        Urgency.IMPROVE,
        str(target.row.target.account),
    )


def test_a_leak_that_was_reported_by_name_belongs_to_every_target_of_that_name_in_any_case() -> None:
    leak = Finding(Code.LEAK_NOT_ENDED, "CHAT", "A leak was reported.")
    status = status_of(facts_of(*fleet("chat", "search")), [leak])
    assert {one.name: one.state for one in status.targets} == {"chat": State.ACTION, "search": State.HEALTHY}
