/**
 * A consumer without a key: it signs in with its own identity. Every consumer should work like this in the end.
 *
 * Copy this folder. The app's identity needs the role Cognitive Services OpenAI User on the account; on a developer's
 * machine that is the person who is signed in with `az login`.
 */
import {
  ClientCertificateCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  getBearerTokenProvider,
} from '@azure/identity';
import OpenAI, { AzureOpenAI } from 'openai';

/** For the address of an account. A project's address (/api/projects/...) needs https://ai.azure.com/.default. */
const SCOPE = 'https://cognitiveservices.azure.com/.default';

/**
 * Returns the identity to sign in with.
 *
 * On a developer's machine that is whoever is signed in. In production it is one identity, chosen by its client id:
 * DefaultAzureCredential would try one after the other, take a left-over AZURE_CLIENT_SECRET before the managed identity
 * without a word, and if none works its error is a list in which the right one is hard to find.
 * Outside Azure it is a token of the platform (workload identity), and only if there is none, a certificate.
 */
export function credential(settings = process.env) {
  const { AZURE_CLIENT_ID: clientId, AZURE_TENANT_ID: tenantId } = settings;
  if (settings.NODE_ENV !== 'production') return new DefaultAzureCredential();
  if (settings.AZURE_FEDERATED_TOKEN_FILE) return new WorkloadIdentityCredential();
  const certificate = settings.AZURE_CLIENT_CERTIFICATE_PATH;
  if (certificate) return new ClientCertificateCredential(tenantId, clientId, certificate);
  return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
}

/** Returns a function that gives a token. It renews the token in time, so make it once. */
export const tokens = (settings = process.env) =>
  getBearerTokenProvider(credential(settings), settings.AZURE_OPENAI_SCOPE || SCOPE);

/** Returns a client for an account, such as https://my-account.openai.azure.com. It asks for a token for each request. */
export function clientFor(endpoint, token) {
  return new OpenAI({ baseURL: `${endpoint.replace(/\/+$/, '')}/openai/v1/`, apiKey: token });
}

/**
 * Returns a client for an address with a date, for what v1 does not have. The empty key is there on purpose: a left-over
 * setting AZURE_OPENAI_API_KEY would make the client refuse the token.
 */
export function datedClientFor(endpoint, token, apiVersion = '2024-10-21') {
  return new AzureOpenAI({ endpoint, apiVersion, azureADTokenProvider: token, apiKey: '' });
}
