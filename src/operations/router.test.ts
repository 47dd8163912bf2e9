import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floatingip, port, quotaUsage, router, routerBinding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Caller } from './context.ts';
import { portOperations } from './port-operations.ts';
import { routerOperations } from './router.ts';
import { removeInterface } from './router-interface.ts';
import { admin, type Cloud, demo, openCloud, openSmallCloud, other, refused, required } from './router-testing.ts';

type RouterRow = Row<typeof router>;

const absent = '00000000-0000-4000-8000-000000000000';
const reload = async (cloud: Cloud, row: { id: string }) => required(await cloud.read((r) => r.get(router, row.id)));
const change = (cloud: Cloud, caller: Caller, row: RouterRow, changes: Partial<RouterRow>) =>
  cloud.act(caller, (c) => required(routerOperations.update)(c, row, changes));
const remove = (cloud: Cloud, row: RouterRow) => cloud.act(demo, (c) => required(routerOperations.remove)(c, row));
const detach = (cloud: Cloud, row: RouterRow, body: Record<string, unknown>) =>
  cloud.act(demo, (c) => removeInterface(c, row, body));

test('a gateway is a port of no project, shown with its addresses; clearing it removes the port', async () => {
  const { cloud, outside, outsideSubnet, router: made } = await openSmallCloud();
  try {
    const row = await reload(cloud, made);
    const gateway = required(await cloud.read((r) => r.get(port, row.gw_port_id ?? '')));
    assert.deepEqual([gateway.project_id, gateway.device_id], ['', row.id]);
    assert.equal(gateway.device_owner, 'network:router_gateway');
    assert.deepEqual(row.external_gateway_info, {
      network_id: outside.id,
      enable_snat: true,
      external_fixed_ips: gateway.fixed_ips,
    });
    const moved = await change(cloud, admin, row, {
      external_gateway_info: {
        network_id: outside.id,
        enable_snat: false,
        external_fixed_ips: [{ subnet_id: outsideSubnet.id, ip_address: '203.0.113.77' }],
      },
    });
    assert.equal(moved.gw_port_id, gateway.id);
    assert.equal(moved.external_gateway_info?.enable_snat, false);
    assert.deepEqual(moved.external_gateway_info?.external_fixed_ips, [
      { subnet_id: outsideSubnet.id, ip_address: '203.0.113.77' },
    ]);
    const same = await change(cloud, demo, moved, { external_gateway_info: { network_id: outside.id } });
    assert.equal(same.external_gateway_info?.external_fixed_ips?.[0]?.ip_address, '203.0.113.77');
    assert.equal(same.external_gateway_info?.enable_snat, true, 'left out means the default');
    const cleared = await change(cloud, demo, same, { external_gateway_info: null });
    assert.deepEqual([cleared.external_gateway_info, cleared.gw_port_id], [null, null]);
    assert.equal(await cloud.read((r) => r.get(port, gateway.id)), undefined);
  } finally {
    await cloud.close();
  }
});

test('a router shows the addresses that its gateway port was given', async () => {
  const { cloud, outsideSubnet, router: made } = await openSmallCloud();
  try {
    const row = await reload(cloud, made);
    const gateway = required(await cloud.read((r) => r.get(port, row.gw_port_id ?? '')));
    const fixed_ips = [{ subnet_id: outsideSubnet.id, ip_address: '203.0.113.88' }];
    await cloud.act(admin, (c) => required(portOperations.update)(c, gateway, { fixed_ips }));
    assert.deepEqual((await reload(cloud, row)).external_gateway_info?.external_fixed_ips, fixed_ips);
  } finally {
    await cloud.close();
  }
});

test('gateways that are refused', async () => {
  const { cloud, outside, outsideSubnet, inside, router: made } = await openSmallCloud();
  try {
    const row = await reload(cloud, made);
    const to = (info: RouterRow['external_gateway_info'], caller = demo) =>
      change(cloud, caller, row, { external_gateway_info: info });
    await refused(
      to({ network_id: inside.id }),
      400,
      'BadRequest',
      `Bad router request: Network ${inside.id} is not an external network.`,
    );
    await refused(to({ network_id: absent }), 404, 'NetworkNotFound', /could not be found/);
    await refused(
      to({ network_id: outside.id, external_fixed_ips: [{ ip_address: '203.0.113.1' }] }, admin),
      400,
      'BadRequest',
      'Bad router request: External IP 203.0.113.1 is the same as the gateway IP.',
    );
    for (const more of [{ enable_snat: false }, { external_fixed_ips: [{ subnet_id: outsideSubnet.id }] }]) {
      const [name] = Object.keys(more);
      const sentence = `rule:update_router:external_gateway_info:${name} is disallowed by policy`;
      await refused(to({ network_id: outside.id, ...more }), 403, 'PolicyNotAuthorized', sentence);
    }
    const overlapping = await cloud.network(admin, { 'router:external': true });
    const on = await cloud.subnet(admin, overlapping.id, '10.0.0.0/16');
    await refused(
      to({ network_id: overlapping.id }),
      400,
      'BadRequest',
      new RegExp(`10.0.0.0/16 of subnet ${on.id} overlaps`),
    );
    assert.equal((await reload(cloud, row)).gw_port_id, row.gw_port_id, 'what was refused changed nothing');
  } finally {
    await cloud.close();
  }
});

