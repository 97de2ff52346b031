"""The Azure OpenAI data plane of every account, each under its own first path segment.

Enough to prove a key: the model lists, and a small chat completion that is plainly not a model's. Judging the key
is left to `data_plane`; an Entra token is judged here by its roles. Other operations and API versions are
answered 404, as the service answers a path it does not know.
"""

import json
from typing import Any, override

from aiohttp import web

from lab.emulator.accounts import Account
from lab.emulator.data_plane import wrong_key
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.surfaces.common import Call, Route, Surface, entra_identity, error_body, json_answer, route

API_VERSION = "2024-10-21"
AUDIENCE = "https://cognitiveservices.azure.com"
MODEL = "gpt-4o-mini"
_BASE = r"/(?P<subdomain>[^/]+)/openai"
_READ = "Microsoft.CognitiveServices/accounts/OpenAI/models/read"
_CHAT = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"


class Inference(Surface):
    """Models and chat completions."""

    service = "aoai"

    @override
    def make_routes(self) -> list[Route]:
        return [
            route("GET", _BASE + "/models", "aoai.models", self.models),
            route("GET", _BASE + "/(?P<v1>v1)/models", "aoai.models", self.models),
            route("POST", _BASE + "/(?P<v1>v1)/chat/completions", "aoai.chat", self.chat),
            route("POST", _BASE + "/deployments/(?P<model>[^/]+)/chat/completions", "aoai.chat", self.chat),
        ]

    @override
    def target(self, call: Call) -> str:
        account = self._account(call)
        return account.id if account else call.parts["subdomain"]

    def models(self, call: Call) -> web.Response:
        self._admit(call, _READ, "GET /openai/models", "Models_List")
        return json_answer({"object": "list", "data": [_v1_model() if call.parts.get("v1") else _model()]})

    def chat(self, call: Call) -> web.Response:
        self._admit(call, _CHAT, "POST /openai/deployments/chat/completions", "ChatCompletions_Create")
        try:
            body = call.json_object()
        except ValueError as error:
            raise AzureError(400, "BadRequest", "The body is not valid JSON.") from error
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            raise AzureError(400, "BadRequest", "'messages' is a required property")
        model = call.parts.get("model") or str(body.get("model") or MODEL)
        answer = _completion(call, model, int(self.world.clock.now()))
        return _stream(answer) if body.get("stream") else json_answer(answer)

    def _admit(self, call: Call, action: str, words: str, logged_as: str) -> None:
        if not call.parts.get("v1") and call.query("api-version") != API_VERSION:
            raise AzureError(404, "404", "Resource not found")
        account, door = self._account(call), self.world.data_plane
        if account is None:
            raise wrong_key()
        door.check_network(account, call.request.remote or "")
        key = _key(call)
        identity = None if call.header("api-key") else entra_identity(call, (AUDIENCE,))
        if identity is not None:
            self._check_role(identity, account, action, words)
            door.check_rate(account)
        elif key is not None:
            door.judge(account, key, call.operation)
        else:
            raise wrong_key()
        self.world.workspace.note(account.id, logged_as, identity.object_id if identity else "")

    def _check_role(self, identity: Identity, account: Account, action: str, words: str) -> None:
        if not self.world.directory.allows(identity, action, account.id, data=True):
            message = (
                f"The principal `{identity.object_id}` lacks the required data action `{action}` "
                f"to perform `{words}` operation."
            )
            raise AzureError(401, "PermissionDenied", message)

    def _account(self, call: Call) -> Account | None:
        """By subdomain, or on a regional host the account the key belongs to."""
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
        return {
            "apim-request-id": call.id,
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
            "X-Content-Type-Options": "nosniff",
        }

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        response = json_answer(error_body(error), error.status)
        if error.status == 401:
            response.set_status(401, "PermissionDenied")
        return response


def _key(call: Call) -> str | None:
    """The api-key header; the v1 path takes a key as a bearer token, too."""
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
    message = {"role": "assistant", "content": "This is the emulator; no model was asked."}
    return {
        "id": f"chatcmpl-{call.id}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 8, "total_tokens": 9},
    }


def _stream(answer: dict[str, Any]) -> web.Response:
    """The same answer as server-sent events: one piece for each word, then the end."""
    words = str(answer["choices"][0]["message"]["content"]).split(" ")
    head = {name: answer[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word + " "}, None) for word in words] + [({}, "stop")]
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas]
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
    return web.Response(text="".join(lines), content_type="text/event-stream")
