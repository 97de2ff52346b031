"""The control surface: tests and people change and read the world over HTTP. It imitates no Azure service.

It has its own port and uses JSON over plain HTTP on the loopback address. A POST returns the state after the change. An
invalid body is answered with 400 and the reason, an unknown name with 404. Keys and secret values are shown only by
`GET /state?reveal=1`. In tests/lab/emulator, test_control.py and test_limits.py have an example of each path.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web

from lab.emulator.accounts import SLOTS, Account, fingerprint
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.faults import Rule
from lab.emulator.snapshot import snapshot, use_json
from lab.emulator.surfaces import control_limits, control_restrictions
from lab.emulator.surfaces.account_changes import network_rules, public_access
from lab.emulator.surfaces.bodies import boolean, json_list, text, texts, whole
from lab.emulator.surfaces.control_bodies import new_account, number, role_definition, scope_of
from lab.emulator.world import World

Body = dict[str, Any]
Answer = dict[str, Any]
SERVICES = ("identity", "arm", "aoai", "kv", "eg", "blob", "queue", "logs")


class Control:
    """Every path of the control surface.

    reads: The functions that answer GET, by path.
    writes: The functions that answer POST, by path. Each takes the JSON body and raises KeyError, ValueError or
        TypeError if it cannot be used.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.reads: dict[str, Callable[[web.Request], Answer]] = {
            "/clock": lambda _: self._clock(),
            "/faults": lambda _: self._faults(),
            "/journal": self.journal,
            "/state": lambda request: snapshot(world, reveal=request.query.get("reveal") == "1"),
            "/events": self.events,
            "/keys/uses": self.uses,
        }
        self.writes: dict[str, Callable[[Body], Answer]] = {
            "/clock": self.set_clock,
            "/faults": self.add_fault,
            "/accounts": self.add_account,
            "/accounts/regenerate": self.regenerate,
            "/accounts/lag": self.set_lag,
            "/accounts/tags": self.set_tags,
            "/accounts/local-auth": self.set_local_auth,
            "/accounts/network": self.set_network,
            "/vaults/firewall": self.set_firewall,
            "/topics/outage": self.set_outage,
            "/topics/subscribe": self.subscribe,
            "/roles/revoke": self.revoke,
            "/roles/assign": self.assign,
            "/roles/arrive": self.arrive,
            "/roles/define": self.define,
            "/identities": self.add_identity,
            "/tokens/expire": self.expire_tokens,
            "/services": self.set_service,
            **control_restrictions.writes(world),
            **control_limits.writes(world),
        }

    def application(self) -> web.Application:
        """Return the aiohttp application that serves the control surface."""
        app = web.Application()
        for path, read in self.reads.items():
            app.router.add_get(path, _get_handler(read))
        for path, write in self.writes.items():
            app.router.add_post(path, _post_handler(write))
        app.router.add_delete("/faults", self.clear_faults)
        app.router.add_delete("/faults/{id}", self.remove_fault)
        return app

    def journal(self, request: web.Request) -> Answer:
        """Return the journal entries after number `since`."""
        since = int(request.query.get("since", "0"))
        return {"entries": [entry.to_json() for entry in self.world.journal.since(since)]}

    def events(self, request: web.Request) -> Answer:
        """Return the accepted events after number `since`, of all topics or of `topic`."""
        since, topics = int(request.query.get("since", "0")), self.world.topics
        names = [request.query["topic"]] if "topic" in request.query else list(topics)
        return {
            "events": [
                {"topic": name, **asdict(one)} for name in names for one in topics[name].accepted if one.seq > since
            ]
        }

    def uses(self, request: web.Request) -> Answer:
        """Return the recorded key uses, filtered by `account` (name or id) and `fingerprint`."""
        wanted, mark = request.query.get("account"), request.query.get("fingerprint")
        account = self.world.accounts.named(wanted).id if wanted else None
        found = [use for use in self.world.accounts.uses if account in (None, use.account)]
        return {"uses": [use_json(use) for use in found if mark in (None, use.fingerprint)]}

    def set_clock(self, body: Body) -> Answer:
        """Change the clock and return it.

        The body holds `set` (ISO 8601 text or seconds since 1970), `advance` (seconds), `frozen` (true or false), or
        several.
        """
        clock = self.world.clock
        if "set" in body:
            moment = body["set"]
            clock.set(datetime.fromisoformat(moment) if isinstance(moment, str) else number(moment, "set"))
        if "advance" in body:
            clock.advance(number(body["advance"], "advance"))
        if "frozen" in body:
            (clock.freeze if boolean(body["frozen"], "frozen") else clock.resume)()
        return self._clock()

    def add_fault(self, body: Body) -> Answer:
        """Add the fault rule that the body describes (see `faults.Rule`)."""
        return self.world.faults.put(Rule.from_json(body)).to_json()

    def add_account(self, body: Body) -> Answer:
        """Create an account. The body holds the parameters of `Accounts.add`."""
        facts = new_account({"subscription": self.world.subscription, **body})
        return {"id": self.world.accounts.add(**facts).id}

    def regenerate(self, body: Body) -> Answer:
        """Regenerate `key` (key1 or key2) of `account`, as a person or another program would, and show fingerprints."""
        account = self._account(body)
        if not isinstance(body.get("key"), str) or body["key"] not in SLOTS:
            raise ValueError("key must be key1 or key2")
        keys = self.world.accounts.regenerate(account.id, body["key"])
        return {"account": account.id, **{slot: fingerprint(value) for slot, value in keys.items()}}

    def set_lag(self, body: Body) -> Answer:
        """Set fields of `Lag`, in seconds, for `account` or for all accounts."""
        lags = {name: number(value, name) for name, value in body.items() if name != "account"}
        chosen = [self._account(body)] if body.get("account") else list(self.world.accounts)
        for account in chosen:
            unknown = set(lags) - set(asdict(account.lag))
            if unknown:
                known = ", ".join(asdict(account.lag))
                raise ValueError(f"an account has no lag {', '.join(sorted(unknown))}; known are {known}")
            for name, value in lags.items():
                setattr(account.lag, name, value)
        return {"accounts": {account.id: asdict(account.lag) for account in chosen}}

    def set_tags(self, body: Body) -> Answer:
        """Replace all tags of `account` with `tags`."""
        return self._change(body, {"tags": texts(body["tags"], "tags")})

    def set_local_auth(self, body: Body) -> Answer:
        """Set disableLocalAuth of `account` to `disabled`: true, false, or null for never set."""
        disabled = None if body["disabled"] is None else boolean(body["disabled"], "disabled")
        return self._change(body, {"disable_local_auth": disabled})

    def set_network(self, body: Body) -> Answer:
        """Set `publicNetworkAccess` or `networkAcls` of `account`."""
        changes: dict[str, Any] = {}
        if "publicNetworkAccess" in body:
            changes["public_network_access"] = public_access(body["publicNetworkAccess"])
        if "networkAcls" in body:
            changes["network_acls"] = None if body["networkAcls"] is None else network_rules(body["networkAcls"])
        return self._change(body, changes)

    def set_firewall(self, body: Body) -> Answer:
        """Make `vault` refuse every caller, or accept callers again: `closed` is true or false."""
        vault = self.world.vaults[text(body["vault"], "vault")]
        vault.firewall_closed = boolean(body["closed"], "closed")
        return {"vault": vault.name, "closed": vault.firewall_closed}

    def set_outage(self, body: Body) -> Answer:
        """Make `topic`, or every topic, answer every publish with `status`. A null status ends the outage."""
        names = [text(body["topic"], "topic")] if body.get("topic") else list(self.world.topics)
        status = None if body["status"] is None else whole(body["status"], "status")
        if status is not None and not 400 <= status < 600:
            raise ValueError("status must be null or between 400 and 599")
        for topic in [self.world.topics[name] for name in names]:
            topic.outage = status
        return {"topics": names, "status": status}

    def subscribe(self, body: Body) -> Answer:
        """Create the event subscription `name` of `topic`, `broken` or not, or replace the one of that name."""
        topic = self.world.topics[text(body["topic"], "topic")]
        made = topic.subscribe(text(body["name"], "name"), broken=boolean(body.get("broken", False), "broken"))
        return {"topic": topic.name, "name": made.name, "broken": made.broken}

    def revoke(self, body: Body) -> Answer:
        """Remove role assignments of `identity` (default: the app), filtered by `role` and `scope`."""
        return {"revoked": self.world.directory.revoke(self._identity(body), body.get("role"), body.get("scope"))}

    def assign(self, body: Body) -> Answer:
        """Assign `role` to `identity` (default: the app) on `scope` (default: everything).

        With `late` (true), it does not act before `/roles/arrive`.
        """
        identity, late = self._identity(body), boolean(body.get("late", False), "late")
        self.world.directory.assign(identity, text(body["role"], "role"), scope_of(body), late=late)
        return {"assignments": self.world.directory.identities[identity].assignments}

    def arrive(self, body: Body) -> Answer:
        """Let late assignments of `identity` (default: the app) act from now on, filtered by `role` and `scope`."""
        return {"arrived": self.world.directory.arrive(self._identity(body), body.get("role"), body.get("scope"))}

    def define(self, body: Body) -> Answer:
        """Define roles from Azure's JSON in `definitions` and assign only these to `identity` (default: the app)."""
        identity = self._identity(body)
        definitions = [role_definition(one) for one in json_list(body["definitions"], "definitions")]
        self.world.give_roles(identity, definitions, scope_of(body))
        return {"assignments": self.world.directory.identities[identity].assignments}

    def add_identity(self, body: Body) -> Answer:
        """Create the identity `name` with `roles` on `scope`, and return its ids."""
        roles = [text(one, "roles") for one in json_list(body.get("roles", []), "roles")]
        scope, directory = scope_of(body), self.world.directory
        if unknown := [role for role in roles if role not in directory.roles]:
            raise KeyError(f"no role definition named {unknown[0]!r}; define the role first")
        made = directory.add(Identity(text(body["name"], "name")), *roles, scope=scope)
        return {"name": made.name, "client_id": made.client_id, "object_id": made.object_id}

    def expire_tokens(self, _: Body) -> Answer:
        """Make every token issued so far invalid."""
        self.world.directory.expire_tokens()
        return {"expired": True}

    def set_service(self, body: Body) -> Answer:
        """Take a service down or up again: `up` is true or false. A service that is down closes every connection."""
        name, up = text(body["service"], "service"), boolean(body["up"], "up")
        if name not in SERVICES:
            raise ValueError(f"service must be one of {', '.join(SERVICES)}")
        (self.world.down.discard if up else self.world.down.add)(name)
        return {"down": sorted(self.world.down)}

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Remove all fault rules."""
        self.world.faults.clear()
        return web.json_response(self._faults())

    async def remove_fault(self, request: web.Request) -> web.Response:
        """Remove the fault rule with the number in the path: 200, or 404 if there is none."""
        known = self.world.faults.remove(int(request.match_info["id"]))
        return web.json_response(self._faults(), status=200 if known else 404)

    def _clock(self) -> Answer:
        clock = self.world.clock
        return {"now": clock.now(), "utc": clock.utcnow().isoformat(), "frozen": clock.frozen}

    def _faults(self) -> Answer:
        return {"faults": [rule.to_json() for rule in self.world.faults.rules]}

    def _account(self, body: Body) -> Account:
        return self.world.accounts.named(text(body["account"], "account"))

    def _identity(self, body: Body) -> str:
        """Return the name of the identity that a body names, by default the app's."""
        return text(body.get("identity", self.world.app.name), "identity")

    def _change(self, body: Body, changes: dict[str, Any]) -> Answer:
        account = self.world.accounts.update(self._account(body).id, changes)
        return {"account": account.id, **{name: getattr(account, name) for name in changes}}


def _get_handler(read: Callable[[web.Request], Answer]) -> Callable[[web.Request], Any]:
    async def handler(request: web.Request) -> web.Response:
        return _json_or_error(lambda: read(request))

    return handler


def _post_handler(write: Callable[[Body], Answer]) -> Callable[[web.Request], Any]:
    async def handler(request: web.Request) -> web.Response:
        try:
            body = await request.json() if request.can_read_body else {}
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            return web.json_response({"error": "the request body is not valid JSON"}, status=400)
        if not isinstance(body, dict):
            return web.json_response({"error": "the request body must be a JSON object"}, status=400)
        return _json_or_error(lambda: write(body))

    return handler


def _json_or_error(act: Callable[[], Answer]) -> web.Response:
    try:
        return web.json_response(act())
    except AzureError as error:
        return web.json_response({"error": error.message}, status=error.status)
    except KeyError as error:
        return web.json_response({"error": f"a field is missing or a name is unknown: {error.args[0]}"}, status=404)
    except (TypeError, ValueError, OverflowError) as error:
        return web.json_response({"error": str(error)}, status=400)
