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
 * Pauses between repetitions: longer and longer, from a tenth of a second to 2 seconds. `next` waits and returns true,
 * or returns false at once when the patience is over. With `atOnce` it does not wait.
 *
 * @param {number} patience seconds
 */
export function pauses(patience) {
  const end = now() + patience;
  let pause = 0.1;
  return {
    async next(atOnce = false) {
      if (now() + pause > end) return false;
      if (atOnce) return true;
      await inSeconds(pause);
      pause = Math.min(pause * 2, 2);
      return true;
    },
  };
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
