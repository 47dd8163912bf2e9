/** From the API's 201 on a forwarding to the first answer through it, in a lab of one host. */
import { connect, readClouds } from '../../src/client/index.ts';
import { createCloud, outside } from '../../src/lab/cloud.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { dhcp, plugInstance } from '../../src/lab/instance.ts';
import { serve } from '../../src/lab/probe.ts';

// Stays in the outside world and, for each port that is written to it, tries to connect until it can; writes the time then.
const prober = `
const net = require('net');
const [host] = process.argv.slice(1);
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const port = Number(line);
  const attempt = () => {
    const socket = net.connect({ host, port });
    const timer = setTimeout(() => { socket.destroy(); attempt(); }, 20);
    socket.on('connect', () => { clearTimeout(timer); console.log(port + ' ' + (performance.timeOrigin + performance.now())); socket.destroy(); });
    socket.on('error', () => { clearTimeout(timer); setTimeout(attempt, 1); });
  };
  attempt();
});
console.log('ready');
`;

interface Prober {
  /** Milliseconds since 1970 at which `port` first answered; asking starts at once. */
  first(port: number): Promise<number>;
  stop(): void;
}

async function startProber(world: LabHost, address: string): Promise<Prober> {
  const child = world.start([process.execPath, '-e', prober, address], { input: true });
  const waiting = new Map<number, (time: number) => void>();
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (data) => {
      for (const line of String(data).split('\n')) {
        if (line === 'ready') resolve();
        const [port, time] = line.split(' ').map(Number);
        waiting.get(port ?? 0)?.(time ?? 0);
      }
    });
  });
  return {
    first(port) {
      const found = new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`port ${port} did not answer within 10 s`)), 10_000);
        waiting.set(port, (time) => {
          clearTimeout(timer);
          resolve(time);
        });
      });
      child.stdin?.write(`${port}\n`);
      return found;
    },
    stop: () => world.kill(child),
  };
}

/** What was measured, milliseconds. */
export interface ForwardingMeasured {
  readonly name: string;
  readonly driver: string;
  readonly count: number;
  /** Forwardings that were there already. */
  readonly present: number;
  readonly p50: number;
  readonly p99: number;
}

/** Measures `count` forwardings, one after another, beside `present` that are there already. */
export async function benchForwarding(
  program: readonly string[],
  say: (text: string) => void,
  { driver, count = 60, present = 1000 }: { driver: 'iptables' | 'nftables'; count?: number; present?: number },
): Promise<ForwardingMeasured> {
  const cloud = await createCloud({ program, nat: driver });
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
    const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' } as const;
    const external = await api.networks.create({ name: 'public', 'router:external': true, ...flat });
    const range = { cidr: outside.cidr, gateway_ip: outside.gateway, ip_version: 4, enable_dhcp: false };
    await api.subnets.create({ network_id: external.id, ...range });
    const inside = await api.networks.create({ name: 'inside' });
    const subnet = await api.subnets.create({ network_id: inside.id, ip_version: 4, cidr: '10.100.0.0/24' });
    const router = await api.routers.create({ name: 'r1', external_gateway_info: { network_id: external.id } });
    await api.routers.action(router.id, 'add_router_interface', { subnet_id: subnet.id });
    const group = await api.securityGroups.create({ name: 'web' });
    const rule = { direction: 'ingress', protocol: 'tcp', port_range_min: 8080, port_range_max: 8080 } as const;
    await api.securityGroupRules.create({ security_group_id: group.id, ...rule });
    const port = await api.ports.create({
      network_id: inside.id,
      security_groups: [group.id],
      'binding:host_id': host.name,
      device_owner: 'compute:nova',
    });
    await plugInstance(host, 'vm', port, { mtu: inside.mtu });
    const lease = await dhcp(host, 'vm', 15);
    if (!lease) throw new Error('the instance got no address');
    await serve(host, 'vm', { tcp: Array.from({ length: count + 1 }, (_, i) => 8080 + i) }, 'vm');
    const all = { direction: 'ingress', protocol: 'tcp', port_range_min: 8081, port_range_max: 8080 + count } as const;
    await api.securityGroupRules.create({ security_group_id: group.id, ...all });
    const fip = await api.floatingIps.create({ floating_network_id: external.id });
    const forwardings = api.portForwardings(fip.id);
    const inner = { internal_ip_address: lease.ip, internal_port_id: port.id, protocol: 'tcp' } as const;
    for (let i = 0; i < present; i += 100)
      await forwardings.createMany(
        Array.from({ length: Math.min(100, present - i) }, (_, at) => {
          return { ...inner, internal_port: 20_000 + i + at, external_port: 20_000 + i + at };
        }),
      );
    const probe = await startProber(cloud.world, fip.floating_ip_address);
    await forwardings.create({ ...inner, internal_port: 8080, external_port: 9000 });
    await probe.first(9000);
    const times: number[] = [];
    for (let i = 1; i <= count; i++) {
      await forwardings.create({ ...inner, internal_port: 8080 + i, external_port: 9000 + i });
      const created = performance.timeOrigin + performance.now();
      times.push((await probe.first(9000 + i)) - created);
    }
    times.sort((a, b) => a - b);
    const p50 = times[Math.floor(times.length * 0.5)] ?? 0;
    const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
    say(
      `${driver}: 201 on a forwarding to its first answer: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms ` +
        `(${count} one after another, ${present} present)`,
    );
    probe.stop();
    close();
    return { name: 'forwarding to first answer', driver, count, present, p50, p99 };
  } finally {
    await cloud.close();
  }
}
