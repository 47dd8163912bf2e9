/** What one create costs while ever more is there: ports of one network, rules of one group, forwardings of one floating IP. */
import { createMany, createPorts, forwardingBody, prepare, ruleBody } from './ground.ts';
import { type Measured, measure, send } from './load.ts';
import type { BenchServer } from './server.ts';

/** A point of the curve. */
export interface Point {
  /** How many ports, rules and forwardings each were there. */
  readonly size: number;
  readonly measured: readonly Measured[];
  readonly rssBytes: number;
}

const MEASURED = 800;
const CONCURRENCY = 8;

/** Fills up to each size in turn, measures 800 creates of each kind there, and hands the points to `show`. */
export async function benchCurve(
  s: BenchServer,
  sizes: readonly number[],
  show: (point: Point) => void,
): Promise<void> {
  const g = await prepare(s, 0);
  const forwardings = `/v2.0/floatingips/${g.forwarded.floatingIp}/port_forwardings`;
  const made = { ports: 1, rules: 2, forwardings: 0 };
  const work = async (name: string, path: string, body: () => object): Promise<Measured> =>
    measure(name, { count: MEASURED, concurrency: CONCURRENCY, cpuUs: s.cpuUs }, () =>
      send(s.url, s.token, 'POST', path, body()),
    );
  const port = () => ({ port: { network_id: g.networkId, name: `p-${made.ports++}` } });
  const rule = () => ({ security_group_rule: ruleBody(g, made.rules++) });
  const forwarding = () => ({ port_forwarding: forwardingBody(g, made.forwardings++) });
  for (const size of sizes) {
    await createPorts(s, g.networkId, size - made.ports);
    await createMany(s, '/v2.0/security-group-rules', size - made.rules, (at) => ruleBody(g, made.rules + at));
    await createMany(s, forwardings, size - made.forwardings, (at) => forwardingBody(g, made.forwardings + at));
    for (const kind of ['ports', 'rules', 'forwardings'] as const) made[kind] = Math.max(made[kind], size);
    const measured = [
      await work('create port', '/v2.0/ports', port),
      await work('create security-group rule', '/v2.0/security-group-rules', rule),
      await work('create port forwarding', forwardings, forwarding),
    ];
    show({ size, measured, rssBytes: s.rss() });
  }
}
