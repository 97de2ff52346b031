import { Patience, inSeconds, isRefusal, now } from './repeating.js';

/** The part of `maxAge` after which a key is read again while callers go on: from, and at most how much later. */
const EARLY = { from: 0.7, spread: 0.2 };
/** Seconds between two reads that refused calls ask for. */
const PACE = 0.2;
/** Seconds after which a vault that did not answer is asked again. They double up to ASK_AGAIN. */
const FIRST_PAUSE = 1;
const ASK_AGAIN = 30;
/** Seconds that one read may take. */
const READ_TIMEOUT = 20;
/** Seconds that a caller waits for the vault while a key is held. After that the held key is used. */
const WAIT_WITH_A_KEY = 2;

/**
 * @typedef {object} Secrets What is needed of a SecretClient. Each 4.x version of `@azure/keyvault-secrets` fits.
 * @property {(name: string, options?: { abortSignal?: AbortSignal }) => Promise<FoundSecret>} getSecret
 */

/**
 * @typedef {object} FoundSecret What is needed of a KeyVaultSecret.
 * @property {string} [value]
 * @property {{ version?: string }} properties
 */

/**
 * @typedef {object} Options
 * @property {number} [maxAge] How long a key is used before the secret is read again, in seconds. 3600 by default.
 *   Keep it below the overlap, in which the key before still works, and below ROTATION_CONSUMER_LAG.
 * @property {(text: string) => void} [warn] Gets a sentence when the secret cannot be read. `console.warn` by default.
 * @property {(version: string) => void} [onNewVersion] Gets the id of a version that is read in place of another one.
 */

/** The secret could not be read, and no key was read before. The cause is the vault's or the credential's error. */
export class NoKeyError extends Error {
  name = 'NoKeyError';
}

/**
 * The key that a secret holds now, for clients whose key changes while they run.
 *
 * The newest version of the secret is read when the key is first needed, again before it is older than `maxAge`, and
 * when a service refuses it. Callers that ask at the same time share one read. While the vault does not answer, the key
 * that is held goes on being used, and the vault is asked at a pace that does it no harm. No text about the object
 * shows the key.
 */
export class RotatingKey {
  /** @type {() => Secrets} */ #make;
  /** @type {Secrets | undefined} */ #secrets;
  /** @type {string} */ #name;
  /** @type {Required<Options>} */ #options;
  /** @type {string} */ #value = '';
  /** @type {string} */ #version = '';
  #readAt = 0;
  #earlyAt = 0;
  #notBefore = 0;
  #pause = 0;
  /** @type {unknown} */ #error;
  /** @type {Promise<void> | undefined} */ #reading;
  /** @type {Promise<void> | undefined} */ #nextReading;

  /**
   * Reads nothing yet: the first call does.
   *
   * @param {Secrets | (() => Secrets)} secrets A SecretClient, or a function that makes one.
   * @param {string} name The name of the secret.
   * @param {Options} [options]
   */
  constructor(secrets, name, options = {}) {
    const { maxAge = 3600, warn = (text) => console.warn(text), onNewVersion = () => {} } = options;
    if (!name) throw new TypeError('The name of the secret is missing.');
    if (!(maxAge > 0)) throw new RangeError(`maxAge is ${maxAge}. It must be a number of seconds above 0.`);
    this.#make = typeof secrets === 'function' ? secrets : () => secrets;
    this.#name = name;
    this.#options = { maxAge, warn, onNewVersion };
  }

  /** The id of the version whose key is held. It is empty before the first read, and it is no secret. */
  get version() {
    return this.#version;
  }

