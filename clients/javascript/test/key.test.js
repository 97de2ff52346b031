import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import { NoKeyError, RotatingKey, following } from '../src/index.js';
import { Vault, pass, refused, setClock, settle, stopTheClock, timed } from './support.js';

/** Returns a vault, its key and the warnings that the key gave. */
function made(options = {}) {
  const [vault, warnings] = [new Vault(), []];
  const key = new RotatingKey(vault, 'chat-key', { warn: (text) => warnings.push(text), ...options });
  return { vault, warnings, key };
}

test('nothing is read before the key is needed, and then it is read once for several calls', async () => {
  const { vault, key } = made();
  assert.deepEqual([vault.asked, `${key}`], [0, 'RotatingKey(chat-key, not read yet)']);
  assert.equal(await key.get(), 'key-1');
  assert.equal(await key.get(), 'key-1');
  assert.equal(vault.asked, 1);
});

test('callers that ask at the same time share one read', async () => {
  const { vault, key } = made();
  const keys = await Promise.all(Array.from({ length: 100 }, () => key.get()));
  assert.deepEqual(new Set(keys), new Set(['key-1']));
  assert.equal(vault.asked, 1);
});

test('the client of the vault is made when it is needed, once', async () => {
  let clients = 0;
  const key = new RotatingKey(() => ((clients += 1), new Vault()), 'chat-key');
  assert.equal(clients, 0);
  await key.get();
  await key.readAgain();
  assert.equal(clients, 1);
});

test('get works without its object, as openai calls it', async () => {
  const { get } = made().key;
  assert.equal(await get(), 'key-1');
});

test('a key that grows old is read again while callers go on with it', async (t) => {
  stopTheClock(t);
  t.mock.method(Math, 'random', () => 0.5);
  const versions = [];
  const { vault, key } = made({ maxAge: 600, onNewVersion: (version) => versions.push(version) });
  await key.get();
  vault.value = 'key-2';
  pass(479);
  assert.equal(await key.get(), 'key-1');
  await settle();
  assert.equal(vault.asked, 1);
  pass(1);
  assert.equal(await key.get(), 'key-1');
  await settle();
  assert.equal(await key.get(), 'key-2');
  assert.equal(vault.asked, 2);
  assert.deepEqual([versions, key.version], [['version-2'], 'version-2']);
});

test('a key that is older than maxAge is not used if the vault answers', async (t) => {
  stopTheClock(t);
  const { vault, key } = made({ maxAge: 600 });
  await key.get();
  vault.value = 'key-2';
  pass(600);
  assert.equal(await key.get(), 'key-2');
});

test('a clock that is set back makes the key be read again, at a pace while the vault is out', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  await key.get();
  vault.isOut = true;
  setClock(Date.UTC(2026, 10, 1));
  for (let call = 0; call < 20; call += 1) assert.equal(await key.get(), 'key-1');
  assert.equal(vault.asked, 2);
  [vault.isOut, vault.value] = [false, 'key-2'];
  pass(1);
  await key.get();
  await settle();
  assert.equal(await key.get(), 'key-2');
});

test('a new version is used at once when readAgain is called, and its callers share one read', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  await key.get();
  vault.value = 'key-2';
  const { result, seconds } = await timed(Promise.all([key.readAgain(), key.readAgain(), key.readAgain('key-1')]));
  assert.deepEqual(result, ['key-2', 'key-2', 'key-2']);
  assert.equal(vault.asked, 2);
  assert.ok(seconds <= 0.3, `${seconds} seconds`);
});

test('reads that somebody asks for one after the other keep a pace', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  const oneAfterTheOther = async () => {
    for (let call = 0; call < 11; call += 1) await key.readAgain();
  };
  const { seconds } = await timed(oneAfterTheOther());
  assert.equal(vault.asked, 11);
  assert.ok(seconds >= 2, `${seconds} seconds`);
});

test('readAgain reads nothing if another key than the refused one is held already', async () => {
  const { vault, key } = made();
  await key.get();
  assert.equal(await key.readAgain('key-0'), 'key-1');
  assert.equal(vault.asked, 1);
});

