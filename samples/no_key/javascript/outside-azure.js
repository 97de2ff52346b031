/**
 * A consumer without a key that runs outside Azure: in another cloud, in Kubernetes, on a build machine.
 *
 *     node outside-azure.js https://my-account.openai.azure.com gpt-4o
 *
 * Two ways, the first one found is taken:
 *
 * 1. Federation. The platform gives the program a short-lived token in a file, and Entra ID takes it in the place of a
 *    secret. Nothing is stored, so nothing can leak. AZURE_FEDERATED_TOKEN_FILE names the file. Kubernetes with
 *    workload identity sets it, AZURE_CLIENT_ID and AZURE_TENANT_ID by itself. Elsewhere make a federated credential
 *    on the identity, with issuer, subject and audience of the platform's token.
 * 2. As the last resort a service principal with a certificate. AZURE_CLIENT_CERTIFICATE_PATH names the file with it
 *    and its private key. It can leak, and somebody must renew it. A secret (AZURE_CLIENT_SECRET) is a key again under
 *    another name, and is not taken here.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { ClientCertificateCredential, WorkloadIdentityCredential } from '@azure/identity';

import { clientFor, tokensOf } from './client.js';

/** Returns the credential for what is set up here. `options` are those of the credential. */
export function credentialOutside(settings = process.env, options = {}) {
  const { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId } = settings;
  if (settings.AZURE_FEDERATED_TOKEN_FILE) return new WorkloadIdentityCredential(options);
  const certificate = settings.AZURE_CLIENT_CERTIFICATE_PATH;
  if (certificate) return new ClientCertificateCredential(tenantId, clientId, certificate, options);
  throw new Error('Set AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID and AZURE_TENANT_ID; see the top of this file.');
}

export async function ask(endpoint, model, options = {}) {
  const client = clientFor(endpoint, tokensOf(credentialOutside(process.env, options)));
  const answer = await client.chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Which model are you?' }],
  });
  return answer.choices[0].message.content;
}

const isProgram = process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isProgram) console.log(await ask(process.argv[2], process.argv[3]));
