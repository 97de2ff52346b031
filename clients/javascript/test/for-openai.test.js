import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RotatingKey, following } from '../src/index.js';
import { Vault, pass, stopTheClock, timed } from './support.js';

const ADDRESS = 'https://chat.example/openai/v1/chat/completions';

/** Returns a vault, and a fetch with its key to a service that accepts `accepted`. `sent` holds what came there. */
function made({ accepted = 'key-1', ...options } = {}) {
  const [vault, sent] = [new Vault(), []];
  const service = { accepted };
  const answering = async (input, init) => {
    const headers = new Headers(init.headers);
    sent.push({ input, ...init, key: headers.get('api-key'), token: headers.get('authorization'), headers });
    return new Response('answer', { status: headers.get('api-key') === service.accepted ? 200 : 401 });
  };
  const key = new RotatingKey(vault, 'chat-key');
  const { fetch } = following(key, 'https://chat.example/openai/v1/', { fetch: answering, ...options });
  return { vault, sent, service, fetch };
}

test('the key is sent in the header api-key, and whatever the client put into Authorization is not sent', async () => {
  const { sent, fetch } = made();
  const headers = { Authorization: 'Bearer placeholder', 'X-Other': 'kept' };
  assert.equal((await fetch(ADDRESS, { method: 'POST', headers, body: '{}' })).status, 200);
  assert.deepEqual([sent[0].key, sent[0].token, sent[0].headers.get('x-other')], ['key-1', null, 'kept']);
  assert.deepEqual([sent[0].method, sent[0].body, sent[0].redirect], ['POST', '{}', 'error']);
});

test('a request that is refused is sent again with the new key', async (t) => {
  stopTheClock(t);
  const { vault, sent, fetch } = made({ accepted: 'key-2' });
  setTimeout(() => (vault.value = 'key-2'), 3000);
  const { result, seconds } = await timed(
    fetch(new URL(ADDRESS), { method: 'POST', body: new TextEncoder().encode('{}') }),
  );
  assert.equal(result.status, 200);
  assert.deepEqual([sent[0].key, sent.at(-1).key], ['key-1', 'key-2']);
  assert.ok(seconds < 6, `${seconds} seconds`);
});

test('a request that is refused with an old key is sent again at once, and the refusal is not read', async (t) => {
  stopTheClock(t);
  let canceled = 0;
  const service = async (_, init) => {
    if (new Headers(init.headers).get('api-key') === 'key-2') return new Response('answer');
    return new Response(new ReadableStream({ cancel: () => (canceled += 1) }), { status: 401 });
  };
  const { vault, fetch } = made({ fetch: service });
  await fetch(ADDRESS, { method: 'POST', body: new Blob(['{}']).stream(), duplex: 'half' }); // the key is held now
  pass(1);
  vault.value = 'key-2';
  const { result, seconds } = await timed(fetch(ADDRESS));
  assert.deepEqual([result.status, seconds, canceled], [200, 0, 1]);
});

test('after the patience the refusal is what the caller gets, with its text', async (t) => {
  stopTheClock(t);
  const { sent, fetch } = made({ accepted: 'another', patience: 3 });
  const { result } = await timed(fetch(ADDRESS));
  assert.ok(sent.length > 3 && sent.length < 8, `${sent.length} requests`);
  assert.deepEqual([result.status, await result.text()], [401, 'answer']);
});

test('after a refusal in vain the next one comes at once, until the secret holds another key', async (t) => {
  stopTheClock(t);
  const { vault, sent, service, fetch } = made({ accepted: 'key-2', patience: 3 });
  await timed(fetch(ADDRESS));
  const before = sent.length;
  const { result, seconds } = await timed(fetch(ADDRESS));
  assert.deepEqual([result.status, sent.length], [401, before + 1]);
  assert.ok(seconds < 0.3, `${seconds} seconds`);
  vault.value = 'key-2';
  assert.equal((await timed(fetch(ADDRESS))).result.status, 200);
  service.accepted = 'key-3';
  setTimeout(() => (vault.value = 'key-3'), 2000);
  assert.equal((await timed(fetch(ADDRESS))).result.status, 200);
});

test('a stream is sent once, because it cannot be read twice', async (t) => {
  stopTheClock(t);
  const { sent, fetch } = made({ accepted: 'another' });
  await fetch(ADDRESS, { method: 'POST', body: new Blob(['{}']).stream(), duplex: 'half' });
  await fetch(new Request(ADDRESS, { method: 'POST', body: '{}' }));
  assert.equal(sent.length, 2);
});

test('the headers of a Request are kept', async () => {
  const { sent, fetch } = made();
  await fetch(new Request(ADDRESS, { headers: { 'X-Other': 'kept' } }));
  assert.deepEqual([sent[0].key, sent[0].headers.get('x-other')], ['key-1', 'kept']);
});

test('the key is sent to no other host', async () => {
  const { vault, sent, fetch } = made();
  for (const other of ['https://api.openai.com/v1/models', 'http://chat.example/', 'https://chat.example:8443/']) {
    await assert.rejects(fetch(other), /The key is only sent to https:\/\/chat\.example, and this request goes to/);
  }
  assert.deepEqual([sent.length, vault.asked], [0, 0]);
});

test('a caller who gives up while the request waits gets the error of fetch', async (t) => {
  stopTheClock(t);
  const { fetch } = made({
    fetch: async (_, { signal }) => (signal.throwIfAborted(), new Response('', { status: 401 })),
  });
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 1000);
  await assert.rejects(timed(fetch(ADDRESS, { signal: abort.signal })), { name: 'AbortError' });
});
