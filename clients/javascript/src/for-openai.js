import { Patience } from './repeating.js';

/** The client insists on a key. No request carries this text: `following` replaces it. */
const PLACEHOLDER = 'the function fetch sets the key';

/**
 * Returns the options that make a client of the package `openai` follow a key, in every version, for `OpenAI` and
 * `AzureOpenAI`:
 *
 *     new OpenAI({ baseURL: `${endpoint}/openai/v1/`, ...following(key, endpoint) })
 *     new AzureOpenAI({ endpoint, apiVersion: '2024-10-21', ...following(key, endpoint) })
 *
 * Its `fetch` puts the key into each request. After a 401 it reads the secret again and repeats the request, so that
 * the program sees nothing of a change of the key. The client itself never holds the key, so no text about it shows it.
 *
 * @param {{ get: () => Promise<string>, readAgain: (refused?: string) => Promise<string> }} key A RotatingKey.
 * @param {string} endpoint An address of the account. The key is sent to this host only.
 * @param {{ patience?: number, fetch?: typeof globalThis.fetch }} [options] For how many seconds a request is repeated
 *   while the key is refused, 60 by default; and the function that sends requests, Node's own by default.
 * @returns {{ apiKey: string, fetch: typeof globalThis.fetch }}
 */
export function following(key, endpoint, { patience = 60, fetch = globalThis.fetch } = {}) {
  const { origin } = new URL(endpoint);
  /** @type {typeof globalThis.fetch} */
  const sending = async (input, init) => {
    const address = new URL(input instanceof Request ? input.url : input);
    if (address.origin !== origin) {
      throw new TypeError(`The key is only sent to ${origin}, and this request goes to ${address.origin}.`);
    }
    let used = await key.get();
    const left = new Patience(key, used, patience);
    for (;;) {
      const answer = await fetch(input, withKey(input, init, used));
      if (answer.status !== 401) left.worked(used);
      if (answer.status !== 401 || !canRepeat(input, init)) return answer;
      const renewed = await left.next(used);
      if (!renewed) return answer;
      await answer.body?.cancel();
      used = renewed;
    }
  };
  return { apiKey: PLACEHOLDER, fetch: sending };
}

/**
 * Returns the request's options with the key. The header `api-key` is right on every path; `Authorization` is not.
 * A redirection is an error, since it would carry the key to another host.
 *
 * @param {RequestInfo | URL} input
 * @param {RequestInit | undefined} init
 * @param {string} key
 * @returns {RequestInit}
 */
function withKey(input, init, key) {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.delete('authorization');
  headers.set('api-key', key);
  return { ...init, headers, redirect: 'error' };
}

/**
 * Tells whether a request can be sent twice. A stream, and the body of a Request, can be read only once.
 *
 * @param {RequestInfo | URL} input
 * @param {RequestInit} [init]
 */
function canRepeat(input, init) {
  const body = init?.body;
  if (input instanceof Request && input.body) return false;
  const kinds = [ArrayBuffer, Blob, FormData, URLSearchParams];
  return (
    body == null || typeof body === 'string' || ArrayBuffer.isView(body) || kinds.some((kind) => body instanceof kind)
  );
}