test('an interface by subnet has the gateway address; the answer names what it is on', async () => {
  const { cloud, inside, insideSubnet, router: row } = await openSmallCloud();
  try {
    const [held] = await cloud.read((r) =>
      r.find(port, { device_id: row.id, device_owner: 'network:router_interface' }),
    );
    const held_ = required(held);
    assert.deepEqual(held_.fixed_ips, [{ subnet_id: insideSubnet.id, ip_address: '10.0.0.1' }]);
    assert.deepEqual([held_.project_id, held_.network_id], [demo.projectId, inside.id]);
    const answer = await detach(cloud, row, { subnet_id: insideSubnet.id, port_id: held_.id });
    assert.deepEqual(answer, {
      id: row.id,
      tenant_id: demo.projectId,
      project_id: demo.projectId,
      network_id: inside.id,
      port_id: held_.id,
      subnet_id: insideSubnet.id,
      subnet_ids: [insideSubnet.id],
    });
    assert.equal(await cloud.read((r) => r.get(port, held_.id)), undefined);
    assert.deepEqual(
      { ...(await cloud.attach(demo, row, { subnet_id: insideSubnet.id })), port_id: 'new' },
      { ...answer, port_id: 'new' },
    );
  } finally {
    await cloud.close();
  }
});

test('an interface by port takes the port, which is then in use', async () => {
  const { cloud, inside, insideSubnet, router: row, instance, outside } = await openSmallCloud();
  try {
    const second = await cloud.router(demo);
    const fixed_ips = [{ subnet_id: insideSubnet.id, ip_address: '10.0.0.50' }];
    const given = await cloud.port(demo, inside.id, { fixed_ips });
    await cloud.attach(demo, second, { port_id: given.id });
    const taken = await cloud.read((r) => r.get(port, given.id));
    assert.deepEqual([taken?.device_id, taken?.device_owner], [second.id, 'network:router_interface']);
    await refused(
      cloud.attach(demo, row, { port_id: given.id }),
      409,
      'PortInUse',
      `Unable to complete operation on port ${given.id} for network ${inside.id}. Port already has an attached device ${second.id}.`,
    );
    await refused(cloud.attach(demo, row, { port_id: instance.id }), 409, 'PortInUse', /attached device vm\.$/);
    await refused(
      cloud.act(demo, (c) => required(portOperations.remove)(c, required(taken))),
      409,
      'ServicePortInUse',
      /has device owner network:router_interface/,
    );
    const bare = await cloud.port(demo, inside.id, { fixed_ips: [], security_groups: [] });
    await refused(cloud.attach(demo, row, { port_id: bare.id }), 400, 'BadRequest', /at least one fixed IP/);
    // A floating IP of the instance goes by the router that is the subnet's gateway, though the other has one too.
    await change(cloud, demo, second, { external_gateway_info: { network_id: outside.id } });
    const fip = await cloud.floatingIp(demo, outside.id, { port_id: instance.id });
    assert.equal(fip.router_id, row.id);
  } finally {
    await cloud.close();
  }
});

