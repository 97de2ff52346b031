/**
 * A consumer without a key: it signs in with its own identity. Every consumer should work like this in the end.
 *
 * Copy this folder. The identity needs the role Cognitive Services OpenAI User on the account:
 *
 *     npm install
 *     node chat.js https://my-account.openai.azure.com gpt-4o
 *
 * Settings:
 *     AZURE_CLIENT_ID      The client id of the user-assigned identity. Set it in production.
 *     AZURE_OPENAI_SCOPE   What the token is for. Default https://cognitiveservices.azure.com/.default. The endpoint of
 *                          a project (.../api/projects/...) needs https://ai.azure.com/.default.
 *
 * In production one identity is named and nothing else is tried: `DefaultAzureCredential` tries one source after the
 * other, so that a variable that somebody left there, such as AZURE_CLIENT_SECRET, signs the app in as somebody else.
 * And where no managed identity answers, it needs 18 seconds to say so. On your own machine it is right: it takes your
 * sign-in of `az login`. `ManagedIdentityCredential` does not read AZURE_CLIENT_ID by itself; it must be given.
 */
import { DefaultAzureCredential, ManagedIdentityCredential, getBearerTokenProvider } from '@azure/identity';
import OpenAI, { AzureOpenAI } from 'openai';

const SCOPE = 'https://cognitiveservices.azure.com/.default';

/** Returns the named identity where AZURE_CLIENT_ID names one, else your own sign-in. */
export function credential({ AZURE_CLIENT_ID: clientId } = process.env) {
  return clientId ? new ManagedIdentityCredential({ clientId }) : new DefaultAzureCredential();
}

/** Returns a function that gives a token and renews it in time. Make it once. */
export function tokensOf(signedIn, scope = process.env.AZURE_OPENAI_SCOPE || SCOPE) {
  return getBearerTokenProvider(signedIn, scope);
}

/** Returns a client for an account. It calls `token` for each request. It needs `openai` 5.18.0 or later. */
export function clientFor(endpoint, token) {
  return new OpenAI({ baseURL: `${endpoint.replace(/\/+$/, '')}/openai/v1/`, apiKey: token });
}

/**
 * Returns a client for the paths with an api-version: for what is not under /openai/v1/, or with `openai` from 4.42 on.
 *
 * The empty key is there on purpose: a key that is left over in AZURE_OPENAI_API_KEY would make the client throw. Never
 * give `AzureOpenAI` an address that ends in /openai/v1/, and none with a slash at its end: both lead to wrong paths.
 */
export function datedClientFor(endpoint, token, apiVersion = '2024-10-21') {
  const address = endpoint.replace(/\/+$/, '');
  return new AzureOpenAI({ endpoint: address, apiVersion, azureADTokenProvider: token, apiKey: '' });
}
