import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDomain, interfaceXml } from './libvirt.ts';

const plug = { portId: '11111111-2222-4333-8444-555555555555', mac: 'fa:16:3e:00:00:01', mtu: 1450 };

test('on a Linux bridge host libvirt makes a tap of the port’s name', () => {
  assert.equal(
    interfaceXml(plug, { vifType: 'bridge', bridge: 'br-int' }),
    `<interface type='ethernet'>
  <mac address='fa:16:3e:00:00:01'/>
  <target dev='tap11111111-22'/>
  <model type='virtio'/>
  <mtu size='1450'/>
</interface>
`,
  );
});

test('on an Open vSwitch host libvirt makes the port of the switch, with the id by which it is known', () => {
  assert.equal(
    interfaceXml(plug, { vifType: 'ovs', bridge: 'br-int' }),
    `<interface type='bridge'>
  <mac address='fa:16:3e:00:00:01'/>
  <source bridge='br-int'/>
  <virtualport type='openvswitch'>
    <parameters interfaceid='11111111-2222-4333-8444-555555555555'/>
  </virtualport>
  <target dev='tap11111111-22'/>
  <model type='virtio'/>
  <mtu size='1450'/>
</interface>
`,
  );
});

test('the name of a domain is no option of virsh', () => {
  for (const name of ['vm1', '36bcd62a-0860-4e22-bf8a-81f5052eff60', 'web.example']) checkDomain(name);
  for (const name of ['', '-h', '--config', 'a b', "x'y"])
    assert.throws(() => checkDomain(name), { exitCode: 2 }, name);
});
