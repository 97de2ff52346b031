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
 * For how long one request is repeated while the key is refused.
 *
 * A key that was refused until somebody's patience was over is refused to the next request at once: a program with a
 * wrong key gets its error, and the account is not asked again and again. Another key makes it patient again.
 */
export declare class Patience {
    #private;
    /**
     * @param {{ readAgain: (refused?: string) => Promise<string> }} key
     * @param {string} held The key that is held when the request begins.
     * @param {number} seconds
     */
    constructor(key: {
        readAgain: (refused?: string) => Promise<string>;
    }, held: string, seconds: number);
    /**
     * Returns the key to repeat a request with: at once if there is another one than the refused one, else after a pause
     * that grows from a tenth of a second to 2 seconds. Returns nothing if the patience is over.
     *
     * @param {string} refused
     * @returns {Promise<string | undefined>}
     */
    next(refused: string): Promise<string | undefined>;
    /** @param {string} accepted A key with which a request was not refused. */
    worked(accepted: string): void;
}
/**
 * Tells whether an error is an HTTP 401. `openai` writes `status`, Azure's libraries and the AI SDK write `statusCode`.
 *
 * @param {unknown} error
 * @returns {boolean}
 */
export declare function isRefusal(error: unknown): boolean;
