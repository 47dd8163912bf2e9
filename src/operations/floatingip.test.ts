import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floatingip, port } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import type { Caller } from './context.ts';
import { floatingipOperations } from './floatingip.ts';
import { portOperations } from './port-operations.ts';
import { admin, type Cloud, demo, openSmallCloud, other, refused, required } from './router-testing.ts';

type FloatingIp = Row<typeof floatingip>;

const change = (cloud: Cloud, row: FloatingIp, changes: Partial<FloatingIp>, caller: Caller = demo) =>
  cloud.act(caller, (c) => required(floatingipOperations.update)(c, row, changes));
const remove = (cloud: Cloud, row: FloatingIp) => cloud.act(demo, (c) => required(floatingipOperations.remove)(c, row));
const compute = (cloud: Cloud, rows: FloatingIp[]) =>
  cloud.read((r) =>
    required(floatingipOperations.compute)({ r, caller: demo, settings: cloud.settings, clock: cloud.clock }, rows),
  );

test('an address is taken by a port of no project, and given back with it', async () => {
  const { cloud, outside, outsideSubnet } = await openSmallCloud();
  try {
    const fip = await cloud.floatingIp(admin, outside.id, {
      subnet_id: outsideSubnet.id,
      floating_ip_address: '203.0.113.99',
      project_id: demo.projectId,
    });
    assert.equal(fip.floating_ip_address, '203.0.113.99');
    assert.deepEqual([fip.status, fip.router_id, fip.port_id, fip.fixed_ip_address], ['DOWN', null, null, null]);
    const held = required(await cloud.read((r) => r.get(port, fip.floating_port_id)));
    assert.deepEqual([held.project_id, held.device_id, held.device_owner], ['', fip.id, 'network:floatingip']);
    await refused(
      cloud.floatingIp(admin, outside.id, { floating_ip_address: '203.0.113.99' }),
      409,
      'IpAddressAlreadyAllocated',
      /203\.0\.113\.99/,
    );
    await refused(
      cloud.act(admin, (c) => required(portOperations.remove)(c, held)),
      409,
      'ServicePortInUse',
      /has device owner network:floatingip/,
    );
    await remove(cloud, fip);
    assert.equal(await cloud.read((r) => r.get(port, held.id)), undefined);
    await cloud.floatingIp(admin, outside.id, { floating_ip_address: '203.0.113.99' });
  } finally {
    await cloud.close();
  }
});

test('networks that no address can be taken from', async () => {
  const { cloud, inside } = await openSmallCloud();
  try {
    await refused(
      cloud.floatingIp(demo, inside.id),
      400,
      'BadRequest',
      `Bad floatingip request: Network ${inside.id} is not a valid external network.`,
    );
    const empty = await cloud.network(admin, { 'router:external': true });
    await refused(
      cloud.floatingIp(demo, empty.id),
      400,
      'BadRequest',
      `Bad floatingip request: Network ${empty.id} does not contain any IPv4 subnet.`,
    );
    const hidden = await cloud.network(other);
    await refused(cloud.floatingIp(demo, hidden.id), 404, 'NetworkNotFound', /could not be found/);
  } finally {
    await cloud.close();
  }
});

test('association: router and address are found, status waits for the host, and it ends with null', async () => {
  const { cloud, outside, router, instance } = await openSmallCloud();
  try {
    const fip = await cloud.floatingIp(demo, outside.id);
    const on = await change(cloud, fip, { port_id: instance.id });
    assert.deepEqual(
      [on.port_id, on.fixed_ip_address, on.router_id, on.status],
      [instance.id, '10.0.0.5', router.id, 'DOWN'],
    );
    await cloud.act(admin, (c) => c.t.update(floatingip, fip.id, { status: 'ACTIVE' }, { quiet: true }));
    const named = await change(cloud, { ...on, status: 'ACTIVE' }, { description: 'web' });
    assert.deepEqual([named.port_id, named.status, named.description], [instance.id, 'ACTIVE', 'web']);
    const again = await change(cloud, named, { port_id: instance.id, fixed_ip_address: '10.0.0.5' });
    assert.equal(again.status, 'ACTIVE', 'what stays as it is needs no wait');
    const off = await change(cloud, again, { port_id: null });
    assert.deepEqual([off.port_id, off.fixed_ip_address, off.router_id, off.status], [null, null, null, 'DOWN']);
  } finally {
    await cloud.close();
  }
});

