/** The terminal and the signals of this process, as commands see them. */
import type { Cli } from './command.ts';

/** A second signal sooner than this is the same key press told twice: by the terminal and by npm. */
const sameSignalMs = 1000;

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort. A second one ends the process at once: the person has lost patience.
 */
export function watchSignals(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = Date.now();
    if (!controller.signal.aborted) {
      first = now;
      controller.abort(signal);
    } else if (now - first > sameSignalMs) {
      process.exit(signal === 'SIGINT' ? 130 : 143);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return controller.signal;
}

/** Whoever reads our output may stop (`| head`): what is under way goes on and ends as it would, unheard. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

async function showProgress<T>(what: string, work: Promise<T>, isTerminal: boolean): Promise<T> {
  const start = Date.now();
  let shown = false;
  const timer = setInterval(() => {
    const elapsed = Date.now() - start;
    if (elapsed < 1000) return;
    if (isTerminal) {
      const frame = frames[Math.floor(elapsed / 100) % frames.length];
      process.stderr.write(`\r\u001b[K${frame} ${what} (${Math.floor(elapsed / 1000)} s)`);
    } else if (!shown) {
      process.stderr.write(`${what} …\n`);
    }
    shown = true;
  }, 100);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (shown && isTerminal) process.stderr.write('\r\u001b[K');
  }
}

/** The terminal of this process. */
export function terminal(json: boolean, signal: AbortSignal): Cli {
  const isTerminal = process.stderr.isTTY === true;
  return {
    json,
    isTerminal,
    signal,
    write: (text) => void process.stdout.write(text),
    answer: (value, words) => void process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : words(value)),
    tell: (line) => void process.stderr.write(`${line}\n`),
    during: (what, work) => showProgress(what, work, isTerminal),
  };
}
