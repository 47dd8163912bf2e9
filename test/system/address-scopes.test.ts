import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { outside } from '../../src/lab/cloud.ts';
import { dhcp, plugInstance } from '../../src/lab/instance.ts';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { type BareCloud, eventually, skip, startBareCloud } from './support/small-cloud.ts';

interface Inside {
  readonly netns: string;
  readonly portId: string;
  readonly ip: string;
}

for (const nat of ['iptables', 'nftables'] as const)
  describe(`address scopes, by ${nat}`, { skip, timeout: 180_000 }, () => {
    let c: BareCloud;
    let routerId: string;
    let externalId: string;
    let gatewayIp: string;
    /** In the scope of the external network. */
    let same: Inside;
    /** In another one. */
    let other: Inside;
    /** In none. */
    let plain: Inside;

    const host = () => {
      const [first] = c.cloud.hosts;
      if (!first) throw new Error('a cloud has a host');
      return first;
    };
    const make = async (path: string, name: string, draft: object) => {
      const made = (await c.api.request('POST', path, { [name]: draft })) as Record<string, { id: string }>;
      return made[name]?.id ?? '';
    };
    const pool = async (name: string, prefix: string, scope: string, length: number) =>
      make('/subnetpools', 'subnetpool', {
        name,
        prefixes: [prefix],
        default_prefixlen: length,
        address_scope_id: scope,
      });

    async function inside(name: string, draft: object): Promise<Inside> {
      const network = await c.api.networks.create({ name });
      const subnetId = await make('/subnets', 'subnet', { network_id: network.id, ip_version: 4, ...draft });
      await c.api.routers.action(routerId, 'add_router_interface', { subnet_id: subnetId });
      const binding = { 'binding:host_id': host().name, device_owner: 'compute:nova', device_id: name };
      const port = await c.api.ports.create({
        network_id: network.id,
        port_security_enabled: false,
        ...binding,
      });
      await plugInstance(host(), name, port, { mtu: network.mtu });
      const lease = await dhcp(host(), name, 15);
      if (!lease) throw new Error(`${name} got no address`);
      await serve(host(), name, { tcp: [8080] }, name);
      return { netns: name, portId: port.id, ip: lease.ip };
    }
    const page = async (from: Inside, address: string, port: number) => {
      const got = await fetchPage(host(), address, port, { netns: from.netns, ms: 1000 });
      return got.reached ? got.text : null;
    };
    const fromWorld = async (address: string, port: number) => {
      const got = await fetchPage(c.cloud.world, address, port, { ms: 1000 });
      return got.reached ? got.text : null;
    };
    const worldSees = (from: Inside, address: string) =>
      eventually(`the world sees ${address}`, async () => {
        return (await page(from, outside.far, 80)) === `hello from far port 80 to ${address}\n`;
      });

    before(async () => {
      c = await startBareCloud({ nat });
      const scope = await make('/address-scopes', 'address_scope', { name: 'one', ip_version: 4 });
      const second = await make('/address-scopes', 'address_scope', { name: 'two', ip_version: 4 });
      const [publicPool, samePool, otherPool] = [
        await pool('public', outside.cidr, scope, 24),
        await pool('same', '10.110.0.0/16', scope, 24),
        await pool('other', '10.120.0.0/16', second, 24),
      ];
      const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' } as const;
      const external = await c.api.networks.create({ name: 'public', 'router:external': true, ...flat });
      externalId = external.id;
      const range = { subnetpool_id: publicPool, cidr: outside.cidr, gateway_ip: outside.gateway, enable_dhcp: false };
      await make('/subnets', 'subnet', { network_id: external.id, ip_version: 4, ...range });
      const router = await c.api.routers.create({ name: 'r', external_gateway_info: { network_id: external.id } });
      routerId = router.id;
      gatewayIp = router.external_gateway_info?.external_fixed_ips?.[0]?.ip_address ?? '';
      same = await inside('same', { subnetpool_id: samePool });
      other = await inside('other', { subnetpool_id: otherPool });
      plain = await inside('plain', { cidr: '10.100.0.0/24' });
      await serve(c.cloud.world, 'far', { tcp: [80] }, '');
      await c.cloud.world.run(['ip', 'route', 'add', '10.0.0.0/8', 'via', gatewayIp]);
    });
    after(() => c?.close());

    test('within the scope of the external network nothing is translated, either way', async () => {
      await worldSees(same, same.ip);
      assert.match((await fromWorld(same.ip, 8080)) ?? '', /^hello from same/);
    });

    test('from another scope, and from none, addresses hide behind the gateway, and cannot be reached', async () => {
      for (const one of [other, plain]) {
        await worldSees(one, gatewayIp);
        assert.equal(await fromWorld(one.ip, 8080), null);
      }
    });

    test('the router passes nothing between different scopes', async () => {
      for (const [from, to] of [
        [same, other],
        [other, same],
        [plain, same],
        [same, plain],
        [plain, other],
      ] as const)
        assert.equal(await page(from, to.ip, 8080), null, `${from.netns} to ${to.netns}`);
    });

    test('floating IPs and forwarded ports lead across', async () => {
      const whole = await c.api.floatingIps.create({ floating_network_id: externalId, port_id: other.portId });
      const fip = await c.api.floatingIps.create({ floating_network_id: externalId });
      await c.api.portForwardings(fip.id).create({
        internal_ip_address: plain.ip,
        internal_port_id: plain.portId,
        internal_port: 8080,
        external_port: 9000,
        protocol: 'tcp',
      });
      await eventually('the floating IP', async () => await fromWorld(whole.floating_ip_address, 8080));
      await eventually('the forwarded port', async () => await fromWorld(fip.floating_ip_address, 9000));
      await worldSees(other, whole.floating_ip_address);
    });

    test('a pool that leaves its scope takes its networks along', async () => {
      const pools = (await c.api.request('GET', '/subnetpools?name=other')) as { subnetpools: { id: string }[] };
      await c.api.request('PUT', `/subnetpools/${pools.subnetpools[0]?.id}`, {
        subnetpool: { address_scope_id: null },
      });
      await eventually('other and plain meet', () => page(plain, other.ip, 8080));
      assert.equal(await page(plain, same.ip, 8080), null);
    });
  });
