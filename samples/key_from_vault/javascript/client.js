/**
 * A consumer that does not notice rotations: its client takes the key from Key Vault, and from there again when the key
 * changes. Better is no key at all: see samples/no_key/javascript.
 *
 * Copy this folder and `clients/javascript`. The app's identity needs the role Key Vault Secrets User on the secret.
 */
import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
import OpenAI from 'openai';
import { RotatingKey, following } from 'rotating-key';

/**
 * Returns a client for an account, and the key that it follows. Make both once, and use them for all requests.
 *
 * @param {import('@azure/keyvault-secrets').SecretClient} secrets
 * @param {{ endpoint: string, secret: string, maxAge?: number }} settings `endpoint`: the account's address, such as
 *   https://my-account.openai.azure.com. `secret`: the name of the secret. `maxAge`: how long a key is used before it is
 *   read again, in seconds.
 */
export function clientFor(secrets, { endpoint, secret, maxAge = 3600 }) {
  const key = new RotatingKey(secrets, secret, { maxAge });
  const client = new OpenAI({ baseURL: `${endpoint.replace(/\/+$/, '')}/openai/v1/`, ...following(key, endpoint) });
  return { client, key };
}

/** In production the app's managed identity and nothing else; on a developer's machine whoever is signed in. */
export function credential({ NODE_ENV, AZURE_CLIENT_ID: clientId } = process.env) {
  if (NODE_ENV !== 'production') return new DefaultAzureCredential();
  return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
}
