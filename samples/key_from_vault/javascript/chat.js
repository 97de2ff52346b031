/** Asks the model one question, with the key of the vault: node chat.js https://my-account.openai.azure.com gpt-4o */
import { clientFor, theKey } from './client.js';

const [endpoint, model] = process.argv.slice(2);
const client = clientFor(endpoint, theKey());
const answer = await client.chat.completions.create({
  model,
  messages: [{ role: 'user', content: 'Which model are you?' }],
});
console.log(answer.choices[0].message.content);
