#!/usr/bin/env node
/**
 * Why does my app get no answer without a key? Copy this one file, and run it where the app runs, as the app runs.
 *
 *     node doctor.mjs --endpoint https://my-account.openai.azure.com --deployment gpt-4o
 *
 * It needs Node 20 and `@azure/identity`, and signs in as `DefaultAzureCredential` does. It says which credential
 * answered and as whom, asks the model one short question (some tokens are charged), and looks for keys that are left
 * in the environment. For each fault it prints one sentence and one command. It shows and sends no key, and it shows no
 * token.
 *
 * Exit codes: 0 nothing is wrong, 1 there is a fault, 2 the arguments are wrong. `--json` prints the same as JSON:
 * `fine`, `signed_in` and `findings`, each with `cause`, `sentence` and `command`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const { DefaultAzureCredential, logger } = await import('@azure/identity').catch(lacking);

const ACCOUNTS = 'https://cognitiveservices.azure.com';
const PROJECTS = 'https://ai.azure.com';
const ROLE = 'Cognitive Services OpenAI User';
/** The names under which programs and libraries look for a key of an account, in capitals. */
const KEYS = new RegExp(
  '^(VITE_|NEXT_PUBLIC_|NUXT_|TF_VAR_)?(' +
    'AZURE_?OPEN_?AI_?(SERVICE_?)?(API_?)?KEY|AZURE_OPENAI_(\\w+_)?(API_)?KEY|AZURE_OAI_KEY|AOAI_(API_)?KEY' +
    '|AZURE_(AI_)?API_KEY|AZURE_INFERENCE_CREDENTIAL|MICROSOFT_FOUNDRY_(API_)?KEY|(AZURE_)?COGNITIVE_SERVICES_KEY' +
    '|AZUREOPENAI(TEXT)?__(API)?KEY|OPENAI__(API)?KEY|OPENAI_API_KEY(_\\d+)?)$',
);
const TOKENS = ['AZURE_OPENAI_AD_TOKEN', 'AZURE_AD_TOKEN'];
const BROWSER = /^(VITE_|NEXT_PUBLIC_|NUXT_)/;
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;
const OPTIONS = {
  endpoint: { type: 'string', about: "the account's address, or that of a project" },
  deployment: { type: 'string', default: '', about: 'the name of the deployment; without it, models are listed' },
  scope: { type: 'string', default: '', about: `default ${ACCOUNTS}/.default, for a project ${PROJECTS}/.default` },
  'client-id': { type: 'string', default: process.env.AZURE_CLIENT_ID ?? '', about: 'of the identity to use' },
  timeout: { type: 'string', default: '20', about: 'seconds to wait for an answer; default 20' },
  json: { type: 'boolean', default: false, about: 'print JSON' },
  help: { type: 'boolean', default: false, about: 'print this' },
};

/** Says which package is missing, and ends the program. Throws any other error. */
function lacking(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error('package: Node finds no package @azure/identity here.\n  npm install @azure/identity');
  process.exit(1);
}

/** Examines, prints, and returns the exit code. */
async function main() {
  const asked = readArguments();
  if (typeof asked === 'number') return asked;
  const address = asked.endpoint.replace(/\/+$/, '').replace(/\/openai(\/v1)?$/, '');
  const url = new URL(address);
  const isProject = address.includes('/api/projects/');
  const place = { ...asked, address, url, host: url.hostname, isProject };
  const scope = asked.scope || `${isProject ? PROJECTS : ACCOUNTS}/.default`;
  const findings = [...stored(), ...libraries()];
  const connection = await connectionTo(place);
  let who = null;
  try {
    const { token, ...claims } = await signIn(scope, asked['client-id']);
    who = claims;
    findings.push(...(connection.length ? connection : await call(place, token, who)));
  } catch (error) {
    if (who || !error.name?.match(/Authentication|Credential/)) throw error;
    findings.push(noSignIn(error, asked['client-id']), ...connection);
  }
  print(findings, who, asked.json);
  return findings.length ? 1 : 0;
}

/** Returns the arguments, or an exit code if nothing is to be examined. */
function readArguments() {
  const names = Object.entries(OPTIONS).map(
    ([name, { type, about }]) => `  --${name}${type === 'string' ? ' …' : ''}  ${about}`,
  );
  try {
    const { values } = parseArgs({ options: OPTIONS });
    if (values.help) {
      console.log(`node doctor.mjs --endpoint … [--deployment …]\n\n${names.join('\n')}`);
      return 0;
    }
    if (!/^https?:$/.test(URL.canParse(values.endpoint) ? new URL(values.endpoint).protocol : '')) {
      throw new TypeError('--endpoint must be an address such as https://my-account.openai.azure.com');
    }
    if (!(Number(values.timeout) > 0)) throw new TypeError('--timeout must be a number of seconds');
    return { ...values, timeout: Number(values.timeout) };
  } catch (error) {
    console.error(`${error.message}\n${names.join('\n')}`);
    return 2;
  }
}

