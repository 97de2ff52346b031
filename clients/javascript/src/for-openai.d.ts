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
export declare function following(key: {
    get: () => Promise<string>;
    readAgain: (refused?: string) => Promise<string>;
}, endpoint: string, { patience, fetch }?: {
    patience?: number;
    fetch?: typeof globalThis.fetch;
}): {
    apiKey: string;
    fetch: typeof globalThis.fetch;
};