test('readAgain does not trust a read that began before it was called', async (t) => {
  stopTheClock(t);
  const { vault, key } = made({ maxAge: 600 });
  await key.get();
  pass(599);
  const answer = vault.hold();
  await key.get(); // it starts a read, which sees the value of this moment
  await settle();
  vault.value = 'key-2';
  const reading = key.readAgain();
  answer();
  assert.equal((await timed(reading)).result, 'key-2');
  assert.equal(vault.asked, 3);
});

test('while the vault is out, the held key is used at once and the vault is asked every 30 seconds', async (t) => {
  stopTheClock(t);
  const { vault, key, warnings } = made({ maxAge: 600 });
  await key.get();
  vault.isOut = true;
  pass(600);
  for (let second = 0; second < 600; second += 1) {
    assert.equal(await key.get(), 'key-1');
    await settle();
    pass(1);
  }
  assert.ok(vault.asked >= 20 && vault.asked <= 26, `${vault.asked} reads`);
  assert.equal(warnings.length, vault.asked - 1);
  assert.equal(
    warnings[0],
    'The secret chat-key could not be read (ECONNREFUSED). The key that was read before is used.',
  );
  [vault.isOut, vault.value] = [false, 'key-2'];
  pass(30);
  await key.get();
  await settle();
  assert.equal(await key.get(), 'key-2');
});

test('while the vault does not answer, a caller with an old key waits 2 seconds and uses it', async (t) => {
  stopTheClock(t);
  const { vault, key } = made({ maxAge: 600 });
  await key.get();
  pass(600);
  const answer = vault.hold();
  vault.value = 'key-2';
  const { result, seconds } = await timed(key.get());
  assert.equal(result, 'key-1');
  assert.ok(seconds >= 2 && seconds < 2.2, `${seconds} seconds`);
  answer();
  await settle();
  assert.equal(await key.get(), 'key-2');
  assert.equal(vault.asked, 2);
});

test('a vault that was out and does not answer now makes nobody wait', async (t) => {
  stopTheClock(t);
  const { vault, key } = made({ maxAge: 600 });
  await key.get();
  vault.isOut = true;
  pass(600);
  await key.get();
  vault.hold();
  pass(1);
  const { result, seconds } = await timed(key.get());
  assert.deepEqual([result, seconds, vault.asked], ['key-1', 0, 3]);
});

test('each outage begins with the short pause', async (t) => {
  stopTheClock(t);
  const { vault, key } = made({ maxAge: 600 });
  for (let outage = 0; outage < 3; outage += 1) {
    vault.isOut = false;
    pass(60);
    await key.readAgain();
    vault.isOut = true;
    pass(600);
    const before = vault.asked;
    await key.get();
    pass(1.1);
    await key.get();
    await settle();
    assert.equal(vault.asked, before + 2);
  }
});

test('a vault that is out from the start is an error with its cause, and is asked at a pace', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  vault.isOut = true;
  const isRight = (error) =>
    error instanceof NoKeyError && error.cause.code === 'ECONNREFUSED' && /chat-key/.test(error.message);
  for (let call = 0; call < 50; call += 1) await assert.rejects(key.get(), isRight);
  assert.equal(vault.asked, 1);
  pass(1);
  vault.isOut = false;
  assert.equal(await key.get(), 'key-1');
});

test('a secret without a value is an error that names the secret', async () => {
  const { vault, key } = made();
  vault.value = '';
  await assert.rejects(key.get(), { name: 'NoKeyError', message: /The secret chat-key could not be read/ });
});

test('a call survives a change: it is repeated with the new key', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  const used = [];
  const call = async () => {
    used.push(await key.get());
    if (used.length === 1) vault.value = 'key-2';
    if (used.at(-1) === 'key-1') throw refused();
    return 'answer';
  };
  assert.equal((await timed(key.survivingAChange(call))).result, 'answer');
  assert.deepEqual(used, ['key-1', 'key-2']);
});

test('a hundred refused callers make the vault be asked five times a second at most', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  await key.get();
  const call = async () => {
    if ((await key.get()) === 'key-1') throw refused();
  };
  const calls = Promise.all(Array.from({ length: 100 }, () => key.survivingAChange(call)));
  setTimeout(() => (vault.value = 'key-2'), 10_000);
  const { seconds } = await timed(calls);
  assert.ok(seconds < 13, `${seconds} seconds`);
  assert.ok(vault.asked <= 1 + 5 * seconds, `${vault.asked} reads`);
});