const finding = (cause, sentence, command) => ({ cause, sentence, command });

// What is stored: keys, tokens and secrets in the environment

function stored() {
  const found = [];
  for (const [name, text] of Object.entries(process.env).sort(([one], [other]) => (one < other ? -1 : 1))) {
    const isKey = KEYS.test(name.toUpperCase());
    if (!text.trim()) continue;
    if (TOKENS.includes(name.toUpperCase()) || (isKey && text.startsWith('eyJ'))) {
      found.push(finding('stored-token', storedToken(name, text), removal(name)));
    } else if (isKey) {
      found.push(finding('key', storedKey(name, text), removal(name)));
    }
  }
  if (process.env.AZURE_CLIENT_SECRET) {
    const sentence =
      'AZURE_CLIENT_SECRET is set: the secret of a service principal is a key again, which somebody must renew, ' +
      'and DefaultAzureCredential takes it before a managed identity. Use a managed identity or federation.';
    found.push(finding('secret', sentence, removal('AZURE_CLIENT_SECRET')));
  }
  return found;
}

function storedToken(name, text) {
  const { exp } = claimsOf(text);
  if (!exp)
    return `${name} holds no token, perhaps a key: every call with it is refused. Pass a token provider instead.`;
  const state = exp * 1000 < Date.now() ? 'a token that has ended' : 'a token, which ends within the day';
  return `${name} holds ${state}: clients use it and never renew it. Pass a token provider instead.`;
}

function storedKey(name, text) {
  if (text.startsWith('@Microsoft.KeyVault(')) {
    return `${name} holds a Key Vault reference that was not resolved: clients send its text as the key.`;
  }
  let said = `${name} holds a key: some clients use it instead of the identity or beside it, or refuse to start.`;
  const installed = versionOf('openai');
  if (name === 'AZURE_OPENAI_API_KEY' && installed) {
    said += ` AzureOpenAI of openai ${installed} refuses a token provider while it is set, unless it gets apiKey: ''.`;
  }
  if (name === 'OPENAI_API_KEY') {
    said += ' If it is for api.openai.com, give it to that client only, under another name.';
  }
  if (BROWSER.test(name.toUpperCase())) {
    said += ' The build puts it into the page, so that every visitor has it: let its owner end it now.';
  }
  if ('WEBSITE_SITE_NAME' in process.env) {
    said += ' If it comes from Key Vault, App Service keeps an old value for up to 24 hours, also over a restart.';
  }
  return `${said} Once the account's keys are off, a call with it gets 403 AuthenticationTypeDisabled.`;
}

/** Returns the command that takes a variable away from where this program runs. */
function removal(name) {
  const { WEBSITE_SITE_NAME: site, CONTAINER_APP_NAME: container } = process.env;
  if (site) {
    const kind = 'FUNCTIONS_WORKER_RUNTIME' in process.env ? 'functionapp' : 'webapp';
    const start = `az ${kind} config appsettings delete --resource-group <group> --name ${quoted(site)}`;
    return `${start} --setting-names ${name}`;
  }
  if (container) {
    return `az containerapp update --resource-group <group> --name ${quoted(container)} --remove-env-vars ${name}`;
  }
  return 'KUBERNETES_SERVICE_HOST' in process.env
    ? `kubectl set env deployment/<deployment> ${name}-`
    : `unset ${name}`;
}

const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

/** Returns the version of a package that this folder or one above it has installed, or an empty text. */
function versionOf(name) {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const described = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(described)) return JSON.parse(readFileSync(described, 'utf8')).version;
    if (folder === dirname(folder)) return '';
  }
}

function libraries() {
  const installed = versionOf('openai');
  const [major, minor] = installed.split('.').map(Number);
  if (!installed || major > 4 || (major === 4 && minor >= 41)) return [];
  const sentence = `openai ${installed} takes no token provider for Azure: it can only call with a key or one token.`;
  return [finding('library', sentence, 'npm install openai@latest')];
}

// The connection

