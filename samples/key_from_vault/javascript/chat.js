/** Asks the model one question, with the key that the vault holds now: node chat.js */
import { SecretClient } from '@azure/keyvault-secrets';

import { clientFor, credential } from './client.js';

const { VAULT_URL, SECRET_NAME, AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT } = process.env;
const secrets = new SecretClient(VAULT_URL, credential(), { retryOptions: { maxRetries: 1 } });
const { client } = clientFor(secrets, { endpoint: AZURE_OPENAI_ENDPOINT, secret: SECRET_NAME });
const answer = await client.chat.completions.create({
  model: AZURE_OPENAI_DEPLOYMENT,
  messages: [{ role: 'user', content: 'Which model are you?' }],
});
console.log(answer.choices[0].message.content);
