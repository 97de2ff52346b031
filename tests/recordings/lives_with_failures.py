"""Recorded lives with failures: failing services, states that need a person, and refused callers."""

import base64
import json

from tests.recordings.stage import Stage
from tests.recordings.steps import Life, asks, changes, happens, runs_every_read_only_command, sets, tick, types, until

ROTATOR, PUBLISHER = "Azure OpenAI key rotator", "Azure OpenAI key publisher"


def role_is_taken(role: str):
    return happens(f"the role {role} is taken", lambda stage: stage.world.directory.revoke("app", role))


def role_is_given(role: str):
    return happens(f"the role {role} is given", lambda stage: stage.world.directory.assign("app", role))


def the_new_key_is_late(seconds: float):
    return happens(
        f"a new key is taken after {seconds} s",
        lambda stage: setattr(stage.account().lag, "new_after", seconds),
    )


def another_turn_holds_the_lease(stage: Stage) -> None:
    """Hold every lease without an end, as a turn that never ends would."""
    for blob in _leases(stage):
        blob.lease.acquire(stage.world.clock.now(), -1, None)


def the_lease_is_free(stage: Stage) -> None:
    for blob in _leases(stage):
        blob.lease.release(blob.lease.id)


def _leases(stage: Stage):
    containers = stage.world.blobs.containers.values()
    return [blob for one in containers for blob in one.blobs.values() if blob.name.startswith("chat")]


FAILURES = Life(
    steps=(
        role_is_taken("Everything that is imitated"),
        tick("the first tick adopts"),
        until(40),
        the_new_key_is_late(3600),
        asks("POST", "targets/chat/rotate", {"reason": "proof will fail"}, "proof 1"),
        tick("the proof fails"),
        until(41),
        the_new_key_is_late(0),
        tick("nothing goes on by itself"),
        until(50),
        the_new_key_is_late(20),
        asks("POST", "targets/chat/rotate", {"reason": "proof takes a while"}, "proof 2"),
        until(55),
        the_new_key_is_late(0),
        changes("the network is closed", public_network_access="Disabled"),
        asks("POST", "targets/chat/rotate", {"reason": "no proof"}, "proof 3"),
        runs_every_read_only_command(),
        changes("the network is open", public_network_access="Enabled"),
        until(60),
        role_is_taken(ROTATOR),
        asks("POST", "targets/chat/rotate", {}, "no role 1"),
        tick("without the role on the accounts"),
        runs_every_read_only_command(),
        role_is_given(ROTATOR),
        role_is_taken(PUBLISHER),
        asks("POST", "targets/chat/rotate", {}, "no role 2"),
        asks("POST", "targets/chat/leak", {"key": "live"}, "no role 3"),
        tick("without the role on the vault"),
        runs_every_read_only_command(),
        role_is_given(PUBLISHER),
        tick("all is back"),
        until(70),
        happens("another turn holds the target", another_turn_holds_the_lease),
        asks("POST", "targets/chat/rotate", {}, "held"),
        types("rotate", "chat", "--id", "h-1"),
        tick("held by another turn"),
        runs_every_read_only_command(),
        happens("the other turn ends", the_lease_is_free),
        tick("at rest"),
        happens("another turn holds the target", another_turn_holds_the_lease),
        asks("POST", "targets/chat/leak", {"key": "live"}, "a leak takes it over"),
        until(72),
    ),
)

A_PERSON = Life(
    steps=(
        tick("the first tick adopts"),
        until(2),
        happens("the secret is deleted", lambda stage: stage.vault.delete_secret("chat-key")),
        tick("the secret is deleted"),
        runs_every_read_only_command(),
        asks("POST", "targets/chat/rotate", {}, "deleted"),
        asks("POST", "targets/chat/leak", {"key": "live"}, "leaked and deleted"),
        happens("it is recovered", lambda stage: stage.vault.recover_deleted("chat-key")),
        tick("it is back"),
        happens("its version is disabled", lambda stage: stage.vault.update_secret("chat-key", enabled=False)),
        tick("the secret is disabled"),
        runs_every_read_only_command(),
        asks("POST", "targets/chat/rotate", {}, "disabled"),
        happens("it is enabled", lambda stage: stage.vault.update_secret("chat-key", enabled=True)),
        until(5),
        happens(
            "somebody writes another value under the name",
            lambda stage: stage.vault.set_secret("chat-key", "nobody's key", tags={"team": "search"}),
        ),
        tick("the secret is somebody else's"),
        runs_every_read_only_command(),
        asks("POST", "targets/chat/rotate", {}, "foreign"),
        until(8),
    ),
)


