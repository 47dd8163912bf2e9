import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostNetwork } from '../../model/host-objects.ts';
import type { HostEnvironment } from './language.ts';
import { renderNetwork } from './network.ts';

const env: HostEnvironment = {
  stateDir: '/state',
  localIp: '192.0.2.1',
  bridgeMappings: {},
  links: new Set(),
  driver: 'linuxbridge',
  natDriver: 'iptables',
};
const network: HostNetwork = {
  kind: 'network',
  id: 'aaaaaaaa-0000-4000-8000-000000000001',
  network_type: 'vxlan',
  physical_network: null,
  segmentation_id: 7,
  mtu: 1450,
  admin_state_up: true,
  remote_ports: [
    { mac: 'fa:16:3e:00:00:01', ips: ['10.0.0.5', 'fd00::5'], vtep: '192.0.2.2' },
    { mac: 'fa:16:3e:00:00:02', ips: ['10.0.0.5', '10.0.0.6'], vtep: '192.0.2.3' },
  ],
};
const render = (more: Partial<HostNetwork>, arpResponder: boolean) =>
  renderNetwork({ ...network, ...more }, { ...env, arpResponder }).facts;
const linkOf = (facts: ReturnType<typeof render>, name: string) =>
  facts.find((fact) => fact.fact === 'link' && fact.name === name);

test('with arp_responder the bridge knows the IPv4 addresses of ports on other hosts, and who has one is asked no further', () => {
  const at = { namespace: '', device: 'brqaaaaaaaa-00' };
  const facts = render({}, true);
  assert.deepEqual(
    facts.filter((fact) => fact.fact === 'neighbour'),
    [
      { fact: 'neighbour', ...at, ip: '10.0.0.5', mac: 'fa:16:3e:00:00:01' },
      { fact: 'neighbour', ...at, ip: '10.0.0.6', mac: 'fa:16:3e:00:00:02' },
    ],
  );
  const byBridge = facts.flatMap((fact) => (fact.fact === 'fdb' && fact.endpoint === null ? [fact.mac] : []));
  assert.deepEqual(byBridge, ['fa:16:3e:00:00:01', 'fa:16:3e:00:00:02']);
  assert.deepEqual(linkOf(facts, 'vxlan-7'), { ...linkOf(render({}, false), 'vxlan-7'), neighSuppress: true });
  assert.deepEqual(linkOf(facts, at.device), { ...linkOf(render({}, false), at.device), mac: '02:aa:aa:aa:aa:00' });
});

test('without it, and while the network is down, it knows nothing', () => {
  const knows = (facts: ReturnType<typeof render>) =>
    facts.some((fact) => fact.fact === 'neighbour' || (fact.fact === 'fdb' && fact.endpoint === null));
  assert.equal(knows(render({}, false)), false);
  assert.equal(knows(render({ admin_state_up: false }, true)), false);
});