test('while the vault is out, a refused call is repeated and the vault is asked at its pace', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  await key.get();
  vault.isOut = true;
  let calls = 0;
  const call = async () => {
    if ((calls += 1) < 10) throw refused();
    return key.get();
  };
  const { result, seconds } = await timed(key.survivingAChange(call));
  assert.equal(result, 'key-1');
  assert.ok(seconds > 8 && vault.asked <= 6, `${vault.asked} reads in ${seconds} seconds`);
});

test('a call that is still refused after the patience fails with the error of the client', async (t) => {
  stopTheClock(t);
  const { key } = made();
  await key.get();
  const surviving = key.survivingAChange(() => Promise.reject(refused()), { patience: 5 });
  await assert.rejects(timed(surviving), { status: 401 });
});

test('a key that was refused in vain is refused at once, until the secret holds another one', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  const call = async () => {
    if ((await key.get()) !== 'key-2') throw refused();
    return 'answer';
  };
  await assert.rejects(timed(key.survivingAChange(call)), { status: 401 });
  const before = Date.now();
  await assert.rejects(timed(key.survivingAChange(call)), { status: 401 });
  assert.ok(Date.now() - before <= 300, `${Date.now() - before} ms`);
  vault.value = 'key-2';
  assert.equal((await timed(key.survivingAChange(call))).result, 'answer');
});

test('a key that works after all makes the next refusal be repeated again', async (t) => {
  stopTheClock(t);
  const { key } = made();
  let isRefused = true;
  const call = async () => {
    await key.get();
    if (isRefused) throw refused();
    return 'answer';
  };
  await assert.rejects(timed(key.survivingAChange(call, { patience: 1 })), { status: 401 });
  isRefused = false;
  await key.survivingAChange(call);
  isRefused = true;
  setTimeout(() => (isRefused = false), 5000);
  assert.equal((await timed(key.survivingAChange(call))).result, 'answer');
});

test('another error is not repeated, and the word of the AI SDK for a status is known', async (t) => {
  stopTheClock(t);
  const { vault, key } = made();
  await key.get();
  let calls = 0;
  const failing = async (fields) => {
    calls += 1;
    throw Object.assign(new Error('no'), fields);
  };
  const surviving = (fields) => timed(key.survivingAChange(() => failing(fields), { patience: 0.35 }));
  await assert.rejects(surviving({ status: 403 }), { status: 403 });
  assert.deepEqual([calls, vault.asked], [1, 1]);
  await assert.rejects(surviving({ statusCode: 401 }), { statusCode: 401 });
  assert.deepEqual([calls, vault.asked > 1], [3, true]);
});

test('no form of the object, of its options for a client and of its warnings shows the key', async (t) => {
  stopTheClock(t);
  const { vault, key, warnings } = made({ maxAge: 600 });
  await key.get();
  vault.isOut = true;
  pass(600);
  await key.get();
  await settle();
  const forms = [key, key.get, { ...key }, following(key, 'https://chat.example')];
  const shown = [
    ...forms.map((one) => inspect(one, { depth: 9, showHidden: true })),
    `${key}`,
    JSON.stringify({ key }),
  ];
  for (const text of [...shown, ...warnings]) assert.doesNotMatch(text, /key-1/);
  assert.equal(warnings.length, 1);
  assert.equal(shown[0], 'RotatingKey(chat-key, version version-1)');
  assert.equal(shown.at(-1), '{"key":{"secret":"chat-key","version":"version-1"}}');
});

test('the object cannot be cloned with its key', async () => {
  const { key } = made();
  await key.get();
  assert.throws(() => structuredClone(key), { name: 'DataCloneError' });
});

test('a missing name, and a maxAge that is no positive number, are refused', () => {
  assert.throws(() => new RotatingKey(new Vault(), undefined), /The name of the secret is missing/);
  for (const maxAge of [0, -1, Number.NaN]) assert.throws(() => made({ maxAge }), /maxAge is/);
});
