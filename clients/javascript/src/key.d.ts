export type Secrets = {
    getSecret: (name: string, options?: {
        abortSignal?: AbortSignal;
    }) => Promise<FoundSecret>;
};
export type FoundSecret = {
    value?: string;
    properties: {
        version?: string;
    };
};
export type Options = {
    /**
     * How long a key is used before the secret is read again, in seconds. 3600 by default.
     * Keep it below the overlap, in which the key before still works, and below ROTATION_CONSUMER_LAG.
     */
    maxAge?: number;
    /**
     * Gets a sentence when the secret cannot be read. `console.warn` by default.
     */
    warn?: (text: string) => void;
    /**
     * Gets the id of a version that is read in place of another one.
     */
    onNewVersion?: (version: string) => void;
};
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
export declare class NoKeyError extends Error {
    name: string;
}
/**
 * The key that a secret holds now, for clients whose key changes while they run.
 *
 * The newest version of the secret is read when the key is first needed, again before it is older than `maxAge`, and
 * when a service refuses it. Callers that ask at the same time share one read. While the vault does not answer, the key
 * that is held goes on being used, and the vault is asked at a pace that does it no harm. No text about the object
 * shows the key.
 */
export declare class RotatingKey {
    #private;
    /**
     * Reads nothing yet: the first call does.
     *
     * @param {Secrets | (() => Secrets)} secrets A SecretClient, or a function that makes one.
     * @param {string} name The name of the secret.
     * @param {Options} [options]
     */
    constructor(secrets: Secrets | (() => Secrets), name: string, options?: Options);
    /** The id of the version whose key is held. It is empty before the first read, and it is no secret. */
    get version(): string;
    /**
     * Returns the key. Pass this function to `openai` as `apiKey`; it needs no `this`.
     *
     * A key that grows old is read again while callers go on with it. A caller waits for the vault if no key is held, and
     * for 2 seconds at most if the held one is older than `maxAge`.
     *
     * @type {() => Promise<string>}
     * @throws {NoKeyError} if no key could ever be read.
     */
    get: () => Promise<string>;
    /**
     * Reads the secret now and returns the key. Call it when a service refused the key or a new version was announced.
     * Callers that ask at the same time share one read. While the vault is out, the held key is returned.
     *
     * @param {string} [refused] The key that was refused. If another one is held already, nothing is read.
     * @returns {Promise<string>}
     * @throws {NoKeyError} if no key could ever be read.
     */
    readAgain(refused?: string): Promise<string>;
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
    survivingAChange<T>(call: () => Promise<T>, { patience }?: {
        patience?: number;
    }): Promise<T>;
    /** The secret's name and version, never the key. */
    toJSON(): {
        secret: string;
        version: string;
    };
    toString(): string;
}
