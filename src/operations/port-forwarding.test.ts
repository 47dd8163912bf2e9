import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { floatingip, port, portForwarding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { floatingipOperations } from './floatingip.ts';
import { portForwardingOperations } from './port-forwarding.ts';
import { portOperations } from './port-operations.ts';
import { admin, demo, type ForwardingDraft, openSmallCloud, refused, required } from './router-testing.ts';

type Small = Awaited<ReturnType<typeof openSmallCloud>>;
type FloatingIp = Row<typeof floatingip>;
type Forwarding = Row<typeof portForwarding>;

let small: Small;
before(async () => {
  small = await openSmallCloud();
});
after(() => small.cloud.close());

const aFloatingIp = (draft = {}) => small.cloud.floatingIp(demo, small.outside.id, draft);

async function anInstance(ip: string) {
  const fixed_ips = [{ subnet_id: small.insideSubnet.id, ip_address: ip }];
  return small.cloud.port(demo, small.inside.id, { fixed_ips, device_owner: 'compute:nova' });
}

function body(changes: Partial<ForwardingDraft> = {}): ForwardingDraft {
  return {
    internal_port_id: small.instance.id,
    internal_ip_address: '10.0.0.5',
    internal_port: 8080,
    external_port: 9000,
    protocol: 'tcp',
    ...changes,
  };
}

const reload = (fip: FloatingIp) => small.cloud.read((r) => r.get(floatingip, fip.id));
const change = (row: Forwarding, changes: Partial<Forwarding>) =>
  small.cloud.act(demo, (c) => required(portForwardingOperations.update)(c, row, changes));
const remove = (row: Forwarding) => small.cloud.act(demo, (c) => required(portForwardingOperations.remove)(c, row));
const changeFip = (row: FloatingIp, changes: Partial<FloatingIp>) =>
  small.cloud.act(demo, (c) => required(floatingipOperations.update)(c, row, changes));
const removeFip = (row: FloatingIp) => small.cloud.act(demo, (c) => required(floatingipOperations.remove)(c, row));

/** Takes everything away that leads to the instance, so that each test starts from nothing. */
async function clear(...fips: FloatingIp[]) {
  for (const row of await small.cloud.read((r) => r.find(portForwarding))) await remove(row);
  for (const fip of fips) {
    const now = await reload(fip);
    if (now) await removeFip(now);
  }
}

test('life cycle: the first forwarding puts the floating IP on the router, the last takes it off', async () => {
  const { cloud, router } = small;
  const fip = await aFloatingIp();
  assert.deepEqual([fip.router_id, fip.status, fip.port_id], [null, 'DOWN', null]);
  const first = await cloud.forward(demo, fip, body());
  const second = await cloud.forward(demo, fip, body({ external_port: 9001, internal_port: 8081 }));
  const on = await reload(fip);
  assert.deepEqual([on?.router_id, on?.port_id, on?.fixed_ip_address], [router.id, null, null]);
  assert.ok(on && on.revision_number > fip.revision_number);
  await cloud.act(admin, (c) => c.t.update(floatingip, fip.id, { status: 'ACTIVE' }, { quiet: true }));
  await remove(first);
  const still = await reload(fip);
  assert.deepEqual([still?.router_id, still?.status], [router.id, 'ACTIVE']);
  await remove(second);
  const off = await reload(fip);
  assert.deepEqual([off?.router_id, off?.status], [null, 'DOWN']);
  await clear(fip);
});

test('a forwarding shows single ports as N:N too, and ranges as ranges', async () => {
  const fip = await aFloatingIp();
  const single = await small.cloud.forward(demo, fip, body());
  assert.deepEqual(
    [single.external_port, single.external_port_range, single.internal_port, single.internal_port_range],
    [9000, '9000:9000', 8080, '8080:8080'],
  );
  const range = body({ external_port: undefined, internal_port: undefined });
  const nToN = { ...range, external_port_range: '100:109', internal_port_range: '200:209' };
  const wide = await small.cloud.forward(demo, fip, nToN);
  assert.deepEqual([wide.external_port, wide.external_port_range], [null, '100:109']);
  assert.deepEqual([wide.internal_port, wide.internal_port_range], [null, '200:209']);
  const nTo1 = { ...range, external_port_range: '110:119', internal_port_range: '300:300' };
  const narrow = await small.cloud.forward(demo, fip, nTo1);
  assert.deepEqual([narrow.external_port, narrow.internal_port, narrow.internal_port_range], [null, 300, '300:300']);
  await clear(fip);
});

test('row: FIP missing', async () => {
  const gone = { ...(await aFloatingIp()), id: '00000000-0000-4000-8000-000000000000' };
  await refused(
    small.cloud.forward(demo, gone, body()),
    404,
    'FloatingIPNotFound',
    `Floating IP ${gone.id} could not be found`,
  );
});

test('row: PF missing: the fault that the operations name', () => {
  const fault = portForwardingOperations.notFound('x');
  assert.equal(`${fault.status} ${fault.type}`, '404 PortForwardingNotFound');
  assert.equal(fault.message, 'Port Forwarding x could not be found.');
});

test('row: FIP already has a fixed port', async () => {
  const fip = await aFloatingIp({ port_id: small.instance.id });
  const second = await anInstance('10.0.0.6');
  await refused(
    small.cloud.forward(demo, fip, body({ internal_port_id: second.id, internal_ip_address: '10.0.0.6' })),
    409,
    'FloatingIPPortAlreadyAssociated',
    `Cannot associate floating IP ${fip.floating_ip_address} (${fip.id}) with port ${second.id} using fixed IP 10.0.0.6, as that fixed IP already has a floating IP on external network ${small.outside.id}.`,
  );
  await clear(fip);
});

test("row: internal port('s fixed IP) already has a FIP, on create and on update", async () => {
  const bound = await aFloatingIp({ port_id: small.instance.id });
  const fip = await aFloatingIp();
  const sentence = `Cannot create port forwarding to floating IP ${bound.floating_ip_address} (${bound.id}) with port ${small.instance.id} using fixed IP 10.0.0.5, as that port already has a binding floating IP.`;
  await refused(small.cloud.forward(demo, fip, body()), 409, 'PortHasBindingFloatingIP', sentence);
  const second = await anInstance('10.0.0.7');
  const row = await small.cloud.forward(
    demo,
    fip,
    body({ internal_port_id: second.id, internal_ip_address: '10.0.0.7' }),
  );
  const moved = { internal_port_id: small.instance.id, internal_ip_address: '10.0.0.5' };
  await refused(change(row, moved), 409, 'PortHasBindingFloatingIP', sentence);
  await clear(bound, fip);
});

test('row: internal port has no IPv4 / address not on port / IPv6', async () => {
  const { cloud, inside, instance } = small;
  const fip = await aFloatingIp();
  const bare = await cloud.port(demo, inside.id, { fixed_ips: [], security_groups: [] });
  await refused(
    cloud.forward(demo, fip, body({ internal_port_id: bare.id })),
    400,
    'BadRequest',
    `Bad port_forwarding request: Requested internal port ${bare.id} must allocate an IPv4 address at least.`,
  );
  for (const ip of ['10.0.0.99', 'fd00::5']) {
    await refused(
      cloud.forward(demo, fip, body({ internal_ip_address: ip })),
      400,
      'BadRequest',
      `Bad port_forwarding request: Requested internal IP address ${ip} is not suitable for internal neutron port ${instance.id}, as its fixed_ips are [{'subnet_id': '${small.insideSubnet.id}', 'ip_address': '10.0.0.5'}].`,
    );
  }
  await clear(fip);
});

test("row: no router with an interface on the internal subnet and a gateway on the FIP's network", async () => {
  const { cloud } = small;
  const fip = await aFloatingIp();
  const lone = await cloud.network(demo);
  const loneSubnet = await cloud.subnet(demo, lone.id, '10.9.0.0/24');
  const row = await cloud.port(demo, lone.id);
  const ip = row.fixed_ips[0]?.ip_address ?? '';
  await refused(
    cloud.forward(demo, fip, body({ internal_port_id: row.id, internal_ip_address: ip })),
    400,
    'BadRequest',
    `Bad port_forwarding request: External network ${small.outside.id} is not reachable from subnet ${loneSubnet.id}. Cannot set Port forwarding for port ${row.id} with Floating IP ${fip.id}.`,
  );
  await clear(fip);
});

test('row: FIP already bound to router A, port needs router B', async () => {
  const { cloud, outside, router } = small;
  const fip = await aFloatingIp();
  await cloud.forward(demo, fip, body());
  const second = await cloud.network(demo);
  const secondSubnet = await cloud.subnet(demo, second.id, '10.7.0.0/24');
  const routerB = await cloud.router(demo, { external_gateway_info: { network_id: outside.id } });
  await cloud.attach(demo, routerB, { subnet_id: secondSubnet.id });
  const row = await cloud.port(demo, second.id);
  const there = { internal_port_id: row.id, internal_ip_address: row.fixed_ips[0]?.ip_address, external_port: 9001 };
  const sentence = `Bad port_forwarding request: The Floating IP ${fip.id} had been set on router ${router.id}, the internal Neutron port ${row.id} can not reach it.`;
  await refused(cloud.forward(demo, fip, body(there)), 400, 'BadRequest', sentence);
  const [existing] = await cloud.read((r) => r.find(portForwarding, { floatingip_id: fip.id }));
  assert.ok(existing);
  await refused(change(existing, { internal_port_id: row.id }), 400, 'BadRequest', sentence);
  await clear(fip);
});

test('row: range relation other than N to N or external N to internal 1', async () => {
  const fip = await aFloatingIp();
  const range = body({ external_port: undefined, internal_port: undefined });
  const sentence =
    'Bad port_forwarding request: Invalid ranges of internal and/or external ports. The relation between internal and external ports must be N-N or 1-N.';
  for (const [external_port_range, internal_port_range] of [
    ['100:109', '200:208'],
    ['100:100', '200:209'],
    ['100:101', '200:209'],
  ]) {
    const draft = { ...range, external_port_range, internal_port_range };
    await refused(small.cloud.forward(demo, fip, draft), 400, 'BadRequest', sentence);
  }
  const row = await small.cloud.forward(demo, fip, body());
  await refused(change(row, { internal_port_range: '80:90' }), 400, 'BadRequest', sentence);
  await clear(fip);
});

test('row: range limits: neither side may be left out (limits themselves are the attribute validator’s)', async () => {
  const fip = await aFloatingIp();
  for (const side of ['external', 'internal']) {
    await refused(
      small.cloud.forward(demo, fip, body({ [`${side}_port`]: undefined })),
      400,
      'BadRequest',
      `Bad port_forwarding request: Either ${side}_port or ${side}_port_range must be given.`,
    );
  }
  const { type } = portForwarding.fields.external_port_range;
  for (const text of ['0:5', '5:65536', '9:8', '1:2:3', 'x', '']) assert.equal(typeof type.parse(text), 'object', text);
  await clear(fip);
});

test('row: external overlap, same FIP + protocol', async () => {
  const fip = await aFloatingIp();
  const range = body({ external_port: undefined, external_port_range: '100:109' });
  await small.cloud.forward(demo, fip, range);
  for (const wanted of ['105:105', '90:100', '109:120', '90:120']) {
    const draft = { ...range, external_port_range: wanted, internal_port: 7000 };
    await refused(
      small.cloud.forward(demo, fip, draft),
      400,
      'BadRequest',
      `Bad port_forwarding request: There is a port collision with the external_port_range. The following ranges collide: 100:109 and ${wanted}.`,
    );
  }
  // Another protocol, another floating IP and the neighbours are free.
  await small.cloud.forward(demo, fip, { ...range, protocol: 'udp' });
  await small.cloud.forward(demo, fip, { ...range, external_port_range: '110:119', internal_port: 7001 });
  const second = await aFloatingIp();
  await small.cloud.forward(demo, second, { ...range, internal_port: 7002 });
  await clear(fip, second);
});

test('row: internal overlap, same port + protocol + internal IP, from any floating IP', async () => {
  const [fip, second] = [await aFloatingIp(), await aFloatingIp()];
  const range = body({
    external_port: undefined,
    internal_port: undefined,
    external_port_range: '100:109',
    internal_port_range: '200:209',
  });
  await small.cloud.forward(demo, fip, range);
  for (const from of [fip, second]) {
    const draft = { ...range, external_port_range: '300:309', internal_port_range: '209:218' };
    await refused(
      small.cloud.forward(demo, from, draft),
      400,
      'BadRequest',
      'Bad port_forwarding request: There is a port collision with the internal_port_range. The following ranges collide: 200:209 and 209:218.',
    );
  }
  await clear(fip, second);
});

test('row: exact duplicate names the conflicting values', async () => {
  const [fip, second] = [await aFloatingIp(), await aFloatingIp()];
  await small.cloud.forward(demo, fip, body());
  const duplicate =
    'Bad port_forwarding request: A duplicate port forwarding entry with same attributes already exists, conflicting values are';
  await refused(
    small.cloud.forward(demo, fip, body({ internal_port: 8081 })),
    400,
    'BadRequest',
    `${duplicate} {'floatingip_id': '${fip.id}', 'external_port': 9000, 'protocol': 'tcp'}.`,
  );
  await refused(
    small.cloud.forward(demo, second, body()),
    400,
    'BadRequest',
    `${duplicate} {'internal_port_id': '${small.instance.id}', 'internal_ip_address': '10.0.0.5', 'internal_port': 8080, 'protocol': 'tcp'}.`,
  );
  await clear(fip, second);
});

test('row: PUT conflicts with another PF', async () => {
  const fip = await aFloatingIp();
  await small.cloud.forward(demo, fip, body());
  const row = await small.cloud.forward(demo, fip, body({ external_port: 9001, internal_port: 8081 }));
  const sentence =
    'Bad port_forwarding request: Another port forwarding entry with the same attributes already exists, conflicting values are';
  await refused(
    change(row, { external_port: 9000 }),
    400,
    'BadRequest',
    `${sentence} {'floating_ip_address': '${fip.floating_ip_address}', 'external_port': 9000}.`,
  );
  await refused(
    change(row, { internal_port: 8080 }),
    400,
    'BadRequest',
    `${sentence} {'internal_port_id': '${small.instance.id}', 'internal_ip_address': '10.0.0.5', 'internal_port': 8080}.`,
  );
  await refused(
    change(row, { external_port_range: '8990:9000', internal_port: 8081 }),
    400,
    'BadRequest',
    /port collision with the external_port_range\. The following ranges collide: 9000:9000 and 8990:9000/,
  );
  await refused(change(row, { internal_ip_address: '10.0.0.77' }), 400, 'BadRequest', /10\.0\.0\.77 is not suitable/);
  const same = await change(row, { external_port: 9001, internal_port: 8081 });
  assert.equal(same.external_port, 9001);
  await clear(fip);
});

test('PUT merges, and another port means its first IPv4 address', async () => {
  const fip = await aFloatingIp();
  const row = await small.cloud.forward(demo, fip, body());
  const wide = await change(row, { external_port_range: '100:109', internal_port_range: '200:209', protocol: 'udp' });
  assert.deepEqual([wide.external_port, wide.external_port_range, wide.protocol], [null, '100:109', 'udp']);
  assert.equal(wide.internal_ip_address, '10.0.0.5');
  const second = await anInstance('10.0.0.8');
  const moved = await change(wide, { internal_port_id: second.id });
  assert.deepEqual([moved.internal_ip_address, moved.internal_port_range], ['10.0.0.8', '200:209']);
  const named = await change(moved, { description: 'web' });
  assert.deepEqual([named.description, named.external_port_range], ['web', '100:109']);
  await clear(fip);
});

test('row: FIP PUT with non-null port_id while it has PFs; null is accepted and keeps router_id', async () => {
  const { cloud, router } = small;
  const fip = await aFloatingIp();
  const second = await anInstance('10.0.0.9');
  await cloud.forward(demo, fip, body());
  const now = required(await reload(fip));
  await refused(
    changeFip(now, { port_id: second.id }),
    409,
    'FipInUseByPortForwarding',
    `Floating IP ${fip.id} in use by Port Forwarding resources.`,
  );
  const kept = await changeFip(now, { port_id: null });
  assert.deepEqual([kept.router_id, kept.port_id], [router.id, null]);
  await clear(fip);
});

test('row: FIP DELETE while it has PFs', async () => {
  const fip = await aFloatingIp();
  await small.cloud.forward(demo, fip, body());
  await refused(removeFip(required(await reload(fip))), 409, 'FipInUseByPortForwarding', /in use by Port Forwarding/);
  await clear(fip);
});

test('row: FIP associated to a port that has PFs: allowed, for no router is distributed', async () => {
  const [fip, second] = [await aFloatingIp(), await aFloatingIp()];
  await small.cloud.forward(demo, fip, body());
  const associated = await changeFip(second, { port_id: small.instance.id });
  assert.equal(associated.fixed_ip_address, '10.0.0.5');
  await clear(fip, second);
});

test('a port that is deleted takes its forwardings along; an address that it loses takes those to it', async () => {
  const { cloud, insideSubnet } = small;
  const fip = await aFloatingIp();
  const two = [
    { subnet_id: insideSubnet.id, ip_address: '10.0.0.20' },
    { subnet_id: insideSubnet.id, ip_address: '10.0.0.21' },
  ];
  const row = await cloud.port(demo, small.inside.id, { fixed_ips: two });
  const to = (ip: string, external_port: number) =>
    cloud.forward(demo, fip, body({ internal_port_id: row.id, internal_ip_address: ip, external_port }));
  await to('10.0.0.20', 1000);
  const staying = await to('10.0.0.21', 1001);
  await cloud.act(demo, (c) => required(portOperations.update)(c, row, { fixed_ips: two.slice(1) }));
  const left = await cloud.read((r) => r.find(portForwarding, { floatingip_id: fip.id }));
  assert.deepEqual(
    left.map((one) => one.id),
    [staying.id],
  );
  assert.equal((await reload(fip))?.router_id, small.router.id);
  const now = required(await cloud.read((r) => r.get(port, row.id)));
  await cloud.act(demo, (c) => required(portOperations.remove)(c, now));
  assert.equal(await cloud.read((r) => r.count(portForwarding, { floatingip_id: fip.id })), 0);
  const freed = await reload(fip);
  assert.deepEqual([freed?.router_id, freed?.status], [null, 'DOWN']);
  await clear(fip);
});