test('interfaces that are refused', async () => {
  const { cloud, inside, insideSubnet, outsideSubnet, router: row } = await openSmallCloud();
  try {
    const add = (body: Record<string, unknown>) => cloud.attach(demo, row, body);
    const bad = (body: Record<string, unknown>, sentence: string | RegExp) =>
      refused(add(body), 400, 'BadRequest', sentence);
    await bad({}, 'Bad router request: Either subnet_id or port_id must be specified.');
    await bad({ subnet_id: absent, port_id: absent }, 'Bad router request: Cannot specify both subnet-id and port-id.');
    await bad({ subnet_id: 'x' }, 'Bad router request: Invalid subnet_id: expected a UUID, found "x".');
    await bad({ subnet: absent }, /found "subnet"/);
    await bad(
      { subnet_id: insideSubnet.id },
      `Bad router request: Router already has a port on subnet ${insideSubnet.id}.`,
    );
    const same = await cloud.subnet(demo, (await cloud.network(demo)).id, '10.0.0.128/25');
    await bad(
      { subnet_id: same.id },
      `Bad router request: Cidr 10.0.0.128/25 of subnet ${same.id} overlaps with cidr 10.0.0.0/24 of subnet ${insideSubnet.id}.`,
    );
    const asOutside = await cloud.subnet(demo, (await cloud.network(demo)).id, '203.0.113.0/25');
    await bad(
      { subnet_id: asOutside.id },
      new RegExp(`overlaps with cidr 203.0.113.0/24 of subnet ${outsideSubnet.id}`),
    );
    const noGateway = await cloud.subnet(demo, (await cloud.network(demo)).id, '10.8.0.0/24', { gateway_ip: null });
    await bad({ subnet_id: noGateway.id }, 'Bad router request: Subnet for router interface must have a gateway IP.');
    await refused(add({ subnet_id: absent }), 404, 'SubnetNotFound', /could not be found/);
    await refused(add({ port_id: absent }), 404, 'PortNotFound', /could not be found/);
    const shared = await cloud.network(admin, { shared: true });
    const foreign = await cloud.subnet(admin, shared.id, '10.9.0.0/24');
    await bad(
      { subnet_id: foreign.id },
      `Bad router request: Cannot add interface to router because subnet ${foreign.id} is not owned by project making the request.`,
    );
    const hidden = await cloud.subnet(other, (await cloud.network(other)).id, '10.10.0.0/24');
    await refused(add({ subnet_id: hidden.id }), 404, 'SubnetNotFound', /could not be found/);
    const second = await cloud.router(demo);
    await refused(
      cloud.attach(demo, second, { subnet_id: insideSubnet.id }),
      409,
      'IpAddressAlreadyAllocated',
      new RegExp(`10.0.0.1 already allocated in subnet ${insideSubnet.id}`),
    );
    const next = await cloud.subnet(demo, inside.id, '10.0.1.0/24');
    const both = [{ subnet_id: insideSubnet.id }, { subnet_id: next.id }];
    const wide = await cloud.port(demo, inside.id, { fixed_ips: both });
    await refused(cloud.attach(demo, second, { port_id: wide.id }), 400, 'BadRequest', /multiple IPv4 subnets/);
  } finally {
    await cloud.close();
  }
});

test('interfaces that cannot be taken away', async () => {
  const { cloud, outside, insideSubnet, instance, router: row } = await openSmallCloud();
  try {
    await refused(
      detach(cloud, row, { port_id: instance.id }),
      404,
      'RouterInterfaceNotFound',
      `Router ${row.id} does not have an interface with id ${instance.id}`,
    );
    const lone = await cloud.subnet(demo, (await cloud.network(demo)).id, '10.8.0.0/24');
    await refused(
      detach(cloud, row, { subnet_id: lone.id }),
      404,
      'RouterInterfaceNotFoundForSubnet',
      `Router ${row.id} has no interface on subnet ${lone.id}`,
    );
    const [held] = await cloud.read((r) =>
      r.find(port, { device_id: row.id, device_owner: 'network:router_interface' }),
    );
    await refused(
      detach(cloud, row, { port_id: held?.id, subnet_id: lone.id }),
      400,
      'SubnetMismatchForPort',
      `Subnet on port ${held?.id} does not match the requested subnet ${lone.id}.`,
    );
    const fip = await cloud.floatingIp(demo, outside.id, { port_id: instance.id });
    for (const body of [{ subnet_id: insideSubnet.id }, { port_id: held?.id }]) {
      await refused(
        detach(cloud, row, body),
        409,
        'RouterInterfaceInUseByFloatingIP',
        /required by one or more floating/,
      );
    }
    await refused(
      change(cloud, demo, await reload(cloud, row), { external_gateway_info: null }),
      409,
      'RouterExternalGatewayInUseByFloatingIp',
      /required by one or more floating IPs/,
    );
    await cloud.act(demo, (c) =>
      c.t.update(floatingip, fip.id, { port_id: null, fixed_ip_address: null, router_id: null }),
    );
    const routes = [{ destination: '192.0.2.0/24', nexthop: '10.0.0.9' }];
    const routed = await change(cloud, demo, await reload(cloud, row), { routes });
    await refused(
      detach(cloud, routed, { subnet_id: insideSubnet.id }),
      409,
      'RouterInterfaceInUseByRoute',
      `Router interface for subnet ${insideSubnet.id} on router ${row.id} cannot be deleted, as it is required by one or more routes.`,
    );
  } finally {
    await cloud.close();
  }
});

