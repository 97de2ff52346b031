/**
 * Tries what a program may do with one version of `openai`, and prints what became of each as JSON: `works`; `works,
 * shown` if `util.inspect` of the client shows the key or token; `throws`; `wrong path`; or the status of the refusal.
 */
import { inspect } from 'node:util';

import { following } from 'rotating-key';

const { ENDPOINT: endpoint, KEY: key, TOKEN: token } = process.env;
const { default: OpenAI, AzureOpenAI } = await import(`openai-${process.argv[2]}`);
const apiVersion = '2024-10-21';
const dated = { endpoint: endpoint.replace(/\/$/, ''), apiVersion };
const baseURL = `${endpoint}openai/v1/`;
const follow = () => following({ get: async () => key, readAgain: async () => key }, endpoint, { patience: 0 });
const isSecret = new RegExp(`${key}|${token}`);

/** Makes a client, calls a model, and says what became of it. */
async function tried(make) {
  try {
    const client = make();
    await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
    return isSecret.test(inspect(client, { depth: 9 })) ? 'works, shown' : 'works';
  } catch (error) {
    if ([404, 501].includes(error.status)) return 'wrong path';
    return error.status ? `${error.status}` : 'throws';
  }
}

/** Makes a client with a key that is wrong, and sets the right one, as a program does when its key changes. */
function renewed(make) {
  const client = make('wrong');
  client.apiKey = key;
  return client;
}

const results = {
  'OpenAI with following': () => new OpenAI({ baseURL, ...follow() }),
  'OpenAI with following and withOptions': () => new OpenAI({ baseURL, ...follow() }).withOptions({ timeout: 9999 }),
  'AzureOpenAI with following': () => new AzureOpenAI({ ...dated, ...follow() }),
  'AzureOpenAI with following, endpoint with a slash at its end': () =>
    new AzureOpenAI({ apiVersion, endpoint, ...follow() }),
  'OpenAI with apiKey: fn': () => new OpenAI({ baseURL, apiKey: async () => key }),
  'OpenAI with apiKey: fn and withOptions': () =>
    new OpenAI({ baseURL, apiKey: async () => key }).withOptions({ timeout: 9999 }),
  'AzureOpenAI with apiKey: fn': () => new AzureOpenAI({ ...dated, apiKey: async () => key }),
  'OpenAI with client.apiKey = key': () => renewed((apiKey) => new OpenAI({ baseURL, apiKey })),
  'AzureOpenAI with client.apiKey = key': () => renewed((apiKey) => new AzureOpenAI({ ...dated, apiKey })),
  'OpenAI with a token provider': () => new OpenAI({ baseURL, apiKey: async () => token }),
  'AzureOpenAI with a token provider': () => new AzureOpenAI({ ...dated, azureADTokenProvider: async () => token }),
  "AzureOpenAI with a token provider and apiKey: ''": () =>
    new AzureOpenAI({ ...dated, azureADTokenProvider: async () => token, apiKey: '' }),
};
process.env.AZURE_OPENAI_API_KEY = 'left-over';
for (const [name, make] of Object.entries(results)) results[name] = await tried(make);
console.log(JSON.stringify(results));
