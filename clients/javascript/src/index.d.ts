export { following } from './for-openai.js';
export { NoKeyError, RotatingKey } from './key.js';
export type Options = import('./key.js').Options;
export type Secrets = import('./key.js').Secrets;
/** @typedef {import('./key.js').Options} Options */
/** @typedef {import('./key.js').Secrets} Secrets */