def signed_in(*roles: str) -> dict[str, str]:
    """Return the header in which App Service names the caller."""
    claims = [{"typ": "preferred_username", "val": "ada@example.com"}, *({"typ": "roles", "val": o} for o in roles)]
    principal = json.dumps({"auth_typ": "aad", "role_typ": "roles", "claims": claims})
    return {"X_MS_CLIENT_PRINCIPAL": base64.b64encode(principal.encode()).decode()}


LONG = "x" * 201
INVALID_REQUESTS = Life(
    steps=(
        tick("the first tick adopts"),
        asks("GET", "health"),
        asks("GET", "status"),
        asks("GET", "targets/nobody"),
        asks("POST", "targets/nobody/rotate", {}),
        asks("POST", "targets/nobody/leak", {"key": "live"}),
        asks("PUT", "targets/nobody/deployment", {"environment": "production"}),
        asks("POST", "rotate", {"targets": ["chat", "nobody"]}),
        asks("POST", "targets/chat/rotate", {"raeson": "misspelt"}),
        asks("POST", "targets/chat/rotate", {"reason": LONG}),
        asks("POST", "targets/chat/rotate", {"dry_run": "yes"}),
        asks("POST", "targets/chat/rotate", [1]),
        asks("POST", "targets/chat/rotate", b"{not json"),
        asks("POST", "targets/chat/rotate", b"a=b", None, Content_Type="text/plain"),
        asks("POST", "targets/chat/rotate", b" " * 17000),
        asks("POST", "targets/chat/rotate", {}, "k" * 256),
        asks("POST", "targets/chat/leak", {}),
        asks("POST", "targets/chat/leak", {"key": "both", "wait": "P1D"}),
        asks("PUT", "targets/chat/deployment", {"environment": "no spaces"}),
        asks("PUT", "targets/chat/deployment", {"environment": "production", "latest": "tomorrow"}),
        asks("POST", "deployments", {}),
        asks("POST", "rotate", {"targets": []}),
        *(asks("DELETE", path) for path in ("health", "targets", "targets/chat", "deadlines", "deadlines.ics")),
        *(asks("GET", path) for path in ("targets/chat/rotate", "targets/chat/leak", "targets/chat/deployment")),
        *(asks("PUT", path) for path in ("rotate", "deployments", "status", "openapi.json")),
        types("plan", "nobody"),
        types("rotate", "nobody", "--id", "n-1"),
        types("leak", "chat", "--key", "neither"),
        types("arm", "chat", "--environment", "no spaces"),
        sets(WEBSITE_AUTH_ENABLED="true"),
        asks("GET", "deadlines"),
        asks("GET", "deadlines", None, None, **signed_in()),
        asks("GET", "deadlines", None, None, **signed_in("Rotation.Reader")),
        asks("POST", "targets/chat/rotate", {"dry_run": True}, None, **signed_in("Rotation.Reader")),
        asks("POST", "targets/chat/rotate", {"dry_run": True}, None, **signed_in("Rotation.Operator")),
        asks("POST", "targets/nobody/rotate", {}, None, **signed_in("Rotation.Operator")),
        asks("POST", "rotate", {"targets": "all"}, None, **signed_in("Rotation.Operator")),
        asks("POST", "deployments", {"environment": "production"}, None, **signed_in("Rotation.Operator")),
        sets(WEBSITE_AUTH_ENABLED=None),
        sets(ROTATION_OVERLAP="P90D", ROTATION_PERIDO="P1D", ROTATION_MODE="sometimes"),
        types("plan"),
        types("doctor"),
        asks("GET", "status"),
        asks("POST", "targets/chat/leak", {"key": "live"}, "with wrong settings"),
    ),
)

OBSERVED = Life(
    settings={"ROTATION_MODE": "observe"},
    steps=(
        tick("the first tick would adopt"),
        runs_every_read_only_command(),
        asks("POST", "targets/chat/rotate", {}, "observed"),
        sets(ROTATION_MODE="rotate"),
        until(30),
        sets(ROTATION_MODE="observe"),
        until(40),
        asks("POST", "targets/chat/rotate", {}, "observed 2"),
        asks("POST", "targets/chat/leak", {"key": "live"}, "observed 3"),
        asks("PUT", "targets/chat/deployment", {"environment": "production"}, "observed 4"),
        types("rotate", "chat", "--id", "o-1"),
        until(65),
        runs_every_read_only_command(),
        sets(ROTATION_MODE="rotate"),
        tick("what was due is done"),
        until(70),
    ),
)


WITH_FAILURES: dict[str, Life] = {
    "failures": FAILURES,
    "a-person-must-look": A_PERSON,
    "at-the-doors": INVALID_REQUESTS,
    "observed": OBSERVED,
}
