import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from '../../src/lab/cloud.ts';
import { dhcp6, rebind } from '../../src/lab/dhcp-clients.ts';
import type { LabDriver } from '../../src/lab/ground.ts';
import { dhcp, plugInstance } from '../../src/lab/instance.ts';
import {
  drivers,
  eventually,
  type Instance,
  type SmallCloud,
  skip,
  skipDriver,
  startSmallCloud,
} from './support/small-cloud.ts';

/** A file of dnsmasq's of a network, on a host. */
const fileOf = (c: SmallCloud, name: string, { network = c.inside.id, on = 0 } = {}) =>
  readFile(`${c.cloud.agentDir(on)}/dhcp/${network}/${name}`, 'utf8');

/** The process of the dnsmasq of the inside network, as its host numbers it. */
const pidOf = async (c: SmallCloud) => Number(await fileOf(c, 'pid').catch(() => ''));

describe('leases', { skip, timeout: 240_000 }, () => {
  let c: SmallCloud;
  let web: Instance;
  let agent: Daemon | undefined;

  before(async () => {
    c = await startSmallCloud({
      started: (daemon, role) => {
        if (role === 'agent') agent = daemon;
      },
      agentFiles: { 'dhcp_agent.ini': '[DEFAULT]\ndhcp_renewal_time = 1000\ndnsmasq_dns_servers = 192.0.2.7\n' },
    });
    web = await c.boot('web');
  });
  after(() => c?.close());

  test('the options of dhcp_agent.ini are on the command line of dnsmasq', async () => {
    const { stdout } = await web.host.run(['cat', `/proc/${await pidOf(c)}/cmdline`]);
    const argv = stdout.split('\0');
    for (const word of ['--dhcp-option-force=option:T1,1000s', '--server=192.0.2.7'])
      assert.ok(argv.includes(word), word);
  });

  test('another address of a port reaches the dnsmasq that runs, and the old one is free at once', async () => {
    const pid = await pidOf(c);
    const [fixed] = web.port.fixed_ips;
    await c.api.ports.update(web.port.id, { fixed_ips: [{ subnet_id: c.subnetId, ip_address: '10.100.0.200' }] });
    await eventually('the file of hosts has it', async () => (await fileOf(c, 'host')).includes('10.100.0.200'));
    const taken = await c.boot('heir', { draft: { fixed_ips: [{ ip_address: fixed?.ip_address }] } });
    assert.equal(taken.lease.ip, fixed?.ip_address);
    await web.host.run(['ip', 'address', 'flush', 'dev', 'eth0'], { netns: 'web' });
    assert.equal((await dhcp(web.host, 'web', 15))?.ip, '10.100.0.200');
    assert.equal(await pidOf(c), pid, 'it was not started anew');
  });

  test('the address of a port that is gone is given to the next one at once', async () => {
    const gone = await c.boot('gone');
    await c.api.ports.remove(gone.port.id);
    const next = await c.boot('next', { draft: { fixed_ips: [{ ip_address: gone.lease.ip }] } });
    assert.equal(next.lease.ip, gone.lease.ip);
    const leases = (await fileOf(c, 'leases')).split('\n').filter((line) => line.includes(` ${gone.lease.ip} `));
    assert.equal(leases.length, 1);
    assert.match(leases[0] ?? '', new RegExp(next.port.mac_address));
  });

  test('a dnsmasq that is killed comes back by itself, with its leases', async () => {
    const pid = await pidOf(c);
    await web.host.run(['kill', '-9', String(pid)]);
    await eventually('another dnsmasq', async () => {
      const now = await pidOf(c);
      const { code } = await web.host.run(['kill', '-0', String(now)], { mayFail: true });
      return now !== pid && code === 0;
    });
    assert.match(await fileOf(c, 'leases'), new RegExp(web.port.mac_address));
    assert.match(await rebind(web.host, 'web', { ip: '10.100.0.200', mac: web.port.mac_address }), /^ack /);
  });

  test('a restart of the agent keeps dnsmasq and its leases', async () => {
    const [pid, leases] = [await pidOf(c), await fileOf(c, 'leases')];
    await agent?.kill('SIGKILL');
    assert.match(await rebind(web.host, 'web', { ip: '10.100.0.200', mac: web.port.mac_address }), /^ack /);
    await c.cloud.startAgent(0);
    await c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
    assert.equal(await pidOf(c), pid);
    const addresses = (text: string) => text.match(/ 10\.100\.0\.\d+ /g)?.sort();
    assert.deepEqual(addresses(await fileOf(c, 'leases')), addresses(leases));
  });
});

for (const driver of drivers)
  describe(`DHCPv6: ${driver}`, { skip: skipDriver(driver), timeout: 240_000 }, () => dhcp6Suite(driver));

