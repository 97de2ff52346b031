"""The Azure OpenAI data plane of every account; the first path segment names the account.

It serves the model lists, which prove a key, and a chat completion with a fixed text, on the dated paths and on the v1
path, in the API versions of `inference_versions`. Other operations are refused with NotImitated. `data_plane` checks
network rules, keys and call rate; Entra tokens are checked here by their audience and roles (docs/facts.md, Calls).
"""

from typing import Any, override

from aiohttp import web

from lab.emulator.accounts import Account
from lab.emulator.data_plane import no_deployment, wrong_key, wrong_token
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.surfaces.callers import token_caller
from lab.emulator.surfaces.common import Call, Route, Surface, error_body, json_answer, route
from lab.emulator.surfaces.inference_answers import completion, dated_model, stream, v1_model
from lab.emulator.surfaces.inference_versions import check_dated, check_v1

_BASE = r"/(?P<subdomain>[^/]+)/openai"
_PROJECT = r"/(?P<subdomain>[^/]+)/api/projects/(?P<project>[^/]+)/openai"
_READ = "Microsoft.CognitiveServices/accounts/OpenAI/models/read"
_CHAT = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"


class Inference(Surface):
    """The model lists and chat completions of every account."""

    service = "aoai"

    @override
    def make_routes(self) -> list[Route]:
        """Return the operations: the model lists and the chat completions, on the dated and the v1 paths."""
        return [
            route("GET", _BASE + "/models", "aoai.models", self.models),
            route("GET", _BASE + "/(?P<v1>v1)/models", "aoai.models", self.models),
            route("POST", _BASE + "/(?P<v1>v1)/chat/completions", "aoai.chat", self.chat),
            route("POST", _PROJECT + "/(?P<v1>v1)/chat/completions", "aoai.chat", self.chat),
            route("POST", _BASE + "/deployments/(?P<deployment>[^/]+)/chat/completions", "aoai.chat", self.chat),
        ]

    @override
    def target(self, call: Call) -> str:
        """Return the resource id of the account, or the subdomain in the path if no account has it."""
        account = self._account(call)
        return account.id if account else call.parts["subdomain"]

    def models(self, call: Call) -> web.Response:
        """Return a list with one model.

        Raises the errors of `inference_versions` for an api-version, and AzureError 401 for a wrong key or token, 400
        for a token if the account has no custom subdomain, 403 if the network rules or disabled keys refuse the caller,
        and 429 beyond the call rate.
        """
        self._admit(call, _READ, "GET /openai/models", "Models_List")
        return json_answer({"object": "list", "data": [v1_model() if call.parts.get("v1") else dated_model()]})

    def chat(self, call: Call) -> web.Response:
        """Return a chat completion, streamed if the body asks for it.

        Raises AzureError 404 for a deployment that the account does not have, 400 for an invalid body, and the errors
        of `models`.
        """
        account = self._admit(call, _CHAT, "POST /openai/deployments/chat/completions", "ChatCompletions_Create")
        if "deployment" in call.parts:
            model = _deployed(account, call.parts["deployment"])
            body = _question(call)
        else:
            body = _question(call)
            model = _deployed(account, _named(body))
        answer = completion(call.id, model, int(self.world.clock.now()))
        return stream(answer) if body.get("stream") else json_answer(answer)

    def _admit(self, call: Call, action: str, shown_operation: str, logged_as: str) -> Account:
        version = call.query("api-version")
        if call.parts.get("v1"):
            check_v1(version)
        else:
            check_dated(version, chat=action == _CHAT)
        account, data_plane = self._account(call), self.world.data_plane
        if account is None:
            raise wrong_key()
        address = call.request.remote or ""
        data_plane.check_network(account, address)
        identity = self._caller(call, account, action, shown_operation)
        log, caller = self.world.log_of(account.id), identity.object_id if identity else ""
        log.note(account.id, logged_as, caller, address=address, version=version or "v1")
        return account

    def _caller(self, call: Call, account: Account, action: str, shown_operation: str) -> Identity | None:
        """Return the identity whose token the call carries. None for a call with a key, which is accepted then.

        Of a key in api-key and a token beside it, the key counts; what Azure does with both is not known
        (docs/facts.md, Calls).
        """
        data_plane, key = self.world.data_plane, _key(call)
        identity = None if call.header("api-key") else token_caller(call)
        if identity is not None:
            data_plane.check_subdomain(account)
            self._check_role(identity, account, action, shown_operation)
            data_plane.check_rate(account)
        elif key is not None:
            data_plane.check_key_and_rate(account, key, call.operation)
        else:
            raise wrong_token() if call.bearer() else wrong_key()
        return identity

    def _check_role(self, identity: Identity, account: Account, action: str, shown_operation: str) -> None:
        if not self.world.directory.allows(identity, action, account.id, data=True):
            message = (
                f"The principal `{identity.object_id}` lacks the required data action `{action}` "
                f"to perform `{shown_operation}` operation."
            )
            raise AzureError(401, "PermissionDenied", message)

    def _account(self, call: Call) -> Account | None:
        """Return the account with the subdomain, or on a regional host the account that the key belongs to."""
        subdomain = call.parts["subdomain"]
        account = self.world.accounts.by_subdomain(subdomain)
        if account is not None:
            return account
        regional = [one for one in self.world.accounts if not one.subdomain and one.location == subdomain]
        key = _key(call)
        owner = [one for one in regional if key and any(held.value == key for held in one.keys.values())]
        return next(iter(owner or regional), None)

    @override
    def headers(self, call: Call) -> dict[str, str]:
        """Return the headers that recorded answers of Azure OpenAI carry."""
        return {
            "apim-request-id": call.id,
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
            "X-Content-Type-Options": "nosniff",
        }

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of Azure OpenAI. A 401 has the reason phrase PermissionDenied."""
        response = json_answer(error_body(error), error.status)
        if error.status == 401:
            response.set_status(401, "PermissionDenied")
        return response


def _key(call: Call) -> str | None:
    """Return the key in the api-key header; the v1 path accepts it as a bearer token too (docs/facts.md, Calls)."""
    given = call.header("api-key")
    return given or (call.bearer() if call.parts.get("v1") else None)


def _question(call: Call) -> dict[str, Any]:
    """Return the body of a chat. Raises AzureError 400 if it is invalid."""
    try:
        body = call.json_object()
    except ValueError as error:
        raise AzureError(400, "BadRequest", "The body is not valid JSON.") from error
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise AzureError(400, "BadRequest", "'messages' is a required property")
    if not isinstance(body.get("model"), str | None) or not isinstance(body.get("stream"), bool | None):
        raise AzureError(400, "BadRequest", "'model' must be a string, and 'stream' true or false")
    return body


def _named(body: dict[str, Any]) -> str:
    """Return the deployment that a body on the v1 path names. Raises AzureError 400 if it names none."""
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise AzureError(400, "BadRequest", "'model' is a required property")
    return name


def _deployed(account: Account, name: str) -> str:
    """Return the model of a deployment. Raises AzureError 404 if the account does not have it.

    That names are compared without case, as those of other Azure resources, is assumed (docs/facts.md, Calls).
    """
    models = {each.lower(): model for each, model in account.deployments.items()}
    if name.lower() not in models:
        raise no_deployment()
    return models[name.lower()]
