/** Asks the model one question, without a key: node chat.js */
import { clientFor, tokens } from './client.js';

const { AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT } = process.env;
const client = clientFor(AZURE_OPENAI_ENDPOINT, tokens());
const answer = await client.chat.completions.create({
  model: AZURE_OPENAI_DEPLOYMENT,
  messages: [{ role: 'user', content: 'Which model are you?' }],
});
console.log(answer.choices[0].message.content);
