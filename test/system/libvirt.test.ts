import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LabHost } from '../../src/lab/host.ts';
import { emptyDomain, noLibvirt, startLibvirtd, virshWith } from './support/libvirtd.ts';
import { eventually, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

describe('neutrino port attach --libvirt', { skip: skip || noLibvirt, timeout: 240_000 }, () => {
  let c: SmallCloud;
  let host: LabHost;

  before(async () => {
    c = await startSmallCloud();
    host = c.cloud.hosts[0] as LabHost;
    await startLibvirtd(host);
    await virshWith(host, 'define', emptyDomain('vm1'));
  });
  after(() => c?.close());

  const neutrino = async (...args: string[]) => {
    const { code, stdout, stderr } = await c.cloud.neutrino(0, [...args, '--state-dir', c.cloud.agentDir(0)]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const interfaces = async (...args: string[]) => (await host.run(['virsh', 'domiflist', 'vm1', ...args])).stdout;
  const createPort = (name: string) => c.api.ports.create({ name, network_id: c.inside.id });

  test('a running domain gets the interface, the agent wires it, and it goes again', async () => {
    await host.run(['virsh', 'start', 'vm1'], { timeoutMs: 60_000 });
    const port = await createPort('web');
    const told = await neutrino('port', 'attach', 'web', '--libvirt', 'vm1', '--wait', '30');
    assert.match(told, new RegExp(`port ${port.id} is ACTIVE on host host1`));
    const tap = `tap${port.id.slice(0, 11)}`;
    assert.match(await interfaces(), new RegExp(`${tap} +ethernet .*virtio +${port.mac_address}`));
    assert.match(await interfaces('--inactive'), new RegExp(port.mac_address));
    const link = (await host.run(['ip', '-o', 'link', 'show', tap])).stdout;
    assert.match(link, new RegExp(`mtu 1450 .* master brq${c.inside.id.slice(0, 11)} `));
    assert.match(await neutrino('port', 'attach', 'web', '--libvirt', 'vm1'), /nothing had to be made/);
    await neutrino('port', 'detach', 'web');
    assert.doesNotMatch(await interfaces('--inactive'), new RegExp(port.mac_address));
    // The machine has no system that would let go of it at once, so only its definition is certain to have lost it.
    assert.equal((await c.api.ports.show(port.id)).device_id, '');
    await host.run(['virsh', 'destroy', 'vm1']);
    await c.api.ports.remove(port.id);
  });

  test('a domain that is shut off gets it in its definition, and the port is wired when it starts', async () => {
    const port = await createPort('later');
    assert.match(await neutrino('port', 'attach', 'later', '--libvirt', 'vm1'), /virsh start vm1/);
    assert.equal((await c.api.ports.show(port.id)).status, 'DOWN');
    await host.run(['virsh', 'start', 'vm1'], { timeoutMs: 60_000 });
    await eventually('the port is ACTIVE', async () => (await c.api.ports.show(port.id)).status === 'ACTIVE');
    await host.run(['virsh', 'destroy', 'vm1']);
    await eventually('the port is DOWN', async () => (await c.api.ports.show(port.id)).status === 'DOWN');
    await neutrino('port', 'detach', 'later');
    assert.doesNotMatch(await interfaces('--inactive'), new RegExp(port.mac_address));
    await c.api.ports.remove(port.id);
  });

  test('--print-xml binds the port and leaves the definition to others', async () => {
    const port = await createPort('printed');
    const xml = await neutrino('port', 'attach', 'printed', '--libvirt', 'vm2', '--print-xml');
    assert.match(xml, /^<interface type='ethernet'>\n/);
    assert.equal((await c.api.ports.show(port.id))['binding:host_id'], 'host1');
    const definition = emptyDomain('vm2').replace('</devices>', `${xml}</devices>`);
    await virshWith(host, 'create', definition);
    await eventually('the port is ACTIVE', async () => (await c.api.ports.show(port.id)).status === 'ACTIVE');
    await host.run(['virsh', 'destroy', 'vm2']);
  });

  test('a domain that does not exist is said, and the port stays free', async () => {
    const port = await createPort('free');
    const { code, stderr } = await c.cloud.neutrino(0, ['port', 'attach', 'free', '--libvirt', 'nobody']);
    assert.equal(code, 1);
    assert.match(stderr, /failed to get domain/);
    assert.equal((await c.api.ports.show(port.id))['binding:host_id'] ?? '', '');
  });
});
