import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostKey } from '../model/host-objects.ts';
import { dhcpBinding, port, router, routerBinding } from '../model/index.ts';
import { hostObject, hostObjectKeys } from './host-view.ts';
import { admin, type Cloud, demo, openCloud, required } from './router-testing.ts';

/** Two hosts, an outside and an inside network, a router with a floating IP and forwardings, an instance on each host. */
async function openTwoHosts() {
  const cloud = await openCloud();
  await cloud.host('alpha', '192.0.2.1');
  const outside = await cloud.network(admin, {
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': 'public',
  });
  const outsideSubnet = await cloud.subnet(admin, outside.id, '203.0.113.0/24');
  const inside = await cloud.network(admin, {
    project_id: demo.projectId,
    'provider:network_type': 'vxlan',
    'provider:segmentation_id': 77,
  });
  const insideSubnet = await cloud.subnet(admin, inside.id, '10.0.0.0/24', {
    project_id: demo.projectId,
    enable_dhcp: true,
    dns_nameservers: ['192.0.2.53'],
    host_routes: [{ destination: '198.51.100.0/24', nexthop: '10.0.0.9' }],
  });
  const made = await cloud.router(demo, { external_gateway_info: { network_id: outside.id } });
  await cloud.attach(demo, made, { port_id: (await routerPort()).id });
  await cloud.host('beta', '192.0.2.2');
  const web = await instance('alpha', '10.0.0.5');
  const db = await instance('beta', '10.0.0.6');
  return { cloud, outside, outsideSubnet, inside, insideSubnet, router: made, web, db };

  function instance(host: string, ip: string) {
    const fixed_ips = [{ subnet_id: insideSubnet.id, ip_address: ip }];
    const draft = { fixed_ips, device_owner: 'compute:nova', device_id: `vm-${host}`, 'binding:host_id': host };
    return cloud.port(admin, inside.id, { ...draft, project_id: demo.projectId });
  }
  function routerPort() {
    const fixed_ips = [{ subnet_id: insideSubnet.id, ip_address: '10.0.0.1' }];
    return cloud.port(admin, inside.id, { fixed_ips, project_id: demo.projectId });
  }
}

const object = (cloud: Cloud, host: string, key: HostKey) =>
  cloud.read((r) => hostObject(r, cloud.settings, host, key));