function dhcp6Suite(driver: LabDriver): void {
  let c: SmallCloud;

  before(async () => {
    c = await startSmallCloud({ driver });
  });
  after(() => c?.close());

  /** An instance on a network with one IPv4 and one IPv6 subnet. */
  async function boot(name: string, mode: object, port: object = {}) {
    const network = await c.api.networks.create({ name });
    await c.api.subnets.create({ network_id: network.id, ip_version: 4, cidr: '10.66.0.0/24' });
    await c.api.subnets.create({ network_id: network.id, ip_version: 6, cidr: 'fd00:66::/64', ...mode });
    const host = c.cloud.hosts[0];
    assert.ok(host);
    const binding = { 'binding:host_id': host.name, device_owner: 'compute:nova', device_id: name };
    const made = await c.api.ports.create({
      network_id: network.id,
      security_groups: [c.open.id],
      ...binding,
      ...port,
    });
    await plugInstance(host, name, made, { mtu: network.mtu, driver });
    const ip = (version: 4 | 6) =>
      made.fixed_ips.find(({ ip_address }) => ip_address?.includes(':') === (version === 6))?.ip_address;
    return { host, network, port: made, ip };
  }

  test('stateful: the address of the port, its name server and domain, beside its IPv4 lease', async () => {
    const mode = { ipv6_ra_mode: 'dhcpv6-stateful', ipv6_address_mode: 'dhcpv6-stateful' } as const;
    const { host, ip, port, network } = await boot('six', mode, {
      extra_dhcp_opts: [{ opt_name: 'bootfile-url', opt_value: 'tftp://[fd00::1]/x', ip_version: 6 }],
    });
    assert.equal((await dhcp(host, 'six', 15))?.ip, ip(4));
    const lease = await dhcp6(host, 'six');
    assert.ok(lease, 'a lease');
    assert.equal(lease.ip, ip(6));
    assert.deepEqual(lease.search, ['openstacklocal.']);
    assert.match(lease.dns.join(), /^fd00:66::/);
    assert.equal(lease.bootfileUrl, 'tftp://[fd00::1]/x');
    await c.api.ports.update(port.id, {
      fixed_ips: [{ ip_address: ip(4) }, { ip_address: 'fd00:66::abcd' }],
    } as object);
    await eventually('the lease of the old address is released', async () => {
      const text = await fileOf(c, 'leases', { network: network.id });
      return !text.includes(`${ip(6)} `);
    });
    assert.equal((await dhcp6(host, 'six'))?.ip, 'fd00:66::abcd');
  });

  test('stateless: options alone; SLAAC: not even these', async () => {
    const stateless = { ipv6_ra_mode: 'dhcpv6-stateless', ipv6_address_mode: 'dhcpv6-stateless' } as const;
    const asked = await boot('informed', { ...stateless, dns_nameservers: ['fd00:53::53'] });
    const lease = await dhcp6(asked.host, 'informed', { informationOnly: true });
    assert.deepEqual([lease?.ip, lease?.dns, lease?.search], [null, ['fd00:53::53'], ['openstacklocal.']]);
    assert.doesNotMatch(await fileOf(c, 'host', { network: asked.network.id }), /fd00/);
    const slaac = await boot('slaac', { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' });
    assert.equal((await dhcp(slaac.host, 'slaac', 15))?.ip, slaac.ip(4));
    assert.equal(await dhcp6(slaac.host, 'slaac', { informationOnly: true, seconds: 3 }), undefined);
  });
}

describe('two hosts serve one network', { skip, timeout: 240_000 }, () => {
  let c: SmallCloud;
  let near: Instance;
  const agents: Daemon[] = [];

  before(async () => {
    c = await startSmallCloud({
      hosts: 2,
      files: { 'ml2_conf.ini': '[DEFAULT]\ndhcp_agents_per_network = 2\nagent_down_time = 3\n' },
      agentFiles: { 'l2_agent.ini': '[agent]\nreport_interval = 1\n' },
      started: (daemon, role) => {
        if (role === 'agent') agents.push(daemon);
      },
    });
    near = await c.boot('near', { on: 0 });
  });
  after(() => c?.close());

  const services = async () => c.api.ports.list({ network_id: c.inside.id, device_owner: 'network:dhcp' });

  test('both are named as name servers to a subnet without any', async () => {
    const network = await c.api.networks.create({ name: 'plain' });
    await c.api.subnets.create({ network_id: network.id, ip_version: 4, cidr: '10.88.0.0/24' });
    const both = async () =>
      (await fileOf(c, 'opts', { network: network.id, on: 0 }).catch(() => '')).match(
        /option:dns-server,10\.88\.0\.\d+,10\.88\.0\.\d+$/m,
      );
    await eventually('two name servers', async () => (await both()) !== null);
  });

  test('one dies: the other one prolongs the leases that it never gave, and answers new instances', async () => {
    const port = await c.api.ports.show(near.port.id);
    const giver = (await services()).find(({ fixed_ips }) => fixed_ips[0]?.ip_address === near.lease.server);
    const on = c.cloud.hosts.findIndex(({ name }) => name === giver?.['binding:host_id']);
    assert.ok(on >= 0, 'the host that gave the lease');
    // That host falls silent: its agent and its dnsmasq.
    await agents[on]?.kill('SIGKILL');
    await c.cloud.hosts[on]?.run(['kill', '-9', (await fileOf(c, 'pid', { on })).trim()]);
    await eventually('the service of the silent host is withdrawn', async () => (await services()).length === 1, 30);
    const [left] = await services();
    const server = left?.fixed_ips[0]?.ip_address;
    const client = { ip: near.lease.ip, mac: port.mac_address };
    await eventually('the other server prolongs it', async () => {
      const answer = await rebind(near.host, 'near', client, 500);
      return answer === `ack ${server}`;
    });
    const far = await c.boot('far', { on: 1 - on });
    assert.ok(far.lease.ip);
  });
});
