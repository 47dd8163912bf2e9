import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { plugInstance } from '../../src/lab/instance.ts';
import type { ndpProxy } from '../../src/model/index.ts';
import type { Row } from '../../src/model/language.ts';
import { type BareCloud, eventually, skip, startBareCloud } from './support/small-cloud.ts';
import { variants } from './support/variants.ts';

interface Host6 {
  readonly netns: string;
  readonly portId: string;
  readonly ip: string;
}

const outer = { cidr: '2001:db8:0:1::/64', world: '2001:db8:0:1::1' } as const;

for (const variant of variants)
  describe(`NDP proxies: ${variant.name}`, { skip: skip || variant.skip, timeout: 180_000 }, () => {
    const nat = variant.options.nat ?? 'iptables';
    let c: BareCloud;
    let routerId: string;
    let device: string;
    let gatewayIp: string;
    let subnetId: string;
    let groupId: string;
    let inside: { readonly id: string; readonly mtu: number };
    let one: Host6;
    /** Nobody makes a proxy for it. */
    let other: Host6;

    const host = () => {
      const [first] = c.cloud.hosts;
      if (!first) throw new Error('a cloud has a host');
      return first;
    };
    const run = (argv: string[], netns: string, mayFail = false) => host().run(argv, { netns, mayFail });
    const routerNs = () => `qrouter-${routerId}`;
    const post = async <T>(path: string, name: string, draft: object) =>
      ((await c.api.request('POST', path, { [name]: draft })) as Record<string, T>)[name] as T;
    const made = async (path: string, name: string, draft: object) =>
      (await post<{ id: string }>(path, name, draft)).id;
    const proxy = (portId: string) =>
      post<Row<typeof ndpProxy>>('/ndp_proxies', 'ndp_proxy', { router_id: routerId, port_id: portId });
    const remove = (row: { id: string }) => c.api.request('DELETE', `/ndp_proxies/${row.id}`);
    const enable = (enable_ndp_proxy: boolean) => c.api.routers.update(routerId, { enable_ndp_proxy });

    const world = (...argv: string[]) => c.cloud.world.run(argv, { mayFail: true });
    const reaches = async (ip: string) => (await world('ping', '-6', '-n', '-c', '1', '-W', '1', ip)).code === 0;
    const reached = (ip: string) => eventually(`the world reaches ${ip}`, () => reaches(ip));
    const unreached = async (ip: string) => {
      await world('ip', '-6', 'neigh', 'flush', 'dev', 'uplink');
      return eventually(`the world does not reach ${ip}`, async () => !(await reaches(ip)));
    };
    /** What the world takes for the link-layer address of another. */
    const neighbour = async (ip: string) =>
      /lladdr (\S+)/.exec((await world('ip', '-6', 'neigh', 'show', ip)).stdout)?.[1];
    const proxies = async () => (await run(['ip', '-6', 'neigh', 'show', 'proxy'], routerNs())).stdout;
    const rules = async () => {
      const [save, table] = [['ip6tables-save'], ['nft', 'list', 'table', 'inet', 'neutrino-ndp']];
      return (await run(nat === 'iptables' ? save : table, routerNs(), true)).stdout;
    };
    const setting = async () =>
      (await run(['sysctl', '-n', `net.ipv6.conf.${device}.proxy_ndp`], routerNs())).stdout.trim();

    /** An instance that makes its address from the router's advertisements. */
    async function boot6(name: string): Promise<Host6> {
      const binding = { 'binding:host_id': host().name, device_owner: 'compute:nova', device_id: name };
      const row = await c.api.ports.create({ name, network_id: inside.id, security_groups: [groupId], ...binding });
      await plugInstance(host(), name, row, { mtu: inside.mtu, driver: c.cloud.driver });
      const ip = row.fixed_ips[0]?.ip_address ?? '';
      await eventually(`${name} has ${ip}`, async () => {
        const { stdout } = await run(['ip', '-6', '-o', 'addr', 'show', 'dev', 'eth0', '-tentative'], name);
        return stdout.includes(` ${ip}/64 `);
      });
      return { netns: name, portId: row.id, ip };
    }

    before(async () => {
      c = await startBareCloud(variant.options);
      const scopeId = await made('/address-scopes', 'address_scope', { name: 'six', ip_version: 6 });
      const pool = { name: 'six', prefixes: ['2001:db8::/48'], default_prefixlen: 64, address_scope_id: scopeId };
      const six = { ip_version: 6, subnetpool_id: await made('/subnetpools', 'subnetpool', pool) } as const;
      const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' } as const;
      const external = await c.api.networks.create({ name: 'public', 'router:external': true, ...flat });
      await c.api.subnets.create({ network_id: external.id, ...six, cidr: outer.cidr, gateway_ip: outer.world });
      inside = await c.api.networks.create({ name: 'inside' });
      const mode = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' } as const;
      const on = await c.api.subnets.create({ network_id: inside.id, ...six, cidr: '2001:db8:0:2::/64', ...mode });
      subnetId = on.id;
      const router = await c.api.routers.create({
        name: 'r',
        external_gateway_info: { network_id: external.id },
        enable_ndp_proxy: true,
      });
      assert.equal(router.enable_ndp_proxy, true);
      routerId = router.id;
      gatewayIp = router.external_gateway_info?.external_fixed_ips?.[0]?.ip_address ?? '';
      await c.api.routers.action(routerId, 'add_router_interface', { subnet_id: subnetId });
      const [leg] = await c.api.ports.list({ device_id: routerId, device_owner: 'network:router_gateway' });
      device = `qg-${leg?.id.slice(0, 11)}`;
      groupId = (await c.api.securityGroups.create({ name: 'open' })).id;
      const rule = { security_group_id: groupId, direction: 'ingress', ethertype: 'IPv6' } as const;
      await c.api.securityGroupRules.create({ ...rule, protocol: 'ipv6-icmp' });
      // All of the pool is on the link for the world: it has no route, and asks who has an address.
      await c.cloud.world.run(['ip', '-6', 'addr', 'add', `${outer.world}/48`, 'dev', 'uplink', 'nodad']);
      one = await boot6('one');
      other = await boot6('other');
      await reached(gatewayIp);
    });
    after(() => c?.close());

    test('without a proxy nobody answers for an inside address, and a route does not help', async () => {
      assert.equal(await proxies(), '');
      assert.equal(await reaches(one.ip), false);
      assert.equal(await neighbour(one.ip), undefined);
      await world('ip', '-6', 'route', 'add', '2001:db8:0:2::/64', 'via', gatewayIp);
      assert.equal(await reaches(one.ip), false, 'it is dropped');
      await enable(false);
      await reached(one.ip);
      assert.equal(await setting(), '0');
      await enable(true);
      await unreached(one.ip);
      await world('ip', '-6', 'route', 'del', '2001:db8:0:2::/64');
    });

    test('through its proxy an instance is reached by its own address, and no other', async () => {
      const row = await proxy(one.portId);
      assert.equal(row.ip_address, one.ip);
      await reached(one.ip);
      assert.equal(await setting(), '1');
      assert.equal(await neighbour(one.ip), await neighbour(gatewayIp), 'the gateway answers');
      assert.equal((await run(['ping', '-6', '-c', '1', '-W', '1', outer.world], one.netns)).code, 0);
      await world('ip', '-6', 'route', 'add', `${other.ip}/128`, 'via', gatewayIp);
      assert.equal(await reaches(other.ip), false);
      await world('ip', '-6', 'route', 'del', `${other.ip}/128`);
    });

    test('a second look finds nothing to do, and what was taken by hand comes back', async () => {
      const sync = () => c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
      const { stdout, code } = await c.cloud.neutrino(0, ['agent', 'plan', '--state-dir', c.cloud.agentDir(0)]);
      assert.equal(code, 0);
      assert.doesNotMatch(stdout, /^\s*(add|change|remove)/m);
      await run(['ip', '-6', 'neigh', 'del', 'proxy', one.ip, 'dev', device], routerNs());
      await sync();
      await eventually('the proxy is back', async () => (await proxies()).includes(`${one.ip} dev ${device}`));
    });

    test('who took another for the address is told at once', async () => {
      const [row] = (
        (await c.api.request('GET', `/ndp_proxies?port_id=${one.portId}`)) as {
          ndp_proxies: Row<typeof ndpProxy>[];
        }
      ).ndp_proxies;
      assert.ok(row);
      await remove(row);
      await eventually('no proxy', async () => (await proxies()) === '');
      await world(
        'ip',
        '-6',
        'neigh',
        'replace',
        one.ip,
        'lladdr',
        '02:00:00:00:00:99',
        'dev',
        'uplink',
        'nud',
        'stale',
      );
      await proxy(one.portId);
      // The world sends nothing meanwhile: it would find out by itself.
      await eventually('an advertisement', async () => (await neighbour(one.ip)) === (await neighbour(gatewayIp)));
      await reached(one.ip);
    });

    test('the interface stays while a proxy needs it; with its proxy gone an address is reached no more', async () => {
      const detach = c.api.routers.action(routerId, 'remove_router_interface', { subnet_id: subnetId });
      await assert.rejects(detach, /RouterInterfaceInUseByNDPProxy|ndp proxies still in use/);
      const second = await proxy(other.portId);
      await reached(other.ip);
      await remove(second);
      await unreached(other.ip);
      assert.equal(await reaches(one.ip), true, 'others are as they were');
    });

    test('a port takes its proxy along, and switched off nothing is left', async () => {
      await c.api.ports.remove(one.portId);
      await unreached(one.ip);
      assert.deepEqual(await c.api.request('GET', '/ndp_proxies'), { ndp_proxies: [] });
      await eventually('no proxy', async () => (await proxies()) === '');
      assert.match(await rules(), nat === 'iptables' ? /neutron-l3-agent-NDP -i qg-\S+ -j DROP/ : /@proxied drop/);
      await enable(false);
      await eventually('no rule', async () => !/NDP|proxied/.test(await rules()));
      await eventually('no setting', async () => (await setting()) === '0');
    });
  });
