/**
 * A consumer without a key, in TypeScript. samples/no_key/javascript says more about the choice of the identity.
 *
 * The app's identity needs the role Cognitive Services OpenAI User on the account.
 */
import { DefaultAzureCredential, ManagedIdentityCredential, getBearerTokenProvider } from '@azure/identity';
import type { TokenCredential } from '@azure/identity';
import OpenAI from 'openai';

const SCOPE = 'https://cognitiveservices.azure.com/.default';

/** Returns a setting. Throws if it is missing, because the client's own error would not name it. */
function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The setting ${name} is missing.`);
  return value;
}

/** In production the identity that AZURE_CLIENT_ID names, and no other; on a developer's machine who is signed in. */
function credential(): TokenCredential {
  if (process.env['NODE_ENV'] !== 'production') return new DefaultAzureCredential();
  return new ManagedIdentityCredential({ clientId: setting('AZURE_CLIENT_ID') });
}

const endpoint = setting('AZURE_OPENAI_ENDPOINT').replace(/\/+$/, '');
const token = getBearerTokenProvider(credential(), process.env['AZURE_OPENAI_SCOPE'] || SCOPE);
const client = new OpenAI({ baseURL: `${endpoint}/openai/v1/`, apiKey: token });

const answer = await client.chat.completions.create({
  model: setting('AZURE_OPENAI_DEPLOYMENT'),
  messages: [{ role: 'user', content: 'Which model are you?' }],
});
console.log(answer.choices[0]?.message.content);
