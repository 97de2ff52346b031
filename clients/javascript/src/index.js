export { following } from './for-openai.js';
export { NoKeyError, RotatingKey } from './key.js';

/** @typedef {import('./key.js').Options} Options */
/** @typedef {import('./key.js').Secrets} Secrets */
