/**
 * A consumer that never notices a rotation: its key is the one that Key Vault holds now.
 *
 * Better is no key at all: samples/no_key/javascript.
 *
 * Copy this folder and clients/javascript. The identity needs the role Key Vault Secrets User on the one secret:
 *
 *     npm install
 *     export VAULT_URL=https://my-vault.vault.azure.net SECRET_NAME=my-account-key
 *     node chat.js https://my-account.openai.azure.com gpt-4o
 *
 * Settings:
 *     VAULT_URL, SECRET_NAME  Where the key is.
 *     AZURE_CLIENT_ID         The client id of the user-assigned identity. Set it in production; without it your own
 *                             sign-in is used (`az login`).
 *     MAX_AGE_SECONDS         How long a key that was read is used. Default 3600. Keep it below the overlap of the
 *                             account and below ROTATION_CONSUMER_LAG.
 *
 * A key that is left over in OPENAI_API_KEY or AZURE_OPENAI_API_KEY is not used. Remove it: nothing renews it.
 */
import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import OpenAI from 'openai';
import { RotatingKey, following } from 'rotating-key';

/** Returns the named identity where AZURE_CLIENT_ID names one, else your own sign-in. */
export function credential({ AZURE_CLIENT_ID: clientId } = process.env) {
  return clientId ? new ManagedIdentityCredential({ clientId }) : new DefaultAzureCredential();
}

/** Returns a client for the vault. `options` are those of a SecretClient. */
export function secrets(options = {}) {
  return new SecretClient(process.env.VAULT_URL, credential(), { retryOptions: { maxRetries: 1 }, ...options });
}

/** Returns the key. Make one for the whole program: all its clients share it. */
export function theKey(client = secrets()) {
  return new RotatingKey(client, process.env.SECRET_NAME, { maxAge: Number(process.env.MAX_AGE_SECONDS || 3600) });
}

/** Returns a client for an account that follows the key, in each version of `openai` from 4.42 on. */
export function clientFor(endpoint, key) {
  return new OpenAI({ baseURL: `${endpoint.replace(/\/+$/, '')}/openai/v1/`, ...following(key, endpoint) });
}