test('associations that are refused', async () => {
  const { cloud, outside, inside, insideSubnet, instance } = await openSmallCloud();
  try {
    const fip = await cloud.floatingIp(demo, outside.id, { port_id: instance.id });
    const second = await cloud.floatingIp(demo, outside.id);
    await refused(
      change(cloud, second, { port_id: instance.id }),
      409,
      'FloatingIPPortAlreadyAssociated',
      `Cannot associate floating IP ${second.floating_ip_address} (${second.id}) with port ${instance.id} using fixed IP 10.0.0.5, as that fixed IP already has a floating IP on external network ${outside.id}.`,
    );
    await refused(
      change(cloud, second, { fixed_ip_address: '10.0.0.5' }),
      400,
      'BadRequest',
      'Bad floatingip request: fixed_ip_address cannot be specified without a port_id.',
    );
    const two = [
      { subnet_id: insideSubnet.id, ip_address: '10.0.0.20' },
      { subnet_id: insideSubnet.id, ip_address: '10.0.0.21' },
    ];
    const wide = await cloud.port(demo, inside.id, { fixed_ips: two });
    await refused(change(cloud, second, { port_id: wide.id }), 400, 'BadRequest', /has multiple fixed IPv4 addresses/);
    const chosen = await change(cloud, second, { port_id: wide.id, fixed_ip_address: '10.0.0.21' });
    assert.equal(chosen.fixed_ip_address, '10.0.0.21');
    const lone = await cloud.network(demo);
    const loneSubnet = await cloud.subnet(demo, lone.id, '10.9.0.0/24');
    const stray = await cloud.port(demo, lone.id);
    await refused(
      change(cloud, fip, { port_id: stray.id }),
      404,
      'ExternalGatewayForFloatingIPNotFound',
      `External network ${outside.id} is not reachable from subnet ${loneSubnet.id}.  Therefore, cannot associate Port ${stray.id} with a Floating IP.`,
    );
    const hidden = await cloud.port(other, (await cloud.network(other)).id);
    await refused(change(cloud, fip, { port_id: hidden.id }), 404, 'PortNotFound', /could not be found/);
    const foreign = await cloud.port(admin, inside.id, { project_id: other.projectId });
    await refused(
      change(cloud, fip, { port_id: foreign.id }),
      400,
      'BadRequest',
      `Bad floatingip request: Cannot process floating IP association with Port ${foreign.id}, since that port is owned by a different project.`,
    );
  } finally {
    await cloud.close();
  }
});

test('a port that goes frees its floating IP, unless that is of another project', async () => {
  const { cloud, outside, inside, insideSubnet, instance } = await openSmallCloud();
  try {
    const fip = await cloud.floatingIp(demo, outside.id, { port_id: instance.id });
    const elsewhere = { subnet_id: insideSubnet.id, ip_address: '10.0.0.44' };
    await refused(
      cloud.act(demo, (c) => required(portOperations.update)(c, instance, { fixed_ips: [elsewhere] })),
      400,
      'BadRequest',
      `Bad port request: Cannot update the fixed_ips of the port ${instance.id}, because its original fixed_ip has been associated to a floating ip.`,
    );
    await cloud.act(demo, (c) => required(portOperations.remove)(c, instance));
    const freed = await cloud.read((r) => r.get(floatingip, fip.id));
    assert.deepEqual([freed?.port_id, freed?.router_id, freed?.status], [null, null, 'DOWN']);
    const mine = await cloud.port(demo, inside.id);
    await cloud.floatingIp(admin, outside.id, { port_id: mine.id, project_id: admin.projectId });
    await refused(
      cloud.act(demo, (c) => required(portOperations.remove)(c, mine)),
      409,
      'FipAssociated',
      `Unable to complete the operation on port ${mine.id} because the port still has an associated floating IP.`,
    );
  } finally {
    await cloud.close();
  }
});

test('floating IPs show their port and their forwardings', async () => {
  const { cloud, outside, inside, insideSubnet, instance } = await openSmallCloud();
  try {
    const fip = await cloud.floatingIp(demo, outside.id, { port_id: instance.id });
    const fixed_ips = [{ subnet_id: insideSubnet.id, ip_address: '10.0.0.6' }];
    const second = await cloud.port(demo, inside.id, { fixed_ips });
    const free = await cloud.floatingIp(demo, outside.id);
    const forwarding = await cloud.forward(demo, free, {
      internal_port_id: second.id,
      internal_ip_address: '10.0.0.6',
      internal_port_range: '80:89',
      external_port_range: '8080:8089',
      protocol: 'tcp',
    });
    const [whole, single] = await compute(cloud, [fip, free]);
    assert.deepEqual(whole?.port_details, {
      name: '',
      network_id: inside.id,
      mac_address: instance.mac_address,
      admin_state_up: true,
      status: 'DOWN',
      device_id: 'vm',
      device_owner: 'compute:nova',
    });
    assert.deepEqual(whole?.port_forwardings, []);
    assert.equal(single?.port_details, null);
    assert.deepEqual(single?.port_forwardings, [
      {
        id: forwarding.id,
        protocol: 'tcp',
        internal_port_id: second.id,
        internal_ip_address: '10.0.0.6',
        internal_port: null,
        internal_port_range: '80:89',
        external_port: null,
        external_port_range: '8080:8089',
      },
    ]);
  } finally {
    await cloud.close();
  }
});
