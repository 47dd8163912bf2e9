import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deviceSuffix } from '../../src/model/host-objects.ts';
import { agentLog, eventually, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

describe('a step that fails on the host', { skip, timeout: 120_000 }, () => {
  let c: SmallCloud;

  before(async () => {
    c = await startSmallCloud();
  });
  after(() => c?.close());

  test('shows in the status, in the agent and in its log; the rest goes on; it heals when the cause is gone', async () => {
    const [host] = c.cloud.hosts;
    if (!host) throw new Error('no host');
    const broken = await c.api.networks.create({ name: 'broken' });
    // Somebody else's device has the name of the bridge that the network needs.
    const bridge = `brq${deviceSuffix(broken.id)}`;
    await host.run(['ip', 'link', 'add', bridge, 'type', 'veth', 'peer', 'name', 'squatter']);
    await c.api.subnets.create({ network_id: broken.id, ip_version: 4, cidr: '10.200.0.0/24' });

    const dhcpPort = await eventually('the port of the DHCP service is in ERROR', async () => {
      const [port] = await c.api.ports.list({ network_id: broken.id, device_owner: 'network:dhcp' });
      return port?.status === 'ERROR' && port;
    });
    assert.match(await agentLog(c.cloud, 0), new RegExp(bridge));
    const agents = await c.api.agents.list({ host: host.name });
    const failures = JSON.stringify(agents.map((agent) => agent.configurations));
    assert.match(failures, new RegExp(broken.id));
    assert.match(failures, /ip|brq/);

    const well = await c.boot('well');
    assert.equal(well.lease.mtu, 1450);
    await eventually('the router works', async () => (await c.api.routers.show(c.router.id)).status === 'ACTIVE');

    await host.run(['ip', 'link', 'del', bridge]);
    await eventually('it heals', async () => (await c.api.ports.show(dhcpPort.id)).status === 'ACTIVE', 70);
  });
});
