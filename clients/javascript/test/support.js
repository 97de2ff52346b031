import { mock } from 'node:test';

/** A vault that can be out, or wait before it answers. It counts how often it is asked. */
export class Vault {
  value = 'key-1';
  asked = 0;
  isOut = false;
  #held = Promise.resolve();

  async getSecret(name, { abortSignal } = {}) {
    this.asked += 1;
    const value = this.value;
    await this.#held;
    abortSignal?.throwIfAborted();
    if (this.isOut) throw Object.assign(new Error(`no answer for ${name} and ${value}`), { code: 'ECONNREFUSED' });
    return { value, properties: { version: value.replace('key', 'version') } };
  }

  /** Holds all answers back until the function that it returns is called. */
  hold() {
    let release = () => {};
    this.#held = new Promise((resolve) => (release = resolve));
    return release;
  }
}

/** What a client throws when its key is refused. */
export const refused = () => Object.assign(new Error('Access denied'), { status: 401 });

/** Stops the clock and the timers. They go on when a test says so. */
export function stopTheClock(t) {
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.UTC(2026, 10, 30) });
  t.after(() => mock.timers.reset());
}

/** Lets so many seconds pass at once. */
export const pass = (seconds) => mock.timers.tick(seconds * 1000);

/** Sets the clock to another time, as an administrator does. */
export const setClock = (time) => mock.timers.setTime(time);

/** Lets all work that waits for no timer finish. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass until a promise is settled, and returns its result and the seconds that it took. */
export async function timed(promise) {
  let isDone = false;
  const started = Date.now();
  promise.then(
    () => (isDone = true),
    () => (isDone = true),
  );
  for (let tenth = 0; !isDone && tenth < 10_000; tenth += 1) {
    await settle();
    if (!isDone) pass(0.1);
  }
  return { result: await promise, seconds: (Date.now() - started) / 1000 };
}
