"""The proof of the package for consumers in Python: it works with old and new versions of `openai`.

For each version a virtual environment is made under .run/openai, with that version and the package itself, as `pip`
installs them. `probe` runs there against the emulated Azure: each way to give a client the key, with a key that
somebody regenerates by hand between two calls. `EXPECTED` says from which version on a way works. Where it does not
work it must fail, so that the figures in clients/python/README.md are true. It needs the package index.
"""

from dataclasses import dataclass

VERSIONS = ("1.55.3", "1.99.9", "1.106.0", "2.33.0", "2.34.0", "3.3.1", "3.4.0", "")
NEVER, ALWAYS = (99,), (0,)


@dataclass(frozen=True)
class Way:
    """One way to let a client use the key, or none.

    works_from: The first version of `openai` with which it works.
    what: The code, in short.
    """

    works_from: tuple[int, ...]
    what: str


EXPECTED = {
    "following": Way(ALWAYS, "OpenAI(base_url=v1, **following(key))"),
    "following_dated": Way(ALWAYS, "AzureOpenAI(..., **following(key))"),
    "following_async": Way(ALWAYS, "AsyncOpenAI(base_url=v1, **following_async(key))"),
    "following_async_dated": Way(ALWAYS, "AsyncAzureOpenAI(..., **following_async(key))"),
    "callable": Way((1, 106, 0), "OpenAI(base_url=v1, api_key=key)"),
    "callable_async": Way((1, 106, 0), "AsyncOpenAI(base_url=v1, api_key=AsyncRotatingKey(key))"),
    "callable_dated": Way((3, 4, 0), "AzureOpenAI(..., api_key=key)"),
    "callable_sync_for_async": Way(NEVER, "AsyncOpenAI(base_url=v1, api_key=key)"),
    "set_before_each_call": Way(ALWAYS, "client.api_key = key(), OpenAI"),
    "set_before_each_call_dated": Way(ALWAYS, "client.api_key = key(), AzureOpenAI"),
    "no_key": Way((1, 106, 0), "samples/no_key/python/chat.py, with keys left over"),
    "no_key_dated": Way(ALWAYS, "samples/no_key/python/chat_dated.py, with keys left over"),
}
