/** A trunk on a host with Linux bridges. Run here or in a guest, as trunk-linuxbridge.test.ts decides. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LabHost, patient } from '../../../src/lab/host.ts';
import { dhcp, plugInstance } from '../../../src/lab/instance.ts';
import { startPing } from '../../../src/lab/ping.ts';
import { deviceSuffix } from '../../../src/model/host-objects.ts';
import { type port, trunk } from '../../../src/model/index.ts';
import type { Row } from '../../../src/model/language.ts';
import { hostText, textDifference } from './host-text.ts';
import { agentLog, eventually, type SmallCloud, skip, startSmallCloud } from './small-cloud.ts';

type PortRow = Row<typeof port>;
const addressOf = (row: PortRow) => row.fixed_ips[0]?.ip_address ?? '';
const vlan = (sub: PortRow, id: number) => ({ port_id: sub.id, segmentation_type: 'vlan', segmentation_id: id });

describe('a trunk on a host with Linux bridges', { skip, timeout: patient(240_000) }, () => {
  let c: SmallCloud;
  let host: LabHost;
  before(async () => {
    c = await startSmallCloud();
    host = c.cloud.hosts[0] as LabHost;
  });
  after(() => c?.close());

  const settled = async () => {
    const dir = ['--state-dir', c.cloud.agentDir(0)];
    await c.cloud.neutrino(0, ['agent', 'sync', ...dir]);
    const { stdout } = await c.cloud.neutrino(0, ['agent', 'plan', ...dir]);
    assert.match(stdout, /^Nothing/, `${stdout}${await agentLog(c.cloud, 0)}`);
  };
  const answers = async (netns: string, target: string) =>
    (await host.run(['ping', '-c', '1', '-W', '2', target], { netns, mayFail: true })).code === 0;

  /** A VLAN device inside the instance, in a namespace of its own. */
  async function tagged(netns: string, mac: string, tag: number): Promise<void> {
    await host.run(['ip', 'netns', 'add', netns]);
    const make = `link add link eth0 name v${tag} address ${mac} type vlan id ${tag}\nlink set v${tag} netns ${netns} name eth0\n`;
    await host.run(['ip', '-n', 'vm', '-batch', '-'], { input: make });
    await host.run(['ip', '-n', netns, 'link', 'set', 'eth0', 'up']);
  }

  test('each port has its own network, address and guards; what goes leaves nothing', async () => {
    const other = await c.api.networks.create({ name: 'other' });
    await c.api.subnets.create({ network_id: other.id, ip_version: 4, cidr: '10.200.0.0/24' });
    const beside = await c.boot('beside', { draft: { network_id: other.id } });
    const near = await c.boot('near');
    await settled();
    const bare = await hostText(host, c.cloud.agentDir(0));
    const create = (network_id: string) => c.api.ports.create({ network_id, security_groups: [c.open.id] });
    const [parent, sub, second] = [await create(c.inside.id), await create(other.id), await create(other.id)];
    const trunks = c.api.of(trunk);
    const made = await trunks.create({ port_id: parent.id, sub_ports: [vlan(sub, 101)] });
    const becomes = (status: string) =>
      eventually(`the trunk is ${status}`, async () => (await trunks.show(made.id)).status === status);
    await c.api.ports.update(parent.id, {
      'binding:host_id': host.name,
      device_owner: 'compute:nova',
      device_id: 'vm',
    });
    await plugInstance(host, 'vm', parent, { mtu: c.inside.mtu });
    await tagged('tagged', sub.mac_address, 101);
    await becomes('ACTIVE');
    assert.equal((await dhcp(host, 'vm', 15))?.ip, addressOf(parent));
    assert.equal((await dhcp(host, 'tagged', 15))?.ip, addressOf(sub));
    assert.ok(await answers('vm', near.lease.ip), 'the parent reaches its network');
    assert.ok(await answers('tagged', beside.lease.ip), 'the subport reaches its network');
    assert.ok(await answers('beside', addressOf(sub)), 'its group lets pings in');
    await settled();

    await host.run(['ip', 'address', 'add', '10.200.0.250/24', 'dev', 'eth0'], { netns: 'tagged' });
    const stolen = ['ping', '-c', '1', '-W', '1', '-I', '10.200.0.250', beside.lease.ip];
    assert.notEqual((await host.run(stolen, { netns: 'tagged', mayFail: true })).code, 0, 'it sent in a stolen name');
    await host.run(['ip', 'address', 'del', '10.200.0.250/24', 'dev', 'eth0'], { netns: 'tagged' });

    const pings = [startPing(host, 'vm', near.lease.ip), startPing(host, 'tagged', beside.lease.ip)];
    await trunks.action(made.id, 'add_subports', { sub_ports: [vlan(second, 102)] });
    await tagged('second', second.mac_address, 102);
    await becomes('ACTIVE');
    assert.equal((await dhcp(host, 'second', 15))?.ip, addressOf(second));
    await trunks.action(made.id, 'remove_subports', { sub_ports: [{ port_id: second.id }] });
    const device = `tap${deviceSuffix(second.id)}`;
    const isGone = async () => !(await host.run(['ip', '-br', 'link'])).stdout.includes(device);
    await eventually('its device is gone', isGone);
    for (const ping of pings) assert.equal((await ping.stop()).lost, 0, 'packets of the others were lost');
    await settled();

    // Unlike with Open vSwitch, a trunk may go while its parent port is bound.
    await trunks.remove(made.id);
    await eventually('the subport is on no host', async () => (await c.api.ports.show(sub.id)).status === 'DOWN');
    assert.ok(await answers('vm', near.lease.ip), 'the parent is a port like any other');
    for (const row of [parent, sub, second]) await c.api.ports.remove(row.id);
    for (const netns of ['vm', 'tagged', 'second']) await host.run(['ip', 'netns', 'del', netns]);
    let now = '';
    await eventually('the host is as before', async () => {
      now = await hostText(host, c.cloud.agentDir(0));
      return now === bare;
    }).catch(() => assert.fail(`the host is not as before\n${textDifference(bare, now)}`));
    await settled();
  });
});
