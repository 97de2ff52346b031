/**
 * The consumers of the load proof in Node. They use the code of samples/key_from_vault/javascript, the real clients of
 * Azure and `openai`, and one key for all callers. Standard input and output are those of every runner here: it prints
 * `ready`, calls until standard input closes, and prints its figures as one line of JSON.
 */
import { clientFor, secrets, theKey } from '../../../../samples/key_from_vault/javascript/client.js';

const settings = process.env;
const figures = { made: 0, repeated: 0, failed: [], latency_ms: {} };
let [isOver, refusals] = [false, 0];
process.stdin.on('end', () => (isOver = true)).resume();

const sending = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const answer = await sending(...request);
  if (answer.status === 401) refusals += 1;
  return answer;
};

/** Makes the client as the sample does. The emulated vault has an address that the client would refuse. */
function made() {
  const key = theKey(secrets({ disableChallengeResourceVerification: true }));
  return clientFor(settings.OPENAI_BASE_URL.replace(/\/openai\/v1\/$/, ''), key);
}

async function call(client) {
  const begun = performance.now();
  try {
    await client.chat.completions.create({
      model: settings.DEPLOYMENT,
      messages: [{ role: 'user', content: 'Are you there?' }],
    });
  } catch (error) {
    if (error.status === 401) refusals -= 1; // the last refusal was not followed by a repetition
    figures.failed.push([error.name, error.status, error.message, error.cause?.message].filter(Boolean).join(' '));
  }
  figures.made += 1;
  const took = Math.floor(performance.now() - begun);
  figures.latency_ms[took] = (figures.latency_ms[took] ?? 0) + 1;
}

async function callUntilTheEnd(client) {
  while (!isOver) {
    await call(client);
    await new Promise((resolve) => setTimeout(resolve, Number(settings.PAUSE_MS)));
  }
}

async function firstAnswer(client) {
  const before = figures.failed.length;
  await call(client);
  if (figures.failed.length > before) throw new Error(figures.failed.at(-1));
}

const client = made();
const callers = Array.from({ length: Number(settings.CONSUMERS) });
await Promise.all(callers.map(() => firstAnswer(client)));
console.log('ready');
await Promise.all(callers.map(() => callUntilTheEnd(client)));
figures.repeated = refusals;
console.log(JSON.stringify(figures));
