import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { plugInstance } from '../../src/lab/instance.ts';
import type { port } from '../../src/model/index.ts';
import type { Row } from '../../src/model/language.ts';
import { eventually, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

interface Host6 {
  readonly netns: string;
  readonly port: Row<typeof port>;
  readonly ip: string;
}

describe('IPv6: router advertisements, SLAAC, forwarding, extra routes', { skip, timeout: 180_000 }, () => {
  let c: SmallCloud;
  let one: Host6;
  let other: Host6;
  let subnetId: string;
  const run = (argv: string[], netns: string, mayFail = false) => {
    const [host] = c.cloud.hosts;
    if (!host) throw new Error('a cloud has a host');
    return host.run(argv, { netns, mayFail });
  };
  const routerNs = () => `qrouter-${c.router.id}`;
  const ping = async (from: Host6, to: string) =>
    (await run(['ping', '-6', '-c', '1', '-W', '1', to], from.netns, true)).code === 0;

  async function network6(name: string, cidr: string, mode: 'slaac' | 'dhcpv6-stateless') {
    const network = name === 'inside' ? c.inside : await c.api.networks.create({ name });
    const draft = { cidr, ip_version: 6, ipv6_ra_mode: mode, ipv6_address_mode: mode } as const;
    const subnet = await c.api.subnets.create({
      name: `${name}-v6`,
      network_id: network.id,
      ...draft,
      dns_nameservers: ['2001:db8:53::53', '2001:db8:53::54'],
    });
    await c.api.routers.action(c.router.id, 'add_router_interface', { subnet_id: subnet.id });
    return { network, subnet };
  }

  /** An instance that takes its address from the router's advertisements, with the kernel as its only client. */
  async function boot6(name: string, networkId: string, mtu: number): Promise<Host6> {
    const [host] = c.cloud.hosts;
    if (!host) throw new Error('a cloud has a host');
    const binding = { 'binding:host_id': host.name, device_owner: 'compute:nova', device_id: name };
    const made = await c.api.ports.create({ name, network_id: networkId, security_groups: [c.open.id], ...binding });
    await plugInstance(host, name, made, { mtu });
    const fixed = made.fixed_ips.find(({ ip_address }) => ip_address?.includes(':'))?.ip_address;
    const has = await eventually(`${name} has ${fixed}`, async () => {
      const { stdout } = await run(
        ['ip', '-6', '-o', 'addr', 'show', 'dev', 'eth0', 'scope', 'global', '-tentative'],
        name,
      );
      return stdout.includes(` ${fixed}/64 `) && fixed;
    });
    return { netns: name, port: made, ip: has };
  }

  before(async () => {
    c = await startSmallCloud();
    const rules = { security_group_id: c.open.id, direction: 'ingress', ethertype: 'IPv6' } as const;
    for (const protocol of ['tcp', 'ipv6-icmp']) await c.api.securityGroupRules.create({ ...rules, protocol });
    const near = await network6('inside', 'fd00:100::/64', 'slaac');
    subnetId = near.subnet.id;
    const far = await network6('far', 'fd00:200::/64', 'slaac');
    one = await boot6('one', near.network.id, near.network.mtu);
    other = await boot6('other', far.network.id, far.network.mtu);
  });
  after(() => c?.close());

  test('an instance makes its address from the prefix that the router tells of, and takes the router as its way out', async () => {
    const { stdout } = await run(['ip', '-6', 'route', 'show', 'default'], 'one');
    assert.match(stdout, /^default via fe80::\S+ dev eth0 proto ra /);
    const links = await run(['ip', '-6', '-j', 'addr', 'show'], routerNs());
    assert.ok(links.stdout.includes(/via (\S+)/.exec(stdout)?.[1] ?? 'nobody'), 'it is this router');
  });

  test('the advertisement holds MTU, DNS servers and flags', async () => {
    const argv = ['tcpdump', '-v', '-n', '-l', '-c', '1', '-i', 'eth0', 'icmp6 and ip6[40] == 134'];
    const heard = run(['timeout', '10', ...argv], 'one', true);
    // A host whose link comes up asks, and is told at once.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await run(['ip', 'link', 'set', 'eth0', 'down'], 'one');
    await run(['ip', 'link', 'set', 'eth0', 'up'], 'one');
    const { stdout } = await heard;
    assert.match(stdout, /router advertisement/);
    assert.match(stdout, /Flags \[none\]/);
    assert.match(stdout, /mtu option .*: {2}1450/);
    assert.match(stdout, /rdnss option .* 2001:db8:53::53 addr: 2001:db8:53::54/);
    assert.match(stdout, /prefix info option .*: fd00:100::\/64, Flags \[onlink, auto\]/);
    await eventually('it has its address again', async () => {
      const { stdout: now } = await run(['ip', '-6', '-o', 'addr', 'show', 'dev', 'eth0', '-tentative'], 'one');
      return now.includes(one.ip);
    });
  });

  test('the router forwards between its networks', async () => {
    await eventually('the other instance answers', () => ping(one, other.ip));
    const settings = await run(['sysctl', '-n', 'net.ipv6.conf.all.forwarding'], routerNs());
    assert.equal(settings.stdout.trim(), '1');
  });

  test('other DNS servers are told of by the same radvd', async () => {
    const folder = c.cloud.agentDir(0);
    const pid = () => readFile(`${folder}/external/pids/${c.router.id}.pid.radvd`, 'utf8');
    const before = await pid();
    await c.api.subnets.update(subnetId, { dns_nameservers: ['2001:db8:53::99'] });
    await eventually('the file', async () => {
      return (await readFile(`${folder}/ra/${c.router.id}.radvd.conf`, 'utf8')).includes('RDNSS 2001:db8:53::99 {};');
    });
    assert.equal(await pid(), before);
  });

  test('radvd outlives the agent, and comes back when it is killed', async () => {
    const pidFile = `${c.cloud.agentDir(0)}/external/pids/${c.router.id}.pid.radvd`;
    const [host] = c.cloud.hosts;
    await host?.run(['sh', '-c', `kill -9 $(cat ${pidFile})`]);
    await c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
    await host?.run(['sh', '-c', `kill -0 $(cat ${pidFile})`]);
  });

  test('an extra route leads where the user says', async () => {
    await c.api.routers.update(c.router.id, { routes: [{ destination: 'fd00:300::/64', nexthop: other.ip }] });
    await eventually('the route', async () => {
      const { stdout } = await run(['ip', '-6', 'route', 'show', 'fd00:300::/64'], routerNs());
      return stdout.includes(`via ${other.ip} dev qr-`);
    });
    await c.api.routers.update(c.router.id, { routes: [] });
    await eventually('no route', async () => {
      return (await run(['ip', '-6', 'route', 'show', 'fd00:300::/64'], routerNs())).stdout === '';
    });
  });

  test('a network without IPv6 subnets is told nothing, and the last one takes radvd along', async () => {
    for (const row of await c.api.subnets.list({ ip_version: 6 })) {
      await c.api.routers.action(c.router.id, 'remove_router_interface', { subnet_id: row.id });
    }
    const { stdout } = (await c.cloud.hosts[0]?.run(['ls', `${c.cloud.agentDir(0)}`])) ?? { stdout: '' };
    await eventually('no radvd', async () => {
      const listed = await c.cloud.hosts[0]?.run(['ls', `${c.cloud.agentDir(0)}/external/pids`], { mayFail: true });
      return !listed?.stdout.includes('radvd');
    });
    assert.ok(stdout.includes('agent'));
  });
});
