/** Cuts connections by their translation, or by an address in a zone. */
import type { ConnectionsFact, Namespace } from '../plan/facts.ts';
import type { CutStep, StepFailure, TranslatedConnections } from '../plan/steps.ts';
import { failure, type StepOn } from './batch.ts';
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

/** The ports on which a destination has connections to a target: one look at the table. */
async function portsInUse(namespace: Namespace, wanted: TranslatedConnections): Promise<number[]> {
  const { destination, protocol, target } = wanted;
  const words = ['-L', ...protocolWords(protocol), '--orig-dst', destination, '--reply-src', target];
  const { stdout } = await run(inNamespace(namespace, ['conntrack', ...words]), { deadlineMs });
  return [...new Set(stdout.split('\n').flatMap((line) => portOf(line) ?? []))];
}

/** Single ports of one destination and target that are deleted without a look; each deletion goes through the whole table. */
const unseen = 4;
/** Ports above which those of one destination and target go in one deletion where all of them are to go. */
const eachPort = 32;

/** The deletions for what one destination, protocol and target lose. */
async function deletions(namespace: Namespace, all: readonly TranslatedConnections[]): Promise<string[][]> {
  const [first] = all;
  if (!first) return [];
  if (all.some(({ ports }) => ports === null)) return [deletion(first, null)];
  const ranges = all.flatMap(({ ports }) => (ports ? [ports] : []));
  if (ranges.length <= unseen && ranges.every((range) => range.first === range.last))
    return ranges.map((range) => deletion(first, range.first));
  const used = await portsInUse(namespace, first);
  const cut = used.filter((port) => ranges.some((range) => port >= range.first && port <= range.last));
  if (cut.length > eachPort && cut.length === used.length) return [deletion(first, null)];
  return cut.map((port) => deletion(first, port));
}

/**
 * What reads many deletions at once. conntrack opens its input by name, which works on a pipe but not on the socket that this process
 * writes to; `-` is /dev/stdin to it, which not every /dev has. The words of the script are constant.
 */
const fromPipe = ['sh', '-c', 'cat | conntrack --load-file /proc/self/fd/0'];

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

/** Performs steps on the tracked connections of addresses: there is something to do where they are cut. */
export async function performTracked(
  namespace: Namespace,
  steps: readonly StepOn<ConnectionsFact>[],
): Promise<StepFailure[]> {
  const gone = steps.filter((step) => step.do === 'remove');
  const lines = gone.flatMap(({ fact: { zone, ip } }) => {
    const words = ['-D', '-f', ip.includes(':') ? 'ipv6' : 'ipv4', '-w', String(zone)];
    return [
      [...words, '--orig-src', ip],
      [...words, '--orig-dst', ip],
    ];
  });
  try {
    await remove(namespace, lines);
    return [];
  } catch (error) {
    return gone.map((step) => failure(step, describe(error)));
  }
}

/** Performs the cuts of one namespace. */
export async function performCuts(namespace: Namespace, steps: readonly CutStep[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  const lines: string[][] = [];
  const groups = groupBy(steps, ({ connections: { destination, protocol, target } }) =>
    [destination, protocol, target].join(' '),
  );
  for (const group of groups.values()) {
    try {
      const connections = group.map((step) => step.connections);
      lines.push(...(await deletions(namespace, connections)));
    } catch (error) {
      failures.push(...group.map((step) => failure(step, describe(error))));
    }
  }
  try {
    await remove(namespace, lines);
    return failures;
  } catch (error) {
    return steps.map((step) => failure(step, describe(error)));
  }
}
