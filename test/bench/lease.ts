/** From the API's 200 on the binding of a port, whose device is there, to the ACK of its address, in a lab of one host. */
import { connect, type NetworkingClient, readClouds } from '../../src/client/index.ts';
import { createCloud } from '../../src/lab/cloud.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { plugInstance } from '../../src/lab/instance.ts';

// A client without patience: asks every 10 ms until it has an answer, and writes the time of the ACK. Once there is a line on its input.
const client = `
const [mac] = process.argv.slice(1);
const bytes = mac.split(':').map((one) => parseInt(one, 16));
const socket = require('dgram').createSocket({ type: 'udp4', reuseAddr: true });
const packet = (type, more = []) => {
  const all = Buffer.alloc(300);
  all.set([1, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0x80, 0]);
  all.set(bytes, 28);
  all.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, ...more, 255], 236);
  return all;
};
const send = (data) => socket.send(data, 67, '255.255.255.255', () => {});
let timer;
socket.on('message', (d) => {
  if (d[0] !== 2 || d.readUInt32BE(4) !== 0x01020304 || d.subarray(28, 34).compare(Buffer.from(bytes)) !== 0) return;
  const options = new Map();
  for (let at = 240; at < d.length && d[at] !== 255; at += d[at] === 0 ? 1 : 2 + d[at + 1]) options.set(d[at], d.subarray(at + 2, at + 2 + d[at + 1]));
  const kind = options.get(53)?.[0];
  if (kind === 2) send(packet(3, [50, 4, ...d.subarray(16, 20), 54, 4, ...options.get(54)]));
  if (kind !== 5) return;
  clearInterval(timer);
  console.log(performance.timeOrigin + performance.now());
  process.exit(0);
});
socket.bind(68, () => { socket.setBroadcast(true); console.log('ready'); });
process.stdin.once('data', () => { timer = setInterval(() => send(packet(1)), 10); });
`;

/** What was measured, milliseconds. */
export interface LeaseMeasured {
  readonly name: string;
  readonly count: number;
  /** Ports that were on the network already. */
  readonly present: number;
  readonly p50: number;
  readonly p99: number;
}

/** Binds one more port to the host, and gives the milliseconds from then to its lease. */
async function measure(api: NetworkingClient, host: LabHost, networkId: string, netns: string): Promise<number> {
  const port = await api.ports.create({ network_id: networkId });
  await plugInstance(host, netns, port, { mtu: 1450 });
  await host.run(['ip', '-n', netns, 'route', 'add', '255.255.255.255', 'dev', 'eth0']);
  const child = host.start([process.execPath, '-e', client, port.mac_address], { netns, input: true });
  const lines: string[] = [];
  const line = (at: number) =>
    new Promise<string>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`${netns} got no address within 10 s`)), 10_000);
      const look = () => {
        const found = lines[at];
        if (found === undefined) return;
        clearTimeout(deadline);
        resolve(found);
      };
      child.stdout?.on('data', look);
      look();
    });
  child.stdout?.on('data', (data) => lines.push(...String(data).trim().split('\n')));
  await line(0);
  child.stdin?.write('go\n');
  const bound = api.ports.update(port.id, { 'binding:host_id': host.name, device_owner: 'compute:nova' });
  const from = await bound.then(() => performance.timeOrigin + performance.now());
  return Number(await line(1)) - from;
}

/** Measures `count` ports, one after another, on a network that has `present` others. */
export async function benchLease(
  program: readonly string[],
  say: (text: string) => void,
  { count = 40, present = 100 } = {},
): Promise<LeaseMeasured> {
  const cloud = await createCloud({ program });
  try {
    await cloud.startServer();
    await cloud.startAgent(0);
    const host = cloud.hosts[0] as LabHost;
    const credentials = await readClouds({ cloud: 'neutrino', files: [cloud.cloudsFile] });
    const { networking: api, close } = await connect({
      ...credentials,
      authUrl: `${cloud.url}/identity/v3`,
      networkUrl: cloud.url,
    });
    const inside = await api.networks.create({ name: 'inside' });
    await api.subnets.create({ network_id: inside.id, ip_version: 4, cidr: '10.100.0.0/16' });
    for (let i = 0; i < present; i++) await api.ports.create({ network_id: inside.id });
    await measure(api, host, inside.id, 'first');
    const times: number[] = [];
    for (let i = 0; i < count; i++) times.push(await measure(api, host, inside.id, `vm${i}`));
    times.sort((a, b) => a - b);
    const p50 = times[Math.floor(times.length * 0.5)] ?? 0;
    const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
    say(
      `200 on the binding of a port to its lease: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms ` +
        `(${count} one after another, ${present} present)`,
    );
    close();
    return { name: 'port to lease', count, present, p50, p99 };
  } finally {
    await cloud.close();
  }
}
