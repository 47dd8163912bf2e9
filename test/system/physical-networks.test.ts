import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type PhysicalCloud, startPhysicalCloud } from './support/physical-cloud.ts';
import { eventually, skip } from './support/small-cloud.ts';

describe('networks on physical networks', { skip, timeout: 120_000 }, () => {
  let c: PhysicalCloud;
  before(async () => {
    c = await startPhysicalCloud();
  });
  after(() => c?.close());

  test('flat by an interface: it is a port of the network’s bridge as long as the network is here', async () => {
    const two = await c.twoInstances('plain', { type: 'flat', physical: 'plain' });
    await eventually('packets of full size pass', async () => (await c.ping(two, 1500)).code === 0);
    assert.match(await c.links(0), /phys1@\S+ .* master brq/);
    await two.remove();
    await eventually('the interface is free again', async () => !/phys1@\S+ .* master/.test(await c.links(0)));
    assert.match(await c.links(0), /phys1@\S+ <[^>]*UP/);
  });

  test('an interface that has addresses stays out of the bridge, and the agent says what to do', async () => {
    await c.first.run(['ip', 'address', 'add', '198.51.100.7/24', 'dev', 'phys2']);
    const busy = { 'provider:network_type': 'flat', 'provider:physical_network': 'busy' } as const;
    const network = await c.api.networks.create({ name: 'busy', ...busy });
    const binding = { 'binding:host_id': 'host1', device_owner: 'compute:nova', device_id: 'busy' };
    const port = await c.api.ports.create({ network_id: network.id, ...binding });
    const told = await eventually('the failure is in the agent’s configurations', async () => {
      const [agent] = await c.api.agents.list({ host: 'host1', agent_type: 'Linux bridge agent' });
      const text = JSON.stringify(agent?.configurations.failures ?? {});
      return text.includes('phys2') && text;
    });
    assert.match(told, /198\.51\.100\.7\/24.*neutrino nic adopt phys2/);
    assert.doesNotMatch(await c.links(0), /phys2@\S+ .* master/);
    await c.api.ports.remove(port.id);
    await c.api.networks.remove(network.id);
  });
});
