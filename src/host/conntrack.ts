/** Cuts connections by their translation. */
import type { Namespace } from '../plan/facts.ts';
import type { CutStep, StepFailure, TranslatedConnections } from '../plan/steps.ts';
import { failure } from './batch.ts';
import { groupBy } from './limit.ts';
import { inNamespace } from './namespaces.ts';
import { describe, run } from './run.ts';

/** A table with a million entries takes a second to list. */
const deadlineMs = 30_000;

function protocolWords(protocol: string | null): string[] {
  return protocol === null ? [] : ['-p', protocol];
}

/** The words of the deletion of connections to one port, or to all. The reply's source is the inside address that served them. */
function deletion({ destination, protocol, target }: TranslatedConnections, port: number | null): string[] {
  const ports = port === null ? [] : ['--orig-port-dst', String(port)];
  return ['-D', ...protocolWords(protocol), '--orig-dst', destination, '--reply-src', target, ...ports];
}

/** The port that the client connected to, in a line of `conntrack -L`: the first dport is the original direction's. */
function portOf(line: string): number | undefined {
  const match = / dport=(\d+) /.exec(line);
  return match ? Number(match[1]) : undefined;
}

/** Which ports of a range have connections: one look at the table, however long the range. */
async function portsInUse(namespace: Namespace, wanted: TranslatedConnections): Promise<number[]> {
  const { destination, protocol, target, ports } = wanted;
  const words = ['-L', ...protocolWords(protocol), '--orig-dst', destination, '--reply-src', target];
  const { stdout } = await run(inNamespace(namespace, ['conntrack', ...words]), { deadlineMs });
  const used = new Set(stdout.split('\n').flatMap((line) => portOf(line) ?? []));
  return [...used].filter((port) => ports !== null && port >= ports.first && port <= ports.last);
}

async function deletions(namespace: Namespace, wanted: TranslatedConnections): Promise<string[][]> {
  const { ports } = wanted;
  if (ports === null) return [deletion(wanted, null)];
  if (ports.first === ports.last) return [deletion(wanted, ports.first)];
  return (await portsInUse(namespace, wanted)).map((port) => deletion(wanted, port));
}

/**
 * What reads many deletions at once. conntrack opens its standard input by name, which works on a pipe but not on the socket that
 * this process writes to; the words of the script are constant.
 */
const fromPipe = ['sh', '-c', 'cat | conntrack --load-file -'];

/** Deletes; entries that are not there are fine (the program ends with 1 when it found none). */
async function remove(namespace: Namespace, lines: readonly string[][]): Promise<void> {
  if (lines.length === 0) return;
  const [only] = lines.length === 1 ? lines : [];
  const argv = inNamespace(namespace, only ? ['conntrack', ...only] : fromPipe);
  const stdin = only ? {} : { stdin: lines.map((words) => `${words.join(' ')}\n`).join('') };
  const { code, stderr } = await run(argv, { deadlineMs, codes: [0, 1], ...stdin });
  if (code !== 0 && !/flow entries have been deleted/.test(stderr))
    throw new Error(`${argv.join(' ')}: ${stderr.trim()}`);
}

/** Performs the cuts of one namespace. */
export async function performCuts(namespace: Namespace, steps: readonly CutStep[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  const lines: string[][] = [];
  for (const step of steps) {
    try {
      lines.push(...(await deletions(namespace, step.connections)));
    } catch (error) {
      failures.push(failure(step, describe(error)));
    }
  }
  const distinct = [...groupBy(lines, (words) => words.join(' ')).values()].flatMap(([words]) =>
    words ? [words] : [],
  );
  try {
    await remove(namespace, distinct);
    return failures;
  } catch (error) {
    return steps.map((step) => failure(step, describe(error)));
  }
}