/** Looks the host up and opens a connection. Returns the fault, if there is one. */
async function connectionTo({ address, url, host, timeout }) {
  const hasProxy = Boolean(process.env.HTTPS_PROXY || process.env.https_proxy);
  if (hasProxy && process.env.NODE_USE_ENV_PROXY === '1') return []; // only the proxy can tell
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  try {
    await new Promise((resolve, reject) => {
      const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, timeout: timeout * 1000 });
      socket.once('connect', () => resolve(socket.destroy()));
      socket.once('timeout', () => reject(socket.destroy() && new Error('timed out')));
      socket.once('error', reject);
    });
    return [];
  } catch (error) {
    if (['ENOTFOUND', 'EAI_AGAIN'].includes(error.code)) {
      const why = 'the name is misspelt, or a private zone is missing';
      return [finding('name', `${host} has no address in the name service: ${why}.`, `nslookup ${host}`)];
    }
    const why = error.code ?? error.message;
    let sentence = `No connection to ${host}, port ${port} (${why}): a firewall, route or proxy is in between.`;
    if (hasProxy) sentence += ' HTTPS_PROXY is set, but fetch, by which openai calls, does not use it by itself.';
    return [finding('network', sentence, `curl -v ${address}`)];
  }
}

// Who signs in

/** Returns who signs in, and a token. Throws the error of `@azure/identity` if nobody can. */
async function signIn(scope, clientId) {
  let name = 'DefaultAzureCredential';
  logger.info.enabled = true; // which credential of the chain answered is said in the log alone
  logger.info.log = (...parts) => (name = /Result for (\w+): SUCCESS/.exec(parts.join(' '))?.[1] ?? name);
  const chain = new DefaultAzureCredential({
    ...(clientId && { managedIdentityClientId: clientId }),
    retryOptions: { maxRetries: 1 }, // without it, the answer that there is no managed identity takes 18 seconds
  });
  const { token } = await chain.getToken(scope);
  const { oid = '', appid = '', tid = '', aud = '', exp = 0 } = claimsOf(token);
  return { credential: name, oid, appid, tid, aud, exp, token };
}

/** Returns why nobody could sign in. */
function noSignIn(error, clientId) {
  const said = error.message;
  const kind = 'FUNCTIONS_WORKER_RUNTIME' in process.env ? 'functionapp' : 'webapp';
  const app = process.env.WEBSITE_SITE_NAME ? quoted(process.env.WEBSITE_SITE_NAME) : '<app>';
  const change = `az ${kind} config appsettings set --resource-group <group> --name ${app}`;
  const setting = `${change} --settings AZURE_CLIENT_ID=<client id>`;
  if (/Unable to load the proper Managed Identity|Multiple user assigned|Identity not found/.test(said)) {
    if (clientId) return finding('identity', `The app has no identity with the client id ${clientId}.`, setting);
    const sentence = 'The app has no identity of its own, or several, and AZURE_CLIENT_ID does not name one.';
    return finding('identity', sentence, setting);
  }
  if (/AADSTS7000(215|222)/.test(said)) {
    const sentence = 'The secret in AZURE_CLIENT_SECRET is wrong or has ended.';
    return finding('secret', sentence, removal('AZURE_CLIENT_SECRET'));
  }
  if (/AADSTS70(021|0211|0212|0213)\b/.test(said)) {
    const sentence =
      'The federated credential does not fit the issuer, subject or audience of the token that was shown.';
    const show = 'az identity federated-credential list --resource-group <group> --identity-name <identity>';
    return finding('federation', sentence, show);
  }
  const [code] = /AADSTS\d+/.exec(said) ?? [];
  const isCutOff = error.name === 'AuthenticationError' && /network_error|endpoints_resolution_error/.test(said);
  let why = isCutOff ? 'Entra ID cannot be reached' : 'no managed identity answers, and no tool is signed in';
  if (code) why = `Entra ID answered ${code}`;
  return finding('sign-in', `Nothing here can sign in: ${why}.`, 'az login');
}

/** Returns what a token says, unchecked. Empty if it is none. */
function claimsOf(token) {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    return claims && typeof claims === 'object' ? claims : {};
  } catch {
    return {};
  }
}

// The call

/** Calls the model once, and returns why it is refused. It follows no redirect, so no other host gets the token. */
async function call(place, token, who) {
  const body = { model: place.deployment, messages: [{ role: 'user', content: 'Hi' }], max_completion_tokens: 16 };
  const question = place.deployment ? { method: 'POST', body: JSON.stringify(body) } : {};
  try {
    const answer = await fetch(`${place.address}/openai/v1/${place.deployment ? 'chat/completions' : 'models'}`, {
      ...question,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(place.timeout * 1000),
    });
    const found = refusal(answer.status, await answer.text(), place, who);
    return found ? [found] : [];
  } catch (error) {
    if (!error.cause && error.name !== 'TimeoutError') throw error;
    return [broken(place, error.cause ?? error)];
  }
}

