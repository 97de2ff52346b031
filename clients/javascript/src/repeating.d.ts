/** The time in seconds. It goes on while the machine sleeps, and a caller must expect that it is set back. */
export declare const now: () => number;
/**
 * Resolves after some seconds, or earlier when `work` is done. It rejects if `work` does first.
 *
 * @param {number} seconds
 * @param {Promise<unknown>} [work]
 * @returns {Promise<void>}
 */
export declare function inSeconds(seconds: number, work?: Promise<unknown>): Promise<void>;
/**
 * Pauses between repetitions: longer and longer, from a tenth of a second to 2 seconds. `next` waits and returns true,
 * or returns false at once when the patience is over. With `atOnce` it does not wait.
 *
 * @param {number} patience seconds
 */
export declare function pauses(patience: number): {
    next(atOnce?: boolean): Promise<boolean>;
};
/**
 * Tells whether an error is an HTTP 401. `openai` writes `status`, Azure's libraries and the AI SDK write `statusCode`.
 *
 * @param {unknown} error
 * @returns {boolean}
 */
export declare function isRefusal(error: unknown): boolean;
