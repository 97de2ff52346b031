"""The page of an app that invalid settings stop, of an error that hides all targets, and of who may not see it."""

import pytest

from shared.domain.errors import FixConfiguration, GrantRole, TryLater
from shared.findings.commands import AppName
from shared.findings.verdict import Tone
from shared.settings.environment import NAMES, read_settings
from shared.web.callers import Caller, Refused
from shared.web.pages.denied import denied
from shared.web.pages.links import Links
from shared.web.pages.render import render
from shared.web.pages.shell import Shell, shell_of
from shared.web.pages.stopped import EXAMPLES, StoppedPage, hidden_by, stopped
from tests.web.pages.fleets import CALLER, ENVIRONMENT, NOW, SAID
from tests.web.pages.reading import Reader

MARKUP = "<script>alert(1)</script>"
APP = AppName.read(ENVIRONMENT)


def a_shell() -> Shell:
    return shell_of(CALLER, ENVIRONMENT, Links(), NOW)


def stopped_by(**wrong: str) -> StoppedPage:
    with pytest.raises(FixConfiguration) as caught:
        read_settings({**SAID, **wrong})
    return stopped(caught.value.each, a_shell(), APP)


def test_every_wrong_setting_is_named_at_once_with_what_is_right_and_the_command() -> None:
    page = stopped_by(ROTATION_MOD=MARKUP, ROTATION_PERIOD="monthly")
    found = Reader(render("stopped.html", page=page, shell=page.shell))
    assert found.within("h1") == "Stopped. Nothing is being done: 2 settings are invalid."
    assert "Published keys go on working" in found.text
    assert "ROTATION_MOD is not a setting; the nearest is ROTATION_MODE. Rename it to ROTATION_MODE." in found.text
    assert "Write a valid value, such as P30D." in found.text
    assert (
        "az functionapp config appsettings set --resource-group rg-keys --name func-keys "
        "--settings ROTATION_PERIOD=P30D" in found.text
    )
    assert (
        "az functionapp config appsettings delete --resource-group rg-keys --name func-keys "
        "--setting-names ROTATION_MOD" in found.text
    )
    assert found.tags().count("script") == 1
    assert "healthy" not in found.within("main")


def test_a_stopped_app_is_red_and_its_tab_says_so() -> None:
    page = stopped_by(ROTATION_PERIOD="monthly")
    assert (page.shell.tone, page.shell.tab) == (Tone.RED, "Stopped · Key rotation")


def test_a_setting_with_spaces_in_its_example_is_quoted_for_a_shell() -> None:
    [wrong] = stopped_by(ROTATION_WINDOW="always").wrong
    assert wrong.commands[0].endswith("--settings 'ROTATION_WINDOW=Mon-Fri 09:00-16:00 Europe/Berlin'")


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) & set(NAMES)))
def test_every_example_is_a_valid_value_unless_a_word_in_it_is_to_be_replaced(name: str) -> None:
    replaced = EXAMPLES[name].replace("SUBSCRIPTION-ID", "00000000-0000-4000-8000-000000000001")
    value = replaced.replace("VAULT-NAME", "keys").replace("TOPIC-ENDPOINT", "topic.example.com")
    assert read_settings({**SAID, name: value})


def test_every_setting_with_one_simple_value_has_an_example() -> None:
    particular = {
        "ROTATION_TARGETS",
        "ROTATION_LOG_WORKSPACE_ID",
        "ROTATION_CALLERS",
        "ROTATION_OPERATOR_SCOPES",
        "EVENT_GRID_TOPIC_ID",
        "AZURE_CLIENT_ID",
    }
    assert set(NAMES) - set(EXAMPLES) == particular


def test_an_error_that_hides_every_target_is_shown_with_what_to_do() -> None:
    page = hidden_by(GrantRole("the vault", "may not be read."), a_shell())
    found = Reader(render("stopped.html", page=page, shell=page.shell))
    assert found.within("h1") == "The targets cannot be read now."
    assert "the vault" in found.within("h3")
    assert "may not be read." in found.text
    assert page.shell.tone is Tone.RED
    assert hidden_by(TryLater("the vault", "was slow."), a_shell()).shell.tone is Tone.AMBER


def test_who_lacks_the_role_is_told_who_is_signed_in_what_is_missing_and_whom_to_ask() -> None:
    caller = Caller("ada@example.com", frozenset({"Rotation.Deployer"}))
    page = denied(Refused(403, "RoleMissing", ""), caller, "Rotation.Reader", a_shell())
    found = Reader(render("denied.html", page=page, shell=page.shell))
    assert found.within("h1") == "You may not see this page."
    assert "ada@example.com is signed in, with Rotation.Deployer. The role Rotation.Reader is missing." in found.text
    assert "Ask whoever runs this app" in found.text
    assert "/.auth/logout" in found.links()


def test_who_is_not_signed_in_can_sign_in_and_comes_back() -> None:
    page = denied(Refused(401, "NotSignedIn", "Call with a token."), None, "Rotation.Reader", a_shell())
    found = Reader(render("denied.html", page=page, shell=page.shell))
    assert "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fstatus" in found.links()
    assert "role Rotation.Reader is missing" not in found.text
