import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LabHost } from '../../src/lab/host.ts';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { hostText, textDifference } from './support/host-text.ts';
import { type BareCloud, eventually, type SmallCloud, skip, startBareCloud } from './support/small-cloud.ts';
import { variants } from './support/variants.ts';

/** What others have on the host: names and places like ours, made by somebody else. */
const foreign = `
set -e
ip netns add foreign
ip netns add qrouter-00000000-0000-4000-8000-000000000000
ip -n foreign link set lo up
ip link add name docker0 type bridge
ip link add veth-foreign type veth peer name eth0 netns foreign
ip link set veth-foreign master docker0 up
ip address add 172.17.0.1/16 dev docker0; ip link set docker0 up
ip link add name brq00000000-00 type bridge
ip link add tap00000000-00 type veth peer name eth1 netns foreign
ip route add 198.18.0.0/15 via 172.17.0.2
ip rule add from 172.17.0.9 table 77
ipset create foreign hash:net; ipset add foreign 192.0.2.128/25
iptables -N DOCKER; iptables -A FORWARD -o docker0 -j DOCKER; iptables -A DOCKER -d 172.17.0.2/32 -j ACCEPT
iptables -A FORWARD -s 192.0.2.200/32 -j ACCEPT
iptables -A INPUT -m set --match-set foreign src -j DROP
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
ip6tables -A INPUT -s 2001:db8:ffff::/48 -j DROP
nft 'add table bridge foreign; add chain bridge foreign c { type filter hook forward priority 0; }; add rule bridge foreign c ether saddr 02:00:00:00:00:99 drop'
`;

describe('what is deleted through the API leaves nothing on the host, and what others have stays', { skip }, () => {
  for (const variant of variants) {
    test(variant.name, { skip: variant.skip, timeout: 240_000 }, async () => {
      const c = await startBareCloud({ hosts: 2, ...variant.options });
      try {
        await peel(c);
      } finally {
        await c.close();
      }
    });
  }
});

/** Builds layer on layer, looks at both hosts after each, and takes the layers away in the reverse order. */
async function peel(c: BareCloud): Promise<void> {
  const [first, second] = c.cloud.hosts as [LabHost, LabHost];
  await first.run(['bash', '-c', foreign]);
  const look = async () => {
    const texts = c.cloud.hosts.map((host, index) => hostText(host, c.cloud.agentDir(index)));
    return (await Promise.all(texts)).join('\n');
  };
  const settled = async () => {
    for (const index of c.cloud.hosts.keys())
      await c.cloud.neutrino(index, ['agent', 'sync', '--state-dir', c.cloud.agentDir(index)]);
    return look();
  };
  const back = async (what: string, was: string) => {
    let now = '';
    await eventually(what, async () => {
      now = await look();
      return now === was;
    }).catch(() => assert.fail(`${what}: the hosts are not as before\n${textDifference(was, now)}`));
  };

  const bare = await settled();
  const made = await c.build();
  const networks = await settled();
  const instances = [await made.boot('near', { on: 0 }), await made.boot('far', { on: 1 })];
  const [near, far] = instances as [(typeof instances)[0], (typeof instances)[0]];
  const servers = [
    await serve(first, 'near', { tcp: [8080] }, 'near'),
    await serve(second, 'far', { tcp: [8080] }, 'far'),
  ];
  const plugged = await settled();
  const fip = await made.floatingIp();
  const inner = { internal_ip_address: far.lease.ip, internal_port_id: far.port.id, protocol: 'tcp' } as const;
  const forwarding = await c.api.portForwardings(fip.id).create({ ...inner, internal_port: 8080, external_port: 9000 });
  await eventually('the forwarded port answers', () => reached(made, fip.address, 9000));
  const forwarded = await settled();
  const direct = await made.floatingIp(near.port.id);
  await eventually('the floating IP answers', () => reached(made, direct.address, 8080));
  assert.notEqual(await settled(), forwarded);

  await c.api.floatingIps.update(direct.id, { port_id: null });
  await back('the floating IP is let go', forwarded);
  await c.api.portForwardings(fip.id).remove(forwarding.id);
  await back('the forwarding is deleted', plugged);
  for (const server of servers) first.kill(server);
  for (const { host, netns, port } of instances) {
    await c.api.ports.remove(port.id);
    if (c.cloud.driver === 'openvswitch') await host.run(['ovs-vsctl', 'del-port', `tap${port.id.slice(0, 11)}`]);
    await host.run(['ip', 'netns', 'del', netns]);
  }
  await back('the ports are deleted', networks);
  for (const { host, lease } of instances) await noConnections(host, lease.ip);
  await c.api.routers.action(made.router.id, 'remove_router_interface', { subnet_id: made.subnetId });
  for (const { id } of [fip, direct]) await c.api.floatingIps.remove(id);
  await c.api.routers.remove(made.router.id);
  await c.api.networks.remove(made.inside.id);
  await c.api.networks.remove(made.external.id);
  await back('the networks are deleted', bare);
}

const reached = async (c: SmallCloud, address: string, port: number) =>
  (await fetchPage(c.cloud.world, address, port, { ms: 700 })).reached;

/** A new port of the address would be let in by what the old one was allowed. */
async function noConnections(host: LabHost, ip: string): Promise<void> {
  const { stdout } = await host.run(['conntrack', '-L']);
  const left = stdout.split('\n').filter((line) => line.includes(`=${ip} `));
  assert.deepEqual(left, [], 'connections of an instance that is gone');
}