test('what two hosts are told of a small cloud', async () => {
  const { cloud, outside, outsideSubnet, inside, insideSubnet, router: made, web, db } = await openTwoHosts();
  try {
    const [group] = web.security_groups;
    assert.ok(group);
    assert.equal((await cloud.read((r) => r.first(routerBinding, { router_id: made.id })))?.host, 'alpha');
    const alpha = await cloud.read((r) => hostObjectKeys(r, 'alpha'));
    assert.deepEqual(
      alpha,
      [
        `address_set/${group}`,
        `dhcp/${inside.id}`,
        `metadata/${inside.id}`,
        `network/${inside.id}`,
        `network/${outside.id}`,
        `port/${web.id}`,
        `router/${made.id}`,
        `security_group/${group}`,
      ].sort(),
    );
    const beta = await cloud.read((r) => hostObjectKeys(r, 'beta'));
    assert.deepEqual(
      beta,
      [`address_set/${group}`, `network/${inside.id}`, `port/${db.id}`, `security_group/${group}`].sort(),
    );
    for (const key of alpha.filter((one) => !beta.includes(one))) {
      assert.equal(await object(cloud, 'beta', key), undefined, key);
    }

    assert.deepEqual(await object(cloud, 'alpha', `network/${inside.id}`), {
      kind: 'network',
      id: inside.id,
      network_type: 'vxlan',
      physical_network: null,
      segmentation_id: 77,
      mtu: 1450,
      admin_state_up: true,
      remote_ports: [{ mac: db.mac_address, ips: ['10.0.0.6'], vtep: '192.0.2.2' }],
    });
    const ports = await cloud.read((r) => r.find(port, { network_id: inside.id, 'binding:host_id': 'alpha' }));
    assert.equal(ports.length, 3, 'the instance, the router and DHCP');
    const seenByBeta = await object(cloud, 'beta', `network/${inside.id}`);
    assert.ok(seenByBeta?.kind === 'network');
    assert.deepEqual(
      seenByBeta.remote_ports,
      ports
        .map((row) => ({ mac: row.mac_address, ips: row.fixed_ips.map((one) => one.ip_address), vtep: '192.0.2.1' }))
        .sort((a, b) => (a.mac < b.mac ? -1 : 1)),
    );
    const flat = await object(cloud, 'alpha', `network/${outside.id}`);
    assert.ok(flat?.kind === 'network');
    assert.deepEqual([flat.network_type, flat.physical_network, flat.remote_ports], ['flat', 'public', []]);

    assert.deepEqual(await object(cloud, 'alpha', `port/${web.id}`), {
      kind: 'port',
      id: web.id,
      network_id: inside.id,
      mac_address: web.mac_address,
      fixed_ips: [{ ip: '10.0.0.5', prefix_length: 24, subnet_id: insideSubnet.id }],
      admin_state_up: true,
      device_id: 'vm-alpha',
      device_owner: 'compute:nova',
      port_security_enabled: true,
      allowed_address_pairs: [],
      security_groups: [group],
    });
    assert.deepEqual(await object(cloud, 'alpha', `address_set/${group}`), {
      kind: 'address_set',
      id: group,
      ipv4: ['10.0.0.5', '10.0.0.6'],
      ipv6: [],
    });
    const filtered = await object(cloud, 'alpha', `security_group/${group}`);
    assert.ok(filtered?.kind === 'security_group');
    assert.deepEqual(
      filtered.rules.map((rule) => `${rule.direction} ${rule.ethertype} ${rule.remote_group_id}`).sort(),
      ['egress IPv4 null', 'egress IPv6 null', `ingress IPv4 ${group}`, `ingress IPv6 ${group}`],
    );

    const service = required(await cloud.read((r) => r.first(dhcpBinding, { network_id: inside.id })));
    const own = required(await cloud.read((r) => r.get(port, service.port_id ?? '')));
    const [ownIp] = own.fixed_ips;
    const inner = required(ports.find((row) => row.device_owner === 'network:router_interface'));
    assert.deepEqual(await object(cloud, 'alpha', `dhcp/${inside.id}`), {
      kind: 'dhcp',
      id: inside.id,
      port: {
        id: own.id,
        mac_address: own.mac_address,
        fixed_ips: [{ ip: ownIp?.ip_address, prefix_length: 24, subnet_id: insideSubnet.id }],
      },
      mtu: 1450,
      domain: 'openstacklocal',
      lease_seconds: 86400,
      subnets: [
        {
          id: insideSubnet.id,
          ip_version: 4,
          cidr: '10.0.0.0/24',
          gateway_ip: '10.0.0.1',
          dns_nameservers: ['192.0.2.53'],
          host_routes: [{ destination: '198.51.100.0/24', nexthop: '10.0.0.9' }],
          ipv6_address_mode: null,
          routed: true,
          dhcp_ips: [ownIp?.ip_address],
        },
      ],
      hosts: [inner, own, web, db]
        .map((row) => {
          const ip = row.fixed_ips[0]?.ip_address ?? '';
          return { port_id: row.id, mac_address: row.mac_address, ip, hostname: `host-${ip.replaceAll('.', '-')}` };
        })
        .sort((a, b) => (a.ip < b.ip ? -1 : 1)),
    });

    const whole = await cloud.floatingIp(demo, outside.id, { port_id: web.id });
    const single = await cloud.floatingIp(demo, outside.id);
    const forwarding = await cloud.forward(demo, single, {
      internal_port_id: db.id,
      internal_ip_address: '10.0.0.6',
      protocol: 'tcp',
      external_port_range: '9000:9009',
      internal_port: 8080,
    });
    const gateway = required((await cloud.read((r) => r.get(router, made.id)))?.gw_port_id);
    const outer = required(await cloud.read((r) => r.get(port, gateway ?? '')));
    assert.deepEqual(await object(cloud, 'alpha', `router/${made.id}`), {
      kind: 'router',
      id: made.id,
      admin_state_up: true,
      interfaces: [
        {
          port_id: inner.id,
          network_id: inside.id,
          mac_address: inner.mac_address,
          fixed_ips: [{ ip: '10.0.0.1', prefix_length: 24, subnet_id: insideSubnet.id }],
          mtu: 1450,
        },
      ],
      gateway: {
        port_id: outer.id,
        network_id: outside.id,
        mac_address: outer.mac_address,
        fixed_ips: [{ ip: outer.fixed_ips[0]?.ip_address, prefix_length: 24, subnet_id: outsideSubnet.id }],
        mtu: 1500,
        gateway_ips: ['203.0.113.1'],
        enable_snat: true,
      },
      routes: [],
      floating_ips: [{ id: whole.id, floating_ip: whole.floating_ip_address, fixed_ip: '10.0.0.5' }],
      port_forwardings: [
        {
          id: forwarding.id,
          floatingip_id: single.id,
          floating_ip: single.floating_ip_address,
          protocol: 'tcp',
          external_first: 9000,
          external_last: 9009,
          internal_ip: '10.0.0.6',
          internal_first: 8080,
          internal_last: 8080,
        },
      ],
    });
  } finally {
    await cloud.close();
  }
});

test('a host that is told of many ports asks few questions: one object costs no query per row', async () => {
  const { cloud, outside, inside, insideSubnet, router: made } = await openTwoHosts();
  try {
    const count = async (key: HostKey) =>
      cloud.read(async (r) => {
        let queries = 0;
        const counting = new Proxy(r, {
          get(target, name) {
            const value = Reflect.get(target, name) as unknown;
            if (typeof value !== 'function') return value;
            return (...args: unknown[]) => {
              queries++;
              return (value as (...args: unknown[]) => unknown).apply(target, args);
            };
          },
        });
        assert.ok(await hostObject(counting, cloud.settings, 'alpha', key));
        return queries;
      });
    const [group] = required(await cloud.read((r) => r.first(port, { device_owner: 'compute:nova' }))).security_groups;
    const keys: HostKey[] = [
      `network/${inside.id}`,
      `dhcp/${inside.id}`,
      `security_group/${group}`,
      `address_set/${group}`,
      `router/${made.id}`,
    ];
    const fip = await cloud.floatingIp(demo, outside.id);
    const grow = async (n: number) => {
      const fixed_ips = [{ subnet_id: insideSubnet.id, ip_address: `10.0.0.${n}` }];
      const draft = { fixed_ips, project_id: demo.projectId, 'binding:host_id': n % 2 ? 'alpha' : 'beta' };
      const row = await cloud.port(admin, inside.id, draft);
      await cloud.forward(demo, fip, {
        internal_port_id: row.id,
        internal_ip_address: `10.0.0.${n}`,
        protocol: 'tcp',
        external_port: n,
        internal_port: 80,
      });
    };
    await grow(100);
    const before = await Promise.all(keys.map(count));
    for (let n = 101; n < 110; n++) await grow(n);
    assert.deepEqual(await Promise.all(keys.map(count)), before);
  } finally {
    await cloud.close();
  }
});
