/** The types of what tests use of setup-steps.mjs, which runs on a Node that knows no types. */

/** Runs a program to its end and gives its output; a failure throws with the end of what it said. */
export function run(argv: readonly string[], options?: { readonly cwd?: string }): string;
/** Does `work`, telling what it is and how long it took. */
export function timed<T>(what: string, work: () => T): T;
/** SHA-256, hexadecimal. */
export function digest(content: string): string;
/** Does `work` while no other start of this clone does any; `work` looks again whether it is still needed. */
export function locked<T>(root: string, work: () => T): T;
