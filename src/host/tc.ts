/** Reads and sets queueing disciplines. */
import type { Fact, Namespace, Qdisc, QdiscFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { failure, type StepOn } from './batch.ts';
import type { LineResult } from './batch-helper.ts';
import type { Iproute } from './iproute.ts';

interface QdiscEntry {
  readonly kind: string;
  readonly root?: boolean;
  /** Of a tbf: bytes a second, and `500000b/1`, `64Kb/1`. */
  readonly options?: { readonly rate?: number; readonly burst?: string | number };
}

interface FilterEntry {
  readonly options?: { readonly actions?: readonly { readonly kind?: string; readonly to_dev?: string }[] };
}

/** How long a frame may wait beyond the burst (`[QOS] tbf_latency`; Neutron's default). */
const latency = '50ms';
const gone = /Cannot find device|No such file|handle of zero|Invalid handle|specified (qdisc|filter)|does not exist/;

function entriesOf<T>(result: LineResult | undefined): T[] {
  if (!result || gone.test(result.output)) return [];
  if (result.failed) throw new Error(`tc: ${result.output}`);
  return result.output === '' ? [] : (JSON.parse(result.output) as T[]);
}

const units: Readonly<Record<string, number>> = { Kb: 1024, Mb: 1024 ** 2 };

/** A size as tc prints it, in bytes. */
function bytesOf(size: string | number): number {
  const [, number = '0', unit = ''] = /^([\d.]+)([KM]?b)?/.exec(String(size)) ?? [];
  return Number(number) * (units[unit] ?? 1);
}

/** The kernel keeps the bucket as a time, so that its size comes back a little smaller. */
function burstOf(asked: number, entry: QdiscEntry): number {
  const burst = bytesOf(entry.options?.burst ?? 0);
  return Math.abs(burst - asked) <= 64 + asked / 100 ? asked : burst;
}

function present(asked: Qdisc, qdiscs: readonly QdiscEntry[], filters: readonly FilterEntry[]): Qdisc | undefined {
  if (asked.type === 'tbf') {
    const entry = qdiscs.find(({ kind, root }) => kind === 'tbf' && root);
    const rate = entry?.options?.rate ?? 0;
    return entry && { type: 'tbf', rateKbps: (rate * 8) / 1000, burstBytes: burstOf(asked.burstBytes, entry) };
  }
  const actions = filters.flatMap((filter) => filter.options?.actions ?? []);
  const to = actions.find((action) => action.kind === 'mirred')?.to_dev;
  return to === undefined ? undefined : { type: 'ingress', redirect: to };
}

/** Those of the facts that are there, as they are. */
export async function readQdiscs(ip: Iproute, namespace: Namespace, facts: readonly QdiscFact[]): Promise<Fact[]> {
  const lines = facts.map(({ device, qdisc }) =>
    qdisc.type === 'tbf' ? `qdisc show dev ${device}` : `filter show dev ${device} parent ffff:`,
  );
  const answers = await ip.exec('tc', namespace, lines);
  return facts.flatMap((fact, index) => {
    const bucket = fact.qdisc.type === 'tbf';
    const answer = answers[index];
    const qdisc = present(
      fact.qdisc,
      bucket ? entriesOf<QdiscEntry>(answer) : [],
      bucket ? [] : entriesOf<FilterEntry>(answer),
    );
    return qdisc ? [{ ...fact, qdisc }] : [];
  });
}

interface Line {
  readonly text: string;
  /** The complaints that mean that there was nothing to do. */
  readonly fine?: RegExp;
}

function linesOf({ do: action, fact: { device, qdisc } }: StepOn<QdiscFact>): Line[] {
  if (qdisc.type === 'tbf') {
    if (action === 'remove') return [{ text: `qdisc del dev ${device} root`, fine: gone }];
    const bucket = `rate ${qdisc.rateKbps}kbit burst ${qdisc.burstBytes}b latency ${latency}`;
    return [{ text: `qdisc replace dev ${device} root tbf ${bucket}` }];
  }
  if (action === 'remove') return [{ text: `qdisc del dev ${device} ingress`, fine: gone }];
  const every = 'protocol all pref 1 u32 match u32 0 0';
  return [
    { text: `qdisc add dev ${device} ingress`, fine: /Exclusivity flag on|File exists/ },
    { text: `filter del dev ${device} parent ffff: pref 1`, fine: gone },
    { text: `filter add dev ${device} parent ffff: ${every} action mirred egress redirect dev ${qdisc.redirect}` },
  ];
}

/** Performs steps of one namespace. */
export async function performQdiscs(
  ip: Iproute,
  namespace: Namespace,
  steps: readonly StepOn<QdiscFact>[],
): Promise<StepFailure[]> {
  const lines = steps.map(linesOf);
  const results = await ip.exec(
    'tc',
    namespace,
    lines.flat().map(({ text }) => text),
  );
  let next = 0;
  return steps.flatMap((step, index) => {
    const own = lines[index] ?? [];
    const complaints = own.flatMap(({ text, fine }, at) => {
      const result = results[next + at];
      return result?.failed && !fine?.test(result.output) ? [`tc ${text}: ${result.output}`] : [];
    });
    next += own.length;
    return complaints[0] === undefined ? [] : [failure(step, complaints[0])];
  });
}
