/**
 * A consumer without a key, in TypeScript. samples/no_key/javascript/client.js explains the settings and the identity.
 *
 *     npm install && npm run build
 *     node chat.js https://my-account.openai.azure.com gpt-4o
 */
import { DefaultAzureCredential, ManagedIdentityCredential, getBearerTokenProvider } from '@azure/identity';
import type { TokenCredential } from '@azure/identity';
import OpenAI from 'openai';

const SCOPE = 'https://cognitiveservices.azure.com/.default';

/** Returns the named identity where AZURE_CLIENT_ID names one, else your own sign-in. */
function credential(): TokenCredential {
  const clientId = process.env['AZURE_CLIENT_ID'];
  return clientId ? new ManagedIdentityCredential({ clientId }) : new DefaultAzureCredential();
}

const [endpoint, model] = process.argv.slice(2);
if (!endpoint || !model) throw new Error('Say which endpoint and which deployment.');
const token = getBearerTokenProvider(credential(), process.env['AZURE_OPENAI_SCOPE'] || SCOPE);
const client = new OpenAI({ baseURL: `${endpoint.replace(/\/+$/, '')}/openai/v1/`, apiKey: token });

const answer = await client.chat.completions.create({
  model,
  messages: [{ role: 'user', content: 'Which model are you?' }],
});
console.log(answer.choices[0]?.message.content);
