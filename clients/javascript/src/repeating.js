/** The time in seconds. It goes on while the machine sleeps, and a caller must expect that it is set back. */
export const now = () => Date.now() / 1000;

/**
 * Resolves after some seconds, or earlier when `work` is done. It rejects if `work` does first.
 *
 * @param {number} seconds
 * @param {Promise<unknown>} [work]
 * @returns {Promise<void>}
 */
export async function inSeconds(seconds, work) {
  if (!(seconds > 0)) return;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  try {
    await (work ? Promise.race([work, over]) : over);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The key that was refused until somebody's patience was over, of each RotatingKey.
 *
 * @type {WeakMap<object, string>}
 */
const inVain = new WeakMap();

/**
 * For how long one request is repeated while the key is refused.
 *
 * A key that was refused until somebody's patience was over is refused to the next request at once: a program with a
 * wrong key gets its error, and the account is not asked again and again. Another key makes it patient again.
 */
export class Patience {
  #key;
  #end;
  #pause = 0.1;

  /**
   * @param {{ readAgain: (refused?: string) => Promise<string> }} key
   * @param {string} held The key that is held when the request begins.
   * @param {number} seconds
   */
  constructor(key, held, seconds) {
    this.#key = key;
    this.#end = now() + (held && inVain.get(key) === held ? 0 : seconds);
  }

  /**
   * Returns the key to repeat a request with: at once if there is another one than the refused one, else after a pause
   * that grows from a tenth of a second to 2 seconds. Returns nothing if the patience is over.
   *
   * @param {string} refused
   * @returns {Promise<string | undefined>}
   */
  async next(refused) {
    const renewed = await this.#key.readAgain(refused);
    if (renewed !== refused) return renewed;
    if (now() + this.#pause > this.#end) {
      inVain.set(this.#key, refused);
      return undefined;
    }
    await inSeconds(this.#pause);
    this.#pause = Math.min(this.#pause * 2, 2);
    return this.#key.readAgain(refused);
  }

  /** @param {string} accepted A key with which a request was not refused. */
  worked(accepted) {
    if (inVain.get(this.#key) === accepted) inVain.delete(this.#key);
  }
}

/**
 * Tells whether an error is an HTTP 401. `openai` writes `status`, Azure's libraries and the AI SDK write `statusCode`.
 *
 * @param {unknown} error
 * @returns {boolean}
 */
export function isRefusal(error) {
  const { status, statusCode } = /** @type {{ status?: unknown, statusCode?: unknown }} */ (error ?? {});
  return status === 401 || statusCode === 401;
}
