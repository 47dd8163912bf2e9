/** The rows of the API benchmark: the operations that were measured on stock Neutron, the same way. */
import { prepare } from './ground.ts';
import { type Measured, measure, send } from './load.ts';
import type { BenchServer } from './server.ts';

type Row = {
  name: string;
  count: number;
  concurrencies: readonly number[];
  work: (index: number) => [string, string, unknown?];
};

/** Sizes of a run. */
export interface Sizes {
  /** Requests of a row. */
  readonly requests: number;
  /** Ports that are there while ports are read: also the size of the longest list. */
  readonly ports: number;
  /** Only rows whose name holds this are measured; of the others, those that make what these use run unmeasured. */
  readonly rows: string;
}

/** The rows whose results others use. */
const makers: ReadonlySet<string> = new Set(['create network', 'create port', 'create floating IP']);

/** Runs every row and hands each measurement to `show` as it comes. */
export async function benchApi(s: BenchServer, sizes: Sizes, show: (measured: Measured) => void): Promise<void> {
  const g = await prepare(s, sizes.ports);
  const n = sizes.requests;
  const made: Record<string, string[]> = { networks: [], ports: [], floatingips: [] };
  const both = [1, 8];
  const at = (list: readonly string[], index: number) => list[index % list.length] as string;
  let serial = 0;
  const network = () => ({ network: { name: `n-${serial++}` } });
  const forwarding = () => {
    const port = 10_000 + serial++;
    const { portId, address } = g.forwarded;
    const inside = { internal_port_id: portId, internal_ip_address: address, internal_port: port };
    return { port_forwarding: { protocol: 'tcp', external_port: port, ...inside } };
  };
  const rule = () => ({
    security_group_rule: {
      security_group_id: g.groupId,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: ++serial,
      port_range_max: serial,
    },
  });
  const bulk = () => ({ ports: Array.from({ length: 100 }, () => ({ network_id: g.networkId })) });
  const forwardings = `/v2.0/floatingips/${g.forwarded.floatingIp}/port_forwardings`;
  const rows: Row[] = [
    { name: 'create network', count: n, concurrencies: both, work: () => ['POST', '/v2.0/networks', network()] },
    {
      name: 'create subnet',
      count: n,
      concurrencies: both,
      work: (i) => [
        'POST',
        '/v2.0/subnets',
        {
          subnet: {
            network_id: at(made.networks as string[], i),
            ip_version: 4,
            cidr: `10.${(serial >> 8) & 255}.${serial++ & 255}.0/24`,
          },
        },
      ],
    },
    {
      name: 'get network',
      count: n,
      concurrencies: both,
      work: (i) => ['GET', `/v2.0/networks/${at(made.networks as string[], i)}`],
    },
    { name: 'list 84 networks', count: n, concurrencies: both, work: () => ['GET', '/v2.0/networks?limit=84'] },
    {
      name: 'create security-group rule',
      count: n,
      concurrencies: both,
      work: () => ['POST', '/v2.0/security-group-rules', rule()],
    },
    {
      name: 'create port',
      count: n,
      concurrencies: both,
      work: () => ['POST', '/v2.0/ports', { port: { network_id: g.networkId } }],
    },
    {
      name: 'update port name',
      count: n,
      concurrencies: both,
      work: (i) => ['PUT', `/v2.0/ports/${at(g.portIds, i)}`, { port: { name: `u-${serial++}` } }],
    },
    { name: 'get port', count: n, concurrencies: both, work: (i) => ['GET', `/v2.0/ports/${at(g.portIds, i * 7)}`] },
    {
      name: 'list ports by device',
      count: n,
      concurrencies: both,
      work: (i) => ['GET', `/v2.0/ports?device_id=device-${i % sizes.ports}`],
    },
    { name: 'list 100 of all ports', count: n, concurrencies: both, work: () => ['GET', '/v2.0/ports?limit=100'] },
    { name: 'list all of 1,000 ports', count: 40, concurrencies: both, work: () => ['GET', '/v2.0/ports?limit=1000'] },
    {
      name: 'list all of 10,000 ports',
      count: 20,
      concurrencies: sizes.ports >= 10_000 ? both : [],
      work: () => ['GET', '/v2.0/ports?limit=10000'],
    },
    {
      name: 'create 100 ports in one request',
      count: 10,
      concurrencies: [1],
      work: () => ['POST', '/v2.0/ports', bulk()],
    },
    { name: 'delete port', count: n, concurrencies: both, work: () => ['DELETE', `/v2.0/ports/${made.ports?.pop()}`] },
    {
      name: 'create floating IP',
      count: n,
      concurrencies: both,
      work: () => ['POST', '/v2.0/floatingips', { floatingip: { floating_network_id: g.externalId } }],
    },
    {
      name: 'delete floating IP',
      count: n,
      concurrencies: both,
      work: () => ['DELETE', `/v2.0/floatingips/${made.floatingips?.pop()}`],
    },
    { name: 'create port forwarding', count: n, concurrencies: both, work: () => ['POST', forwardings, forwarding()] },
    {
      name: 'list 100 port forwardings',
      count: n,
      concurrencies: both,
      work: () => ['GET', `${forwardings}?limit=100`],
    },
  ];
  for (const row of rows) {
    const isWanted = row.concurrencies.length > 0 && row.name.includes(sizes.rows);
    if (!isWanted && !makers.has(row.name)) continue;
    const work = async (index: number) => {
      const [method, path, body] = row.work(index);
      const answer = await send(s.url, s.token, method, path, body);
      const kept = method === 'POST' ? made[path.slice('/v2.0/'.length)] : undefined;
      const id = kept && answer.status === 201 ? /"id":"([^"]+)"/.exec(answer.body)?.[1] : undefined;
      if (id) kept?.push(id);
      return answer;
    };
    const cpuUs = s.cpuUs;
    await measure(row.name, { count: Math.ceil(row.count / 10), concurrency: 4, cpuUs }, work);
    for (const concurrency of isWanted ? row.concurrencies : []) {
      show(await measure(row.name, { count: row.count, concurrency, cpuUs }, work));
    }
  }
}
