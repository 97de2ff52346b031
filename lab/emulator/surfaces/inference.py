"""The Azure OpenAI data plane of every account; the first path segment names the account.

It serves the model lists, which prove a key, and a chat completion with a fixed text. Other operations and API versions
are refused with NotImitated. `data_plane` checks network rules, keys and call rate; Entra tokens
are checked here by their roles (docs/facts.md, Calls).
"""

import json
from typing import Any, override

from aiohttp import web

from lab.emulator.accounts import Account
from lab.emulator.data_plane import wrong_key
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.callers import token_caller
from lab.emulator.surfaces.common import Call, Route, Surface, error_body, json_answer, route

API_VERSION = "2024-10-21"
MODEL = "gpt-4o-mini"
_BASE = r"/(?P<subdomain>[^/]+)/openai"
_PROJECT = r"/(?P<subdomain>[^/]+)/api/projects/(?P<project>[^/]+)/openai"
_READ = "Microsoft.CognitiveServices/accounts/OpenAI/models/read"
_CHAT = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"


class Inference(Surface):
    """The model lists and chat completions of every account."""

    service = "aoai"

    @override
    def make_routes(self) -> list[Route]:
        """Return the operations: the model lists and the chat completions, on the versioned and the v1 paths."""
        return [
            route("GET", _BASE + "/models", "aoai.models", self.models),
            route("GET", _BASE + "/(?P<v1>v1)/models", "aoai.models", self.models),
            route("POST", _BASE + "/(?P<v1>v1)/chat/completions", "aoai.chat", self.chat),
            route("POST", _PROJECT + "/(?P<v1>v1)/chat/completions", "aoai.chat", self.chat),
            route("POST", _BASE + "/deployments/(?P<model>[^/]+)/chat/completions", "aoai.chat", self.chat),
        ]

    @override
    def target(self, call: Call) -> str:
        """Return the resource id of the account, or the subdomain in the path if no account has it."""
        account = self._account(call)
        return account.id if account else call.parts["subdomain"]

    def models(self, call: Call) -> web.Response:
        """Return a list with one model.

        Raises NotImitatedError for another api-version, and AzureError 401 for a wrong key or token, 400 for a token
        if the account has no custom subdomain, 403 if the network rules or disabled keys refuse the caller, and 429
        beyond the call rate.
        """
        self._admit(call, _READ, "GET /openai/models", "Models_List")
        return json_answer({"object": "list", "data": [_v1_model() if call.parts.get("v1") else _model()]})

    def chat(self, call: Call) -> web.Response:
        """Return a chat completion, streamed if the body asks for it.

        Raises AzureError 400 for an invalid body, 404 for a deployment that the account does not have, and the errors
        of `models`.
        """
        self._admit(call, _CHAT, "POST /openai/deployments/chat/completions", "ChatCompletions_Create")
        try:
            body = call.json_object()
        except ValueError as error:
            raise AzureError(400, "BadRequest", "The body is not valid JSON.") from error
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            raise AzureError(400, "BadRequest", "'messages' is a required property")
        if not isinstance(body.get("model"), str | None) or not isinstance(body.get("stream"), bool | None):
            raise AzureError(400, "BadRequest", "'model' must be a string, and 'stream' true or false")
        model = call.parts.get("model") or body.get("model") or MODEL
        self._check_deployment(call, model)
        answer = _completion(call, model, int(self.world.clock.now()))
        return _stream(answer) if body.get("stream") else json_answer(answer)

    def _admit(self, call: Call, action: str, shown_operation: str, logged_as: str) -> None:
        if not call.parts.get("v1") and call.query("api-version") != API_VERSION:
            raise NotImitatedError(f"the api-version {call.query('api-version') or 'that is missing'}")
        account, data_plane = self._account(call), self.world.data_plane
        if account is None:
            raise wrong_key()
        data_plane.check_network(account, call.request.remote or "")
        key = _key(call)
        identity = None if call.header("api-key") else token_caller(call, project=bool(call.parts.get("project")))
        if identity is not None:
            data_plane.check_subdomain(account)
            self._check_role(identity, account, action, shown_operation)
            data_plane.check_rate(account)
        elif key is not None:
            data_plane.check_key_and_rate(account, key, call.operation)
        else:
            raise wrong_key()
        address = call.request.remote or ""
        self.world.log_of(account.id).note(
            account.id, logged_as, identity.object_id if identity else "", address=address
        )

    def _check_role(self, identity: Identity, account: Account, action: str, shown_operation: str) -> None:
        if not self.world.directory.allows(identity, action, account.id, data=True):
            message = (
                f"The principal `{identity.object_id}` lacks the required data action `{action}` "
                f"to perform `{shown_operation}` operation."
            )
            raise AzureError(401, "PermissionDenied", message)

    def _check_deployment(self, call: Call, model: str) -> None:
        """Raise AzureError 404 if the account has no such deployment (docs/facts.md, Calls)."""
        account = self._account(call)
        if account and account.deployments is not None and model not in account.deployments:
            message = (
                "The API deployment for this resource does not exist. If you created the deployment within the last "
                "5 minutes, please wait a moment and try again."
            )
            raise AzureError(404, "DeploymentNotFound", message)

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


def _v1_model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 1721172741, "owned_by": "system"}


def _model() -> dict[str, Any]:
    return {
        "id": MODEL,
        "object": "model",
        "status": "succeeded",
        "created_at": 1721172741,
        "lifecycle_status": "generally-available",
        "capabilities": {
            "fine_tune": False,
            "inference": True,
            "completion": False,
            "chat_completion": True,
            "embeddings": False,
        },
        "deprecation": {"inference": 1893456000},
    }


def _completion(call: Call, model: str, created: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": "This is the emulator. It runs no model."}
    return {
        "id": f"chatcmpl-{call.id}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 8, "total_tokens": 9},
    }


def _stream(answer: dict[str, Any]) -> web.Response:
    """Return the completion as server-sent events: one event per word, then the end."""
    words = str(answer["choices"][0]["message"]["content"]).split(" ")
    head = {name: answer[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word + " "}, None) for word in words] + [({}, "stop")]
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas]
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
    return web.Response(text="".join(lines), content_type="text/event-stream")
