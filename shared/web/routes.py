"""The HTTP routes, each declared once.

The triggers register Azure's functions from this table, the handlers and the OpenAPI description look their routes up
in it, and tests hold the README against it. The triggers read it at every start, so it imports nothing of this app.
"""

from __future__ import annotations

from typing import NamedTuple

# The app roles. Public names.
READER, OPERATOR, DEPLOYER = "Rotation.Reader", "Rotation.Operator", "Rotation.Deployer"
AUDITOR = "Rotation.Auditor"


class Route(NamedTuple):
    """One HTTP route.

    name: The name of the function in Azure. Public.
    path: The path below `/api/`, with `{name}` for the name of a target, `{id}` for a request for many and `{act}` for
        what a page is about.
    role: The least app role that a caller needs. None if every caller is let in, without a key and without a role.
    operations: The operation that each method carries out, by its public id in the OpenAPI description. The handlers
        have one function for each id.
    queues: Whether the route can queue turns. The default is that it cannot.
    others: The methods that need another role than `role`, each with that role. Default: none.
    page: Whether it is a page for people alone and no part of the API: errors are pages too, a POST is the form of such
        a page, and OpenAPI does not have it. Default: it is part of the API.
    """

    name: str
    path: str
    role: str | None
    operations: dict[str, str]
    queues: bool = False
    others: tuple[tuple[str, str], ...] = ()
    page: bool = False

    def role_of(self, method: str) -> str | None:
        """Return the least app role that a caller needs for this method. None if every caller is let in."""
        return dict(self.others).get(method.upper(), self.role)

    def acts_by(self, method: str) -> bool:
        """Return whether this method changes something, or asks for a change. A GET never does."""
        return method.upper() not in ("GET", "HEAD") and self.role_of(method) in (OPERATOR, DEPLOYER)

    @property
    def acts(self) -> bool:
        """Whether one of its methods changes something, or asks for a change."""
        return any(map(self.acts_by, self.operations))


ROUTES = {
    route.name: route
    for route in (
        Route("targets", "targets", READER, {"GET": "listTargets"}),
        Route("target", "targets/{name}", READER, {"GET": "seeTarget"}),
        Route("target_readiness", "targets/{name}/readiness", READER, {"GET": "seeReadinessOf"}),
        Route("target_readers", "targets/{name}/readers", AUDITOR, {"GET": "seeReadersOf"}),
        Route("target_copies", "targets/{name}/copies", AUDITOR, {"GET": "seeCopiesOf"}),
        Route("rotate", "targets/{name}/rotate", OPERATOR, {"POST": "rotate"}, queues=True),
        Route("leak", "targets/{name}/leak", OPERATOR, {"POST": "reportLeak"}, queues=True),
        Route("arm", "targets/{name}/deployment", OPERATOR, {"PUT": "arm", "DELETE": "disarm"}, queues=True),
        Route("trial", "targets/{name}/trial", OPERATOR, {"PUT": "planTrial", "DELETE": "stopTrial"}, queues=True),
        Route("hold", "targets/{name}/hold", OPERATOR, {"PUT": "setHold", "DELETE": "liftHold"}, queues=True),
        Route("rotate_many", "rotate", OPERATOR, {"POST": "rotateMany"}, queues=True),
        Route("rotations", "rotations", READER, {"GET": "listRotations"}),
        Route(
            "rotation",
            "rotations/{id}",
            READER,
            {"GET": "seeRotation", "DELETE": "stopRotation"},
            others=(("DELETE", OPERATOR),),
        ),
        Route("deployments", "deployments", DEPLOYER, {"POST": "deployed"}, queues=True),
        Route("readiness", "readiness", READER, {"GET": "seeReadiness"}),
        Route("readers", "readers", AUDITOR, {"GET": "seeReaders"}),
        Route("copies", "copies", AUDITOR, {"GET": "seeCopies"}),
        Route("deadlines", "deadlines", READER, {"GET": "listDeadlines"}),
        Route("deadlines_ics", "deadlines.ics", READER, {"GET": "subscribe"}),
        Route("status", "status", READER, {"GET": "status"}),
        Route("way_out_page", "status/way-out", READER, {"GET": "wayOutPage"}, page=True),
        Route("readers_page", "status/readers", AUDITOR, {"GET": "readersPage"}, page=True),
        Route("copies_page", "status/copies", AUDITOR, {"GET": "copiesPage"}, page=True),
        Route("target_page", "status/targets/{name}", READER, {"GET": "targetPage"}, page=True),
        Route(
            "act_page",
            "status/targets/{name}/{act}",
            OPERATOR,
            {"GET": "showAct", "POST": "act"},
            queues=True,
            page=True,
        ),
        Route("openapi", "openapi.json", READER, {"GET": "describe"}),
        Route("health", "health", None, {"GET": "health"}),
    )
}