  /**
   * Returns the key. Pass this function to `openai` as `apiKey`; it needs no `this`.
   *
   * A key that grows old is read again while callers go on with it. A caller waits for the vault if no key is held, and
   * for 2 seconds at most if the held one is older than `maxAge`.
   *
   * @type {() => Promise<string>}
   * @throws {NoKeyError} if no key could ever be read.
   */
  get = async () => {
    if (!this.#value) await this.#firstRead();
    const time = now();
    const age = time - this.#readAt; // below 0 after the clock was set back
    if (age >= 0 && time < this.#earlyAt) return this.#value;
    const reading = time >= this.#notBefore || age < 0 ? this.#read() : this.#reading;
    const isUsable = this.#error || (age >= 0 && age < this.#options.maxAge);
    if (reading && !isUsable) await inSeconds(WAIT_WITH_A_KEY, reading);
    return this.#value;
  };

  /**
   * Reads the secret now and returns the key. Call it when a service refused the key or a new version was announced.
   * Callers that ask at the same time share one read. While the vault is out, the held key is returned.
   *
   * @param {string} [refused] The key that was refused. If another one is held already, nothing is read.
   * @returns {Promise<string>}
   * @throws {NoKeyError} if no key could ever be read.
   */
  async readAgain(refused = '') {
    if (!this.#value) await this.#firstRead();
    else if (this.#value === refused || !refused) await (this.#nextReading ??= this.#pacedRead());
    return this.#value;
  }

  /**
   * Makes a call and returns its result. After a 401, reads the secret again and repeats the call, for at most
   * `patience` seconds. A 401 is any error whose `status` (as in `openai`) or `statusCode` is 401.
   *
   * @template T
   * @param {() => Promise<T>} call
   * @param {{ patience?: number }} [options] 60 seconds by default.
   * @returns {Promise<T>}
   * @throws The client's error if the key is still refused then, and from then on at once until the secret holds
   *   another key; and every other error at once.
   */
  async survivingAChange(call, { patience = 60 } = {}) {
    const left = new Patience(this, this.#value, patience);
    for (;;) {
      const used = this.#value;
      try {
        const result = await call();
        left.worked(used);
        return result;
      } catch (error) {
        if (!isRefusal(error) || !(await left.next(used || this.#value))) throw error;
      }
    }
  }

  /** The secret's name and version, never the key. */
  toJSON() {
    return { secret: this.#name, version: this.#version };
  }

  toString() {
    return `RotatingKey(${this.#name}, ${this.#version ? `version ${this.#version}` : 'not read yet'})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return this.toString();
  }

  /** Reads the secret while no key is held. A vault that failed just now is not asked again yet. */
  async #firstRead() {
    if (!this.#error || now() >= this.#notBefore || this.#reading) await this.#read();
    if (!this.#value) {
      throw new NoKeyError(`The secret ${this.#name} could not be read: ${named(this.#error)}`, { cause: this.#error });
    }
  }

  /** Reads the secret with a read that starts after this call, since one that is under way may show what was before. */
  async #pacedRead() {
    await this.#reading;
    if (!this.#error) await inSeconds(Math.min(this.#notBefore - now(), PACE));
    this.#nextReading = undefined;
    if (!this.#error || now() >= this.#notBefore) await this.#read();
  }

  /** Reads the secret, or waits for the read that is under way. It never rejects. */
  #read() {
    this.#reading ??= this.#readOnce().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readOnce() {
    try {
      this.#secrets ??= this.#make();
      const found = await this.#secrets.getSecret(this.#name, {
        abortSignal: AbortSignal.timeout(READ_TIMEOUT * 1000),
      });
      if (!found.value) throw new NoKeyError(`The secret ${this.#name} holds no value.`);
      this.#keep(found.value, found.properties.version ?? '');
    } catch (error) {
      this.#noteFailure(error);
    }
  }

  /**
   * @param {string} value
   * @param {string} version
   */
  #keep(value, version) {
    const { maxAge, onNewVersion } = this.#options;
    const isNew = this.#version !== '' && this.#version !== version;
    [this.#value, this.#version, this.#error, this.#pause] = [value, version, undefined, 0];
    this.#readAt = now();
    this.#notBefore = this.#readAt + PACE;
    this.#earlyAt = this.#readAt + maxAge * (EARLY.from + EARLY.spread * Math.random()); // spreads the reads
    if (isNew) queueMicrotask(() => onNewVersion(version));
  }

  /** @param {unknown} error */
  #noteFailure(error) {
    const { maxAge, warn } = this.#options;
    this.#error = error ?? new Error('unknown');
    this.#pause = Math.min(this.#pause * 2 || FIRST_PAUSE, ASK_AGAIN, maxAge);
    this.#notBefore = now() + this.#pause;
    this.#readAt = Math.min(this.#readAt, now());
    this.#earlyAt = 0; // the next caller after the pause asks again
    const use = this.#value ? 'The key that was read before is used' : 'No key is held';
    const text = `The secret ${this.#name} could not be read (${named(error)}). ${use}.`;
    queueMicrotask(() => warn(text));
  }
}

/**
 * Names an error by its status, code or class. Its text is left out: it can be long, and it names only the vault.
 *
 * @param {any} error
 * @returns {string}
 */
function named(error) {
  return String(error?.statusCode ?? error?.code ?? error?.name ?? 'unknown error');
}
