/** From the API's 200 on a change of a group's members to the host that lets the new one in: one element of thousands. */
import { connect, type NetworkingClient, readClouds } from '../../src/client/index.ts';
import { createCloud } from '../../src/lab/cloud.ts';
import type { LabDriver } from '../../src/lab/ground.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { plugInstance } from '../../src/lab/instance.ts';
import { setName } from '../../src/plan/render/names.ts';

/** What was measured, milliseconds. */
export interface MembersMeasured {
  readonly name: string;
  readonly driver: LabDriver;
  readonly members: number;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

/** A question that ends with 0 once the address is in the set of the group. */
const askers: Readonly<Record<LabDriver, (groupId: string, ip: string) => string>> = {
  linuxbridge: (groupId, ip) => `ipset -q test ${setName(groupId, 4)} ${ip}`,
  openvswitch: (_groupId, ip) => `ovs-ofctl dump-flows br-int table=83,ip,nw_src=${ip} | grep -q nw_src`,
};

/** Changes the addresses of a member, and gives the milliseconds until the host knows. */
async function measure(api: NetworkingClient, host: LabHost, portId: string, question: string, ip: string) {
  const script = `until ${question}; do :; done; date +%s%N`;
  const found = host.run(['sh', '-c', script], { timeoutMs: 20_000 });
  await api.ports.update(portId, { fixed_ips: [{ ip_address: ip }] });
  const from = performance.timeOrigin + performance.now();
  return Number((await found).stdout.trim()) / 1e6 - from;
}

/** Measures `count` changes, one after another, of a group of `members` that a rule of an instance's group refers to. */
export async function benchMembers(
  program: readonly string[],
  driver: LabDriver,
  say: (text: string) => void,
  { count = 20, members = 5000 } = {},
): Promise<MembersMeasured> {
  const cloud = await createCloud({ program, driver });
  try {
    await cloud.startServer();
    await cloud.startAgent(0);
    const host = cloud.hosts[0] as LabHost;
    const credentials = await readClouds({ cloud: 'neutrino', files: [cloud.cloudsFile] });
    const session = await connect({ ...credentials, authUrl: `${cloud.url}/identity/v3`, networkUrl: cloud.url });
    const api = session.networking;
    const network = await api.networks.create({ name: 'inside' });
    await api.request('PUT', `/quotas/${network.project_id}`, { quota: { port: -1 } });
    // The new addresses are nobody's.
    const pools = { allocation_pools: [{ start: '10.100.0.2', end: '10.100.199.254' }] };
    await api.subnets.create({
      network_id: network.id,
      ip_version: 4,
      cidr: '10.100.0.0/16',
      enable_dhcp: false,
      ...pools,
    });
    const group = await api.securityGroups.create({ name: 'members' });
    await api.securityGroupRules.create({
      security_group_id: group.id,
      direction: 'ingress',
      remote_group_id: group.id,
    });
    const draft = { network_id: network.id, security_groups: [group.id] };
    const bound = { ...draft, 'binding:host_id': host.name, device_owner: 'compute:nova' };
    await plugInstance(host, 'vm', await api.ports.create(bound), { mtu: 1450, driver });
    const ports = [];
    for (let left = members; left > 0; left -= 500)
      ports.push(...(await api.ports.createMany(Array.from({ length: Math.min(left, 500) }, () => draft))));
    const times: number[] = [];
    for (const [i, port] of ports.slice(0, count + 1).entries()) {
      const ip = `10.100.250.${i + 1}`;
      const ms = await measure(api, host, port.id, askers[driver](group.id, ip), ip);
      // The first waits until the host has all of them.
      if (i > 0) times.push(ms);
    }
    times.sort((a, b) => a - b);
    const p50 = times[Math.floor(times.length * 0.5)] ?? 0;
    const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
    say(
      `200 on a member's new address to the host's set, ${driver}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms ` +
        `(${count} one after another, ${members} members)`,
    );
    session.close();
    return { name: 'member to set', driver, members, count, p50, p99 };
  } finally {
    await cloud.close();
  }
}
