// How a program in TypeScript uses the package with the real clients. The test compiles it and does not run it.
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import OpenAI, { AzureOpenAI } from 'openai';
import { NoKeyError, RotatingKey, following } from 'rotating-key';
import type { Options } from 'rotating-key';

const endpoint = 'https://my-account.openai.azure.com';
const options: Options = {
  maxAge: 600,
  warn: (text) => console.warn(text),
  onNewVersion: (version) => console.info(version),
};
const secrets = () => new SecretClient('https://my-vault.vault.azure.net', new DefaultAzureCredential());
export const key = new RotatingKey(secrets, 'my-account-key', options);
export const sameKey = new RotatingKey(secrets(), 'my-account-key');

export const callable = new OpenAI({ baseURL: `${endpoint}/openai/v1/`, apiKey: key.get });
export const client = new OpenAI({ baseURL: `${endpoint}/openai/v1/`, ...following(key, endpoint) });
export const dated = new AzureOpenAI({
  endpoint,
  apiVersion: '2024-10-21',
  ...following(key, endpoint, { patience: 30 }),
});

export const models: string[] = await key.survivingAChange(async () => {
  const page = await callable.models.list();
  return page.data.map((one) => one.id);
});
export const version: string = key.version;
export const isNoKey = (error: unknown): boolean => error instanceof NoKeyError && error.cause !== undefined;

// @ts-expect-error -- seconds, not a text
export const wrong = new RotatingKey(secrets, 'my-account-key', { maxAge: '600' });
