"""Recorded lives with several accounts: enrolment, accounts that cannot be read, and the brake."""

from tests.recordings.azure import OTHER_SUBSCRIPTION
from tests.recordings.stage import Stage
from tests.recordings.steps import ON, Life, asks, changes, happens, runs_every_read_only_command, tick, until


def only_one_subscription(stage: Stage) -> None:
    directory = stage.world.directory
    held = [role for role, _ in directory.identities["app"].assignments]
    directory.revoke("app")
    for role in held:
        directory.assign("app", role, f"/subscriptions/{stage.world.subscription}")


def tagged(**tags: str) -> dict[str, dict[str, str]]:
    return {"tags": {"key-rotation": "on"} | {f"key-rotation-{name}".replace("_", "-"): t for name, t in tags.items()}}


MANY = tuple(f"chat-{number}" for number in range(1, 5))


def networks_are(state: str):
    """Refuse the app the access to all accounts, or permit it again."""

    def change(stage: Stage) -> None:
        for name in MANY:
            stage.world.accounts.update(stage.account(name).id, {"public_network_access": state})

    return happens(f"all networks are {state}", change)


# With more turns than the brake allows failures, what is scheduled waits once that many targets have failed.
BRAKED = Life(
    accounts=dict.fromkeys(MANY, ON),
    settings={"ROTATION_BRAKE": "2"},
    steps=(
        tick("the first tick adopts"),
        until(26),
        networks_are("Disabled"),
        until(30),
        runs_every_read_only_command(),
        networks_are("Enabled"),
        until(31),
    ),
)

FLEET = Life(
    accounts={
        "chat": ON,
        "search": tagged(period="P60D", overlap="P7D", owner="search", sunset="2026-12-31", secret="the-search-key"),
        "clash": tagged(),
        "key": tagged(secret="clash-key"),
        "far": {**ON, "subscription": OTHER_SUBSCRIPTION},
        "misspelt": tagged(peroid="P60D"),
        "nonsense": tagged(period="a month", overlap="P90D"),
        "abroad": tagged(vault="https://somebody.vault.azure.net"),
        "word": {"tags": {"key-rotation": "yes"}},
        "off": {"tags": {"key-rotation": "off"}},
        "stranger": {},
        "Odd.Name_1": tagged(after_deployment="production PT2H"),
        "keyless": {**ON, "disable_local_auth": True},
    },
    settings={"ROTATION_SECRETS": "the-{account}-key, clash-{account}"},
    steps=(
        runs_every_read_only_command(),
        tick("the first tick adopts who can be adopted"),
        runs_every_read_only_command(),
        happens("one subscription cannot be read any more", only_one_subscription),
        tick("one subscription cannot be read"),
        runs_every_read_only_command(),
        asks("POST", "rotate", {"targets": "all", "dry_run": True}),
        asks("POST", "deployments", {"environment": "production"}, "release 1"),
        asks("POST", "targets/far/rotate", {}, "far"),
        asks("POST", "targets/far/leak", {"key": "live"}, "far leak"),
        until(3),
        changes("a wrong tag is corrected", "misspelt", **tagged(period="P60D")),
        changes("an account leaves", "chat", tags={}),
        until(5),
        runs_every_read_only_command(),
    ),
)

OF_FLEETS: dict[str, Life] = {"fleet": FLEET, "braked": BRAKED}
