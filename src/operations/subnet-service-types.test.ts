import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { port, type subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { updatePort } from './port.ts';
import { admin, type Cloud, demo, openCloud, refused, required } from './router-testing.ts';
import { subnetOperations } from './subnet.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

type SubnetRow = Row<typeof subnet>;
const subnetsOf = (row: Row<typeof port>) => row.fixed_ips.map((fixedIp) => fixedIp.subnet_id);
const portFor = (networkId: string, device_owner: string, more = {}) =>
  cloud.port(admin, networkId, { device_owner, ...more });

async function openNetwork(): Promise<{ id: string; plain: SubnetRow; nova: SubnetRow; gateway: SubnetRow }> {
  const { id } = await cloud.network(demo);
  const made = (cidr: string, ...service_types: string[]) => cloud.subnet(admin, id, cidr, { service_types });
  const plain = await made('10.0.0.0/24');
  const nova = await made('10.0.1.0/24', 'compute:nova', 'compute:zone');
  return { id, plain, nova, gateway: await made('10.0.2.0/24', 'network:router_gateway') };
}

test('ports take their address where their owner is named, then where none is', async () => {
  const { id, plain, nova, gateway } = await openNetwork();
  assert.deepEqual(subnetsOf(await portFor(id, 'compute:nova')), [nova.id]);
  assert.deepEqual(subnetsOf(await portFor(id, 'compute:zone')), [nova.id]);
  assert.deepEqual(subnetsOf(await portFor(id, 'network:router_gateway')), [gateway.id]);
  for (const owner of ['', 'compute:other']) assert.deepEqual(subnetsOf(await portFor(id, owner)), [plain.id]);
});

test('a subnet for others is no subnet for a request that names it', async () => {
  const { id, nova, gateway } = await openNetwork();
  const asked = { fixed_ips: [{ subnet_id: gateway.id }] };
  await refused(portFor(id, 'compute:nova', asked), 400, 'InvalidInput', /fixed_ips included invalid subnet/);
  const byAddress = { fixed_ips: [{ ip_address: '10.0.2.9' }] };
  await refused(portFor(id, 'compute:nova', byAddress), 400, 'InvalidIpForNetwork', /10.0.2.9/);
  const row = await portFor(id, 'compute:nova');
  await refused(
    cloud.act(admin, (c) => updatePort(c, row, asked)),
    400,
    'InvalidInput',
    /fixed_ips included invalid subnet/,
  );
  const more = [{ subnet_id: nova.id }, { subnet_id: nova.id }];
  const after = await cloud.act(admin, (c) => updatePort(c, row, { fixed_ips: more }));
  assert.deepEqual(subnetsOf(after), [nova.id, nova.id]);
});

test('where every subnet is for others, a port is refused by name', async () => {
  const { id } = await cloud.network(demo);
  await cloud.subnet(admin, id, '10.0.0.0/24', { service_types: ['compute:nova'] });
  await refused(
    portFor(id, 'compute:other'),
    409,
    'IpAddressGenerationFailureNoMatchingSubnet',
    `No valid service subnet for the given device owner, network ${id}, service type compute:other.`,
  );
});

test('DHCP has an address wherever it serves', async () => {
  await cloud.host('alpha');
  const { id } = await cloud.network(demo);
  const row = await cloud.subnet(admin, id, '10.0.0.0/24', { service_types: ['compute:nova'], enable_dhcp: true });
  const made = await cloud.read((r) => r.first(port, { network_id: id }));
  assert.deepEqual(made && subnetsOf(made), [row.id]);
});

test('service types are device owners', async () => {
  const { id } = await cloud.network(demo);
  const wrong = [400, 'InvalidSubnetServiceType', /Subnet service type nova does not correspond/] as const;
  await refused(cloud.subnet(admin, id, '10.0.0.0/24', { service_types: ['nova'] }), ...wrong);
  const row = await cloud.subnet(admin, id, '10.0.0.0/24');
  const update = (service_types: string[]) =>
    cloud.act(admin, (c) => required(subnetOperations.update)(c, row, { service_types }));
  await refused(update(['nova']), ...wrong);
  assert.deepEqual((await update(['compute:nova'])).service_types, ['compute:nova']);
});
