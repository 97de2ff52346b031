"""The commands of findings: the real names filled in, and quoted so that a shell does nothing else."""

import shlex

import pytest

from shared.findings.codes import Code
from shared.findings.commands import AppName, commands_for, enrolling
from shared.findings.kinds import Finding
from tests.web.pages.fleets import ENVIRONMENT, a_target

TARGET = a_target("chat")
ACCOUNT = str(TARGET.account)
TAG = f"az tag update --operation merge --resource-id {ACCOUNT} --tags "
SET = "az functionapp config appsettings set --resource-group rg-keys --name func-keys --settings "


def said(code: Code, says: str = "", *, tagged: bool = True) -> tuple[str, ...]:
    finding = Finding(code, "chat", says, account=ACCOUNT)
    return commands_for(finding, TARGET, AppName.read(ENVIRONMENT), tagged=tagged)


@pytest.mark.parametrize(
    ("code", "command"),
    [
        (Code.LEAKED_KEY_WORKS, "python -m cli leak chat --key previous"),
        (Code.PUBLISHED_KEY_DEAD, "python -m cli rotate chat"),
        (Code.SUNSET_PAST, "python -m cli plan chat"),
        (Code.TRIAL_CANNOT_END, "python -m cli trial chat --end"),
        (Code.TRIAL_WAITS_FOR_YOU, "python -m cli trial chat --end --despite-leak"),
        (Code.TRIAL_RUNS, "python -m cli trial chat --end"),
        (Code.ON_HOLD, "python -m cli hold chat --lift"),
        (Code.UNSEEN, "python -m cli doctor"),
        (Code.LEFT, f"{TAG}key-rotation=on"),
        (Code.SUNSET_NEAR, f"{TAG}key-rotation-sunset=YYYY-MM-DD"),
        (Code.NO_OWNER, f"{TAG}key-rotation-owner=OWNER"),
        (Code.PERIOD_DIFFERS, f"{TAG}key-rotation-period=P30D"),
        (Code.SECRET_DELETED, "az keyvault secret recover --vault-name keys --name chat-key"),
        (
            Code.SECRET_DISABLED,
            "az keyvault secret set-attributes --vault-name keys --name chat-key --enabled true",
        ),
        (Code.NOTHING_IS_DONE, f"{SET}ROTATION_MODE=rotate"),
        (Code.NOBODY_IS_TOLD, f"{SET}EVENT_GRID_TOPIC_ENDPOINT=https://TOPIC-ENDPOINT/api/events"),
    ],
)
def test_a_finding_leads_to_its_command(code: Code, command: str) -> None:
    assert said(code) == (command,)


def test_a_wrong_tag_is_named_in_the_command_with_a_valid_example() -> None:
    [command] = said(Code.NOT_ENROLLABLE, "account chat-prod, tags, period: 'monthly' is not an ISO 8601 duration.")
    assert command == f"{TAG}key-rotation-period=P30D"


def test_two_wrong_tags_are_one_command() -> None:
    [command] = said(Code.NOT_ENROLLABLE, "account chat, tags, period: no. account chat, tags, sunset: no date.")
    assert command == f"{TAG}key-rotation-period=P30D key-rotation-sunset=YYYY-MM-DD"


def test_unused_keys_of_a_target_end_on_an_agreed_date_and_never_unannounced() -> None:
    [command] = said(Code.KEYS_UNUSED)
    assert command.endswith("key-rotation-sunset=YYYY-MM-DD")


def test_no_tag_is_changed_where_the_settings_list_the_target() -> None:
    assert said(Code.SUNSET_NEAR, tagged=False) == ()
    assert said(Code.UNSEEN, tagged=False) == ("python -m cli doctor",)


def test_keys_of_an_account_that_nobody_enrolled_are_looked_at_and_switched_off_before_they_are_rotated() -> None:
    assert said(Code.NOT_ENROLLED, tagged=False) == (
        f"python -m cli readiness --account {ACCOUNT}",
        f"az resource update --ids {ACCOUNT} --set properties.disableLocalAuth=true",
        f"{TAG}key-rotation=on",
    )


def test_a_target_that_is_known_by_its_account_alone_is_named_by_it() -> None:
    [command] = commands_for(Finding(Code.PUBLISHED_KEY_DEAD, ACCOUNT, ""))
    assert command == f"python -m cli rotate --account {ACCOUNT}"


def test_a_request_for_many_is_shown_by_its_id() -> None:
    assert commands_for(Finding(Code.MANY_LEFT, "rotations 4f0c2a", "")) == ("python -m cli rotations 4f0c2a",)


def test_who_regenerated_a_key_is_looked_up_in_the_activity_log() -> None:
    [command] = said(Code.DRIFT_HEALED)
    words = shlex.split(command)
    assert words[:6] == ["az", "monitor", "activity-log", "list", "--resource-id", ACCOUNT]
    query = words[words.index("--query") + 1]
    assert query == "[?contains(operationName.value, 'regenerateKey')].{when: eventTimestamp, who: caller}"


def test_who_switched_keys_on_again_is_looked_up_there_too() -> None:
    [command] = said(Code.KEYS_BACK_ON)
    query = "[?contains(operationName.value, 'accounts/write')].{when: eventTimestamp, who: caller}"
    assert query in shlex.split(command)


def test_an_app_whose_name_is_not_known_has_words_to_replace() -> None:
    assert AppName.read({}).set("ROTATION_MODE", "rotate") == (
        "az functionapp config appsettings set --resource-group RESOURCE-GROUP --name APP-NAME "
        "--settings ROTATION_MODE=rotate"
    )


@pytest.mark.parametrize("code", Code)
def test_hostile_names_stay_one_word_of_a_shell(code: Code) -> None:
    name = "chat; rm -rf / #`id`$(id)'\""
    for command in commands_for(Finding(code, name, "tags, period: no", account="/subscriptions/x; id/accounts/y")):
        assert shlex.join(shlex.split(command)) == command
        assert name not in command or name in shlex.split(command)


def test_an_account_is_enrolled_by_a_tag() -> None:
    assert enrolling(ACCOUNT) == f"{TAG}key-rotation=on"
