"""An operator who is limited to a scope, in the running app behind the platform's authentication (S4)."""

import base64
import json

from shared.settings.operators import SETTING
from tests.end_to_end.calls import Doors, regenerations
from tests.end_to_end.conftest import a_host, published
from tests.end_to_end.test_app_roles import Signed

ADA, BOB = "aaaaaaaa-0000-0000-0000-00000000000a", "bbbbbbbb-0000-0000-0000-00000000000b"
SIGN_IN = {"WEBSITE_AUTH_ENABLED": "True", "ROTATION_SIGN_IN": "required"}


def operator(who: str) -> str:
    """Return the header about an operator with this object id."""
    claims = [{"typ": "oid", "val": who}, {"typ": "roles", "val": "Rotation.Operator"}]
    whole = {"auth_typ": "aad", "claims": claims, "role_typ": "roles"}
    return base64.b64encode(json.dumps(whole).encode()).decode()


async def test_an_operator_of_one_account_ends_its_key_and_no_other_ones(azure, http) -> None:
    for name in ("chat", "search"):
        published(azure, azure.world.accounts.named(name), days_ago=10)
    chat, search = (azure.world.accounts.named(name) for name in ("chat", "search"))
    async with a_host(azure, **SIGN_IN, **{SETTING: f"{ADA}={chat.id}"}) as host:
        signed = Signed(Doors(host, http))
        for path in ("targets/search/leak", f"targets/-/leak?account={search.id}"):
            told = await signed.ask("POST", path, {"key": "live"}, operator(ADA))
            assert (told.status, told.data["title"]) == (403, "OutOfScope")
        assert await host.logged('"title": "OutOfScope"')
        assert not regenerations(azure)
        assert (await signed.ask("POST", "targets/chat/leak", {"key": "live"}, operator(ADA))).status == 200
        assert (await signed.ask("POST", "targets/search/leak", {"key": "live"}, operator(BOB))).status == 200
        assert not host.activity.finished_of("turn")