test('forwardings hold what they need: the rows “gateway cleared or changed” and “interface removed”', async () => {
  const { cloud, outside, insideSubnet, instance, router: made } = await openSmallCloud();
  try {
    await cloud.forward(demo, await cloud.floatingIp(demo, outside.id), {
      internal_port_id: instance.id,
      internal_ip_address: '10.0.0.5',
      internal_port: 80,
      external_port: 8080,
      protocol: 'tcp',
    });
    const row = await reload(cloud, made);
    const another = await cloud.network(admin, { 'router:external': true });
    await cloud.subnet(admin, another.id, '198.51.100.0/24');
    for (const external_gateway_info of [null, { network_id: another.id }]) {
      await refused(
        change(cloud, demo, row, { external_gateway_info }),
        409,
        'RouterExternalGatewayInUseByFloatingIp',
        `Gateway cannot be updated for router ${row.id}, since a gateway to external network ${outside.id} is required by one or more floating IPs.`,
      );
    }
    await refused(
      detach(cloud, row, { subnet_id: insideSubnet.id }),
      409,
      'RouterInterfaceInUseByFloatingIP',
      `Router interface for subnet ${insideSubnet.id} on router ${row.id} cannot be deleted, as it is required by one or more floating IPs.`,
    );
  } finally {
    await cloud.close();
  }
});

test('routes need a next hop that is connected, also when the gateway goes', async () => {
  const { cloud, router: made } = await openSmallCloud();
  try {
    const row = await reload(cloud, made);
    const to = (nexthop: string) => change(cloud, demo, row, { routes: [{ destination: '192.0.2.0/24', nexthop }] });
    await refused(to('10.5.0.1'), 400, 'InvalidRoutes', /the nexthop is not connected with router$/);
    await refused(to('10.0.0.1'), 400, 'InvalidRoutes', /the nexthop is used by router$/);
    const routed = await to('203.0.113.250');
    await refused(
      change(cloud, demo, routed, { external_gateway_info: null }),
      400,
      'InvalidRoutes',
      /the nexthop is not connected with router$/,
    );
    const cleared = await change(cloud, demo, routed, { external_gateway_info: null, routes: [] });
    assert.deepEqual([cleared.routes, cleared.external_gateway_info], [[], null]);
    const many = Array.from({ length: 31 }, (_, n) => ({ destination: `192.0.${n}.0/24`, nexthop: '10.0.0.9' }));
    await refused(change(cloud, demo, cleared, { routes: many }), 400, 'RoutesExhausted', /exceeds the maximum 30/);
  } finally {
    await cloud.close();
  }
});

test('a router with interfaces stays; one without goes with its gateway, and its quota is free again', async () => {
  const { cloud, insideSubnet, router: made } = await openSmallCloud();
  const used = () => cloud.read((r) => r.first(quotaUsage, { project_id: demo.projectId, resource: 'router' }));
  try {
    const row = await reload(cloud, made);
    const [held] = await cloud.read((r) =>
      r.find(port, { device_id: row.id, device_owner: 'network:router_interface' }),
    );
    await refused(remove(cloud, row), 409, 'RouterInUse', `Router ${row.id} has ports still attached: ${held?.id}`);
    await detach(cloud, row, { subnet_id: insideSubnet.id });
    assert.equal((await used())?.used, 1);
    await remove(cloud, row);
    assert.equal((await used())?.used, 0);
    assert.equal(await cloud.read((r) => r.count(port, { device_id: row.id })), 0);
  } finally {
    await cloud.close();
  }
});

test('a router goes to a host with its first interface, and its ports with it', async () => {
  const cloud = await openCloud();
  try {
    await cloud.host('alpha', '192.0.2.1');
    const on = await cloud.subnet(demo, (await cloud.network(demo)).id, '10.0.0.0/24');
    const row = await cloud.router(demo);
    const bound = () => cloud.read((r) => r.first(routerBinding, { router_id: row.id }));
    assert.equal(await bound(), undefined);
    const added = await cloud.attach(demo, row, { subnet_id: on.id });
    assert.equal((await bound())?.host, 'alpha');
    const held = await cloud.read((r) => r.get(port, added.port_id));
    assert.equal(held?.['binding:host_id'], 'alpha');
  } finally {
    await cloud.close();
  }
});

test('IPv6 prefixes of one network share a port of the router', async () => {
  const cloud = await openCloud();
  try {
    const on = await cloud.network(demo);
    const first = await cloud.subnet(demo, on.id, 'fd00:1::/64');
    const second = await cloud.subnet(demo, on.id, 'fd00:2::/64');
    const row = await cloud.router(demo);
    const one = await cloud.attach(demo, row, { subnet_id: first.id });
    const two = await cloud.attach(demo, row, { subnet_id: second.id });
    assert.equal(two.port_id, one.port_id);
    assert.deepEqual(two.subnet_ids, [second.id]);
    await detach(cloud, row, { subnet_id: first.id });
    const left = await cloud.read((r) => r.get(port, one.port_id));
    assert.deepEqual(left?.fixed_ips, [{ subnet_id: second.id, ip_address: 'fd00:2::1' }]);
  } finally {
    await cloud.close();
  }
});