function broken({ address, host }, cause) {
  if (UNTRUSTED.test(cause.code ?? '')) {
    const sentence = `The certificate of ${host} is not trusted here: a proxy opens connections, or roots are missing.`;
    return finding('certificate', sentence, `openssl s_client -connect ${host}:443 -showcerts`);
  }
  return finding('network', `No connection to ${host}: ${cause.message}.`, `curl -v ${address}`);
}

/** Returns the fault that an answer shows. Null if the answer shows that the door is open. */
function refusal(status, said, place, who) {
  const [account] = place.host.split('.');
  if (status === 400 && said.includes('resource tenant')) {
    const sentence = `The token is from the tenant ${who.tid}, and the account belongs to another tenant.`;
    return finding('tenant', sentence, 'az login --tenant <tenant of the account>');
  }
  if (status === 400 && /custom subdomain|authentication key/.test(said)) {
    const sentence =
      'This address is that of a region: the account has no custom subdomain, and takes no tokens without.';
    const change = 'az cognitiveservices account update --resource-group <group> --name <account>';
    return finding('subdomain', sentence, `${change} --custom-domain <subdomain>`);
  }
  if (status === 401) return unauthorized(said, place, who);
  if (status === 403) {
    const sentence = 'The network rules of the account do not let this place in, or it has a private endpoint only.';
    const rule = `az cognitiveservices account network-rule add --resource-group <group> --name ${account}`;
    return finding('firewall', sentence, `${rule} --ip-address <address of this place>`);
  }
  if (status === 404 && said.includes('eployment')) {
    const sentence = `The account has no deployment ${place.deployment}: the name of a model need not be that of one.`;
    const listing = `az cognitiveservices account deployment list --resource-group <group> --name ${account}`;
    return finding('deployment', sentence, `${listing} --output table`);
  }
  if (status >= 500 || (status >= 300 && status < 400) || status === 404) {
    const why = 'it has trouble of its own, or is not the address of an account';
    return finding(
      'service',
      `${place.address} answered ${status}: ${why}.`,
      `curl -v ${place.address}/openai/v1/models`,
    );
  }
  return null; // 200; 429; a 400 of the model itself, such as for a model that does not chat
}

function unauthorized(said, place, who) {
  const wanted = place.isProject ? PROJECTS : ACCOUNTS;
  if (said.includes('audience is incorrect') && who.aud.replace(/\/$/, '') !== wanted) {
    const sentence = `The token is for ${who.aud}, which this endpoint does not take. Set the scope in the app, too.`;
    const again = `node doctor.mjs --endpoint ${place.address} --deployment ${place.deployment}`;
    return finding('audience', sentence, `${again} --scope ${wanted}/.default`);
  }
  if (/PermissionDenied|data action|access to API/.test(said)) {
    const sentence =
      `The identity ${who.oid} lacks the role ${ROLE} on the account of this address, or got it less than five ` +
      'minutes ago. Owner and Contributor are not enough.';
    const kind = /Cli|PowerShell/.test(who.credential) ? 'User' : 'ServicePrincipal';
    const grant = `az role assignment create --assignee-object-id ${who.oid} --assignee-principal-type ${kind}`;
    return finding('role', sentence, `${grant} --role "${ROLE}" --scope <account id>`);
  }
  const sentence = 'The account refuses the token for another reason; is the clock of this machine right?';
  return finding('token', sentence, 'date --utc');
}

function print(findings, who, asJson) {
  if (asJson) {
    console.log(JSON.stringify({ fine: !findings.length, signed_in: who, findings }, null, 2));
    return;
  }
  if (who) {
    const ends = new Date(who.exp * 1000).toISOString().slice(0, 16).replace('T', ' ');
    console.log(`${who.credential} signed in as object ${who.oid}, client ${who.appid}, tenant ${who.tid}.`);
    console.log(`The token is for ${who.aud}, until ${ends} UTC.`);
  }
  for (const { cause, sentence, command } of findings) console.log(`\n${cause}: ${sentence}\n  ${command}`);
  if (!findings.length) console.log('The model can be called without a key, and no key is left here.');
}

process.exitCode = await main();
