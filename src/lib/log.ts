/** Log lines: one line each, as text for people or as JSON for programs. */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a line says beside its sentence. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Takes sentences; `fields` hold no secrets. */
export interface Log {
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
}

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A text without line ends and other control characters, so that nothing that came from outside can make a line of its own. */
function flat(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/\r?\n\s*/g, ' | ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

function fieldText([name, value]: [string, unknown]): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return ` ${name}=${/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)}`;
}

/** One line, without its end: `2026-01-01T00:00:00.000Z info  sentence name=value`. */
export function logLine(ms: number, level: string, text: string, fields: LogFields = {}): string {
  const rest = Object.entries(fields).filter(([, value]) => value !== undefined);
  return flat(`${new Date(ms).toISOString()} ${level.padEnd(5)} ${text}${rest.map(fieldText).join('')}`);
}

/** The same as JSON. */
export function jsonLine(ms: number, level: string, text: string, fields: LogFields = {}): string {
  return JSON.stringify({ time: new Date(ms).toISOString(), level, msg: text, ...fields });
}

/** What a log is made of. */
export interface LogOptions {
  readonly json: boolean;
  readonly level: LogLevel;
  /** Takes lines with their ends. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A log of sentences of at least `level`. */
export function createLog(options: LogOptions): Log {
  const line = options.json ? jsonLine : logLine;
  const at =
    (level: LogLevel) =>
    (text: string, fields?: LogFields): void => {
      if (order.indexOf(level) >= order.indexOf(options.level))
        options.write(`${line(options.now(), level, text, fields)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function errorText(error: unknown): string {
  const { stack, message } = (error ?? {}) as { stack?: unknown; message?: unknown };
  return String(stack ?? message ?? error);
}

type Write = (first: unknown, text?: string) => void;

/** A logger as Fastify calls it: `info({ ms: 3 }, 'answered')`, `info('sentence')`, `error(error)`, `child({ reqId })`. */
export interface StructuredLog {
  readonly level: string;
  readonly fatal: Write;
  readonly error: Write;
  readonly warn: Write;
  readonly info: Write;
  readonly debug: Write;
  readonly trace: Write;
  readonly silent: Write;
  child(fields: LogFields): StructuredLog;
}

function fieldsOf(first: unknown): { fields: LogFields; text: string | undefined } {
  if (first instanceof Error) return { fields: {}, text: errorText(first) };
  if (typeof first !== 'object' || first === null) return { fields: {}, text: String(first) };
  // Requests and replies of the server are not for the log: they hold tokens.
  const { err, req: _req, res: _res, ...fields } = first as Record<string, unknown>;
  return { fields, text: err === undefined ? undefined : errorText(err) };
}

/** Hands what Fastify logs on to a log; `own` is said with each line. */
export function structuredLog(log: Log, own: LogFields = {}): StructuredLog {
  const at =
    (level: LogLevel): Write =>
    (first, text) => {
      const said = fieldsOf(first);
      const sentence = [text, said.text].filter((part) => part !== undefined).join(': ');
      log[level](sentence, { ...own, ...said.fields });
    };
  const nothing = (): void => undefined;
  return {
    level: 'info',
    fatal: at('error'),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: nothing,
    silent: nothing,
    child: (fields) => structuredLog(log, { ...own, ...fields }),
  };
}
