"""The bodies that an account's endpoint answers with: models, and a chat completion with a fixed text."""

import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

MODEL = "gpt-4o-mini"
_TEXT = "This is the emulator. It runs no model."
_CREATED = 1721172741


def v1_model(name: str = MODEL) -> dict[str, Any]:
    """Return a model as the v1 path lists it."""
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "system"}


def dated_model() -> dict[str, Any]:
    """Return a model as the dated paths list it."""
    return {
        "id": MODEL,
        "object": "model",
        "status": "succeeded",
        "created_at": _CREATED,
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


def completion(answer_id: str, model: str, created: int) -> dict[str, Any]:
    """Return a chat completion.

    `refusal` and `logprobs` are null. Descriptions before 2024-10-21 do not have them, and the documentation allows new
    members in the answers of every version (docs/facts.md, Calls).
    """
    message = {"role": "assistant", "content": _TEXT, "refusal": None}
    return {
        "id": f"chatcmpl-{answer_id}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 8, "total_tokens": 9},
    }


def stream(answer: dict[str, Any]) -> web.Response:
    """Return a completion as server-sent events: one event per word, then the end."""
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in _chunks(answer)] + ["data: [DONE]\n\n"]
    return web.Response(text="".join(lines), content_type="text/event-stream")


def _chunks(answer: dict[str, Any]) -> Iterable[dict[str, Any]]:
    words = str(answer["choices"][0]["message"]["content"]).split(" ")
    head = {name: answer[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word + " "}, None) for word in words] + [({}, "stop")]
    for delta, end in deltas:
        yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
