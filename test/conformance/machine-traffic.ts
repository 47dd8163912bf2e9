/** A router between an outside and an inside namespace, and connections through its forwardings. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Machine } from '../../src/host/machine.ts';
import { run } from '../../src/host/run.ts';
import type { Fact } from '../../src/plan/facts.ts';
import type { Step, TranslatedConnections } from '../../src/plan/steps.ts';
import { add, change, performAll, remove } from './machine-suite.ts';

const outside = '203.0.113.1';

function pair(namespace: string, name: string, cidr: string, other: string, otherCidr: string[]): Fact[] {
  return [
    { fact: 'netns', name: other },
    {
      fact: 'link',
      namespace,
      name,
      kind: { type: 'veth', peer: { namespace: other, name: 'eth0' } },
      up: true,
    },
    { fact: 'link', namespace: other, name: 'eth0', kind: { type: 'peer' }, up: true },
    { fact: 'address', namespace, device: name, cidr },
    ...otherCidr.map((address): Fact => ({ fact: 'address', namespace: other, device: 'eth0', cidr: address })),
  ];
}

const forwarding = (port: number, target: string) =>
  `-d ${outside}/32 -p tcp -m tcp --dport ${port} -j DNAT --to-destination ${target}:8080`;

/** Where port 9000 leads to, and the others. */
function forwardings(first: string): Fact {
  return {
    fact: 'chain',
    namespace: 'r',
    family: 4,
    table: 'nat',
    chain: 'fip-pf',
    rules: [
      forwarding(9000, first),
      forwarding(9001, '10.0.0.6'),
      forwarding(9100, '10.0.0.5'),
      forwarding(9101, '10.0.0.5'),
    ],
  };
}

const facts: Fact[] = [
  { fact: 'netns', name: 'r' },
  ...pair('r', 'qg', `${outside}/24`, 'out', ['203.0.113.9/24']),
  ...pair('r', 'qr', '10.0.0.1/24', 'in', ['10.0.0.5/24', '10.0.0.6/24']),
  { fact: 'route', namespace: 'in', destination: 'default', via: '10.0.0.1', device: 'eth0' },
  { fact: 'sysctl', namespace: 'r', name: 'net.ipv4.ip_forward', value: '1' },
  forwardings('10.0.0.5'),
  { fact: 'hook', namespace: 'r', family: 4, table: 'nat', chain: 'PREROUTING', rule: '-j fip-pf' },
];

/** A line-by-line conversation with a program in a namespace. */
export interface Connection {
  readonly child: ChildProcess;
  readonly lines: Interface;
}

function nodeIn(namespace: string, script: string, ...args: string[]): Connection {
  const argv = [`--net=/run/netns/${namespace}`, process.execPath, '-e', script, ...args];
  const child = spawn('nsenter', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, lines: createInterface({ input: child.stdout }) };
}

async function nextLine({ lines }: Connection): Promise<string> {
  const [line] = (await once(lines, 'line', { signal: AbortSignal.timeout(10_000) })) as [string];
  return line;
}

const server = `require('net').createServer((c) => { c.on('error', () => {}); c.pipe(c); }).listen(8080, () => console.log('up'));`;
const client = `const c = require('net').connect(+process.argv[1], '${outside}');
c.on('connect', () => console.log('open')); c.on('data', (d) => process.stdout.write(d)); process.stdin.pipe(c);`;

/** Whether what is sent still comes back. */
export async function stillEchoes(connection: Connection): Promise<boolean> {
  connection.child.stdin?.write('ping\n');
  return (await nextLine(connection)) === 'ping';
}

async function connect(port: number): Promise<Connection> {
  const connection = nodeIn('out', client, String(port));
  assert.equal(await nextLine(connection), 'open');
  return connection;
}

/** Builds it with five connections, three of them to 10.0.0.5; those to port 9000 were sent to both inside addresses. */
export async function echoWorld(machine: Machine) {
  await performAll(machine, facts.map(add));
  const service = nodeIn('in', server);
  assert.equal(await nextLine(service), 'up');
  const first = await connect(9000);
  await performAll(machine, [change(forwardings('10.0.0.5'), forwardings('10.0.0.6'))]);
  const connections = {
    first,
    moved: await connect(9000),
    other: await connect(9001),
    low: await connect(9100),
    high: await connect(9101),
  };
  return {
    connections,
    cut: (wanted: Omit<TranslatedConnections, 'destination'>): Step => ({
      do: 'cut',
      namespace: 'r',
      connections: { destination: outside, ...wanted },
      why: 'test',
    }),
    /** The ports that tracked connections were made to. */
    async tracked(): Promise<string[]> {
      const { stdout } = await run(['nsenter', '--net=/run/netns/r', 'conntrack', '-L', '-d', outside]);
      return [...stdout.matchAll(/dport=(9\d+) /g)].map((match) => match[1] ?? '').sort();
    },
    async close(): Promise<void> {
      for (const { child } of [service, ...Object.values(connections)]) child.kill('SIGKILL');
      await performAll(machine, facts.map(remove).reverse());
    },
  };
}
