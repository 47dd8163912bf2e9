/**
 * How many new connections a second go through a router with few and with many forwardings, measured on a real kernel. Runs inside a
 * private world, started by connections.ts, and prints JSON.
 */
import { spawn } from 'node:child_process';
import { network, router } from '../../src/agent/world.ts';
import { openHost } from '../../src/host/linux.ts';
import { run } from '../../src/host/run.ts';
import { type HostKey, type HostObject, hostKey } from '../../src/model/host-objects.ts';
import { plan } from '../../src/plan/diff.ts';
import { type Facts, factSet } from '../../src/plan/facts.ts';
import { type HostEnvironment, type NatDriver, render } from '../../src/plan/render/index.ts';

const [rounds = 3, millis = 1500, ...sizes] = process.argv.slice(2).map(Number);
const drivers = ['iptables', 'nftables'] as const;
const external = network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null });
const objects = new Map<HostKey, HostObject>([external, network(2)].map((one) => [hostKey(one), one]));
const floatingIp = '10.0.1.200';
const namespace = 'qrouter-00015f90-0000-4000-8000-000000000000';

function wanted(object: HostObject, natDriver: NatDriver): Facts {
  objects.set(hostKey(object), object);
  const env: HostEnvironment = {
    stateDir: '/tmp/none',
    localIp: null,
    bridgeMappings: { public: 'br-ex' },
    links: new Set(),
    driver: 'linuxbridge',
    natDriver,
  };
  return factSet(render(hostKey(object), (key) => objects.get(key), env).facts);
}

const host = await openHost({ log: (line) => process.stderr.write(`${line}\n`) });

async function become(want: Facts, have: Facts): Promise<void> {
  const [failed] = await host.perform(plan(want, have, new Set(have.keys()), 'bench'));
  if (failed) throw new Error(failed.error);
}

const ip = async (text: string) => run(['ip', ...text.split(' ')]);

/** A namespace with a device on a bridge. */
async function endpoint(name: string, bridge: string, address: string): Promise<void> {
  await ip(`netns add ${name}`);
  await ip(`link add v${name} type veth peer name eth0 netns ${name}`);
  await ip(`link set v${name} up master ${bridge}`);
  await ip(`-n ${name} link set lo up`);
  await ip(`-n ${name} link set eth0 up`);
  await ip(`-n ${name} addr add ${address} dev eth0`);
}

const serverScript = `
require('net').createServer((socket) => { socket.on('error', () => {}); socket.resume(); }).listen({ port: 80, backlog: 4096 }, () => console.log('ready'));
`;
// Connects as fast as it can with 32 at a time, and resets what it opened.
const clientScript = `
const net = require('net');
const [host, port, ms] = process.argv.slice(1);
let count = 0;
const end = performance.now() + Number(ms);
const start = performance.now();
let open = 32;
const next = () => {
  if (performance.now() > end) { if (--open === 0) { console.log(count / ((performance.now() - start) / 1000)); process.exit(0); } return; }
  const socket = net.connect({ host, port: Number(port) });
  socket.on('connect', () => { count += 1; socket.resetAndDestroy(); next(); });
  socket.on('error', () => next());
};
for (let i = 0; i < 32; i++) next();
`;

async function measure(port: number): Promise<number> {
  const argv = ['ip', 'netns', 'exec', 'client', process.execPath, '-e', clientScript];
  const { stdout } = await run([...argv, floatingIp, String(port), String(millis)], { deadlineMs: 30_000 });
  await run(['ip', 'netns', 'exec', namespace, 'conntrack', '-F']);
  return Number(stdout);
}

await become(new Map([...wanted(external, 'iptables'), ...wanted(network(2), 'iptables')]), new Map());
await endpoint('client', 'br-ex', '10.0.1.253/24');
await endpoint('server', 'brq00000002-00', '10.0.2.5/24');
await ip('-n server route add default via 10.0.2.1');
const server = spawn('ip', ['netns', 'exec', 'server', process.execPath, '-e', serverScript]);
await new Promise((resolve) => server.stdout.once('data', resolve));

const figures: { driver: string; forwardings: number; perSecond: number[] }[] = [];
for (const driver of drivers)
  for (const forwardings of sizes) figures.push({ driver, forwardings, perSecond: [] as number[] });
let have: Facts = new Map();
// Rounds over all sizes, so that a busy moment does not fall on one alone.
for (let round = 0; round < rounds; round++)
  for (const row of figures) {
    const ports = Array.from({ length: row.forwardings }, (_, at) => 1000 + at);
    const want = wanted(router(90_000, [2], ports), row.driver as NatDriver);
    await become(want, have);
    have = want;
    row.perSecond.push(await measure(1000 + row.forwardings - 1));
  }
server.kill();
await become(new Map(), have);
await host.close();
process.stdout.write(`${JSON.stringify(figures)}\n`);
