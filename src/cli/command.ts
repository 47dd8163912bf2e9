/**
 * Commands as values: what they are called, what they take, what they do. Parsing, help and the `--json` switch are derived
 * from them (`program.ts`); one file holds one command.
 */

/** 0: fine; 1: it failed, or a warning of a command that judges; 2: the command was called wrongly, or the failure it found. */
export type ExitCode = 0 | 1 | 2;

/** A command cannot do what it was asked. The message is one sentence that says what was wrong and what to do. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** One option; `T` is what the command is given. */
export interface Option<T> {
  /** As help shows it: `--state-dir DIR`, `--no-agent`. */
  readonly flags: string;
  readonly doc: string;
  readonly kind: 'flag' | 'text' | 'texts';
  /** Turns what stood on the command line (nothing: an empty list) into the value; throws a CommandError. */
  readonly read: (given: readonly string[]) => T;
}

/** An option that is there or not. */
export function flag(flags: string, doc: string): Option<boolean> {
  return { flags, doc, kind: 'flag', read: (given) => given.length > 0 };
}

/** An option with a value; where it stands twice, the last one counts. */
export function text(flags: string, doc: string): Option<string | undefined>;
export function text<T>(flags: string, doc: string, read: (given: string | undefined) => T): Option<T>;
export function text(flags: string, doc: string, read: (given: string | undefined) => unknown = (given) => given) {
  return { flags, doc, kind: 'text', read: (given: readonly string[]) => read(given.at(-1)) };
}

/** An option with one of a few words as its value. */
export function choice<const T extends string>(flags: string, words: readonly T[], doc: string): Option<T | undefined> {
  return text(flags, `${words.join(' or ')}: ${doc}`, (given) => {
    if (given === undefined || (words as readonly string[]).includes(given)) return given as T | undefined;
    throw new CommandError(`${flags.split(' ')[0]} takes ${words.join(' or ')}, not ${JSON.stringify(given)}.`, 2);
  });
}

/** An option that may stand several times. */
export function texts(flags: string, doc: string): Option<readonly string[]> {
  return { flags, doc, kind: 'texts', read: (given) => given };
}

/** A number of seconds, at least 0. */
export function seconds(flags: string, doc: string, fallback: number): Option<number> {
  return text(flags, `${doc} Default: ${fallback}.`, (given) => {
    const value = given === undefined ? fallback : Number(given);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new CommandError(`${flags.split(' ')[0]} takes a number of seconds, not ${JSON.stringify(given)}.`, 2);
  });
}

/** The options of a command, by the name that its code calls them. */
// biome-ignore lint/suspicious/noExplicitAny: a map of options of any value type; `unknown` would refuse all of them.
export type Options = Readonly<Record<string, Option<any>>>;

/** What the command's code is given for its options. */
export type Given<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** What a command may use of the terminal and the process. */
export interface Cli {
  /** Whether the answer is wanted as JSON. */
  readonly json: boolean;
  /** Whether stderr is a terminal. */
  readonly isTerminal: boolean;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP: the command ends soon, cleanly. */
  readonly signal: AbortSignal;
  /** A piece of the answer, with its line end, to stdout. */
  write(text: string): void;
  /** The answer: as JSON where that is wanted, else as `words` makes it. */
  answer<T>(value: T, words: (value: T) => string): void;
  /** A line for the person, to stderr: progress, warnings. */
  tell(line: string): void;
  /** Does `work`; on a terminal, what is going on is shown once it takes more than a second. */
  during<T>(what: string, work: Promise<T>): Promise<T>;
}

/** One command. */
export interface Command<O extends Options = Options> {
  /** Noun and verb: `up`, `port attach`. */
  readonly name: string;
  /** One sentence, for the list of commands. */
  readonly summary: string;
  /** What help says further, in paragraphs. */
  readonly detail?: string;
  /** The arguments, in their order; all of them are required. */
  readonly arguments?: readonly { readonly name: string; readonly doc: string }[];
  readonly options: O;
  readonly examples: readonly string[];
  readonly run: (given: Given<O>, cli: Cli, ...args: string[]) => Promise<ExitCode>;
}

/** Declares a command; the types of its options are inferred. */
export function command<const O extends Options>(definition: Command<O>): Command {
  // The program gives each command what its own options read, so forgetting their types here is sound.
  return definition as unknown as Command;
}
