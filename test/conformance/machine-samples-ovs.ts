/** Bridges, ports and flows of Open vSwitch, in two states each, for the suite of machines. */
import type { FlowsFact, MeterFact, OvsBridgeFact, OvsPortFact } from '../../src/plan/facts.ts';
import { type Flow, flowTexts, pushVlan, resubmit, setVlan } from '../../src/plan/flow-text.ts';
import type { Sample } from './machine-samples.ts';

const bridge = (name: string): OvsBridgeFact => ({
  fact: 'ovs-bridge',
  name,
  datapath: 'netdev',
  failMode: 'secure',
});
const integration = bridge('br-int');
const tunnels = bridge('br-tun');

const port = (more: Partial<OvsPortFact> & Pick<OvsPortFact, 'name'>): OvsPortFact => ({
  fact: 'ovs-port',
  bridge: 'br-int',
  type: '',
  options: {},
  externalIds: {},
  ...more,
});

const patch = port({ name: 'patch-tun', type: 'patch', options: { peer: 'patch-int' } });
const back = port({ name: 'patch-int', bridge: 'br-tun', type: 'patch', options: { peer: 'patch-tun' } });
const tunnel = (type: 'vxlan' | 'gre' | 'geneve', remote: string) =>
  port({
    name: `${type}-c0000202`,
    bridge: 'br-tun',
    type,
    options: { df_default: 'true', in_key: 'flow', local_ip: '192.0.2.1', out_key: 'flow', remote_ip: remote },
  });

const pair = {
  fact: 'link',
  namespace: '',
  name: 'tapovs-1',
  kind: { type: 'veth', peer: { namespace: '', name: 'inner-1' } },
  mtu: 1450,
  up: true,
} as const;
const ids = { 'iface-id': 'aaaa', 'attached-mac': 'fa:16:3e:00:00:01', 'iface-status': 'active' };

const flows = (on: string, owner: string, all: Flow[]): FlowsFact => ({
  fact: 'flows',
  bridge: on,
  owner,
  flows: flowTexts(all),
});

const meter = (rateKbps: number, burstKbit: number): MeterFact => {
  return { fact: 'meter', bridge: 'br-int', port: patch.name, rateKbps, burstKbit };
};
const metered = [`meter:${patch.name}`, 'set_field:26->ip_dscp'];

const normal: Flow = { table: 60, priority: 3, actions: ['NORMAL'] };
/** One flow for each way in which a rendering writes matches and actions. */
const inward: Flow[] = [
  { table: 0, priority: 1, match: ['in_port=patch-int'], actions: [resubmit(2)] },
  { table: 0, priority: 0 },
  { table: 2, priority: 0, match: ['dl_dst=00:00:00:00:00:00/01:00:00:00:00:00'], actions: [resubmit(20)] },
  { table: 2, priority: 1, match: ['arp', 'dl_dst=ff:ff:ff:ff:ff:ff'], actions: [resubmit(21)] },
  { table: 4, priority: 1, match: ['tun_id=0x64'], actions: [pushVlan(1), resubmit(10)] },
  { table: 0, priority: 3, match: ['dl_vlan=100', 'in_port=patch-int'], actions: [setVlan(7), 'NORMAL'] },
  { table: 0, priority: 3, match: ['in_port=patch-int', 'vlan_tci=0x0000/0x1fff'], actions: [pushVlan(9), 'NORMAL'] },
];

/** All samples of Open vSwitch. */
export const switchSamples: readonly Sample[] = [
  {
    title: 'a bridge of Open vSwitch',
    before: [],
    first: integration,
    second: { ...integration, failMode: 'standalone' },
  },
  { title: 'a patch port', before: [integration], first: patch, second: { ...patch, options: { peer: 'other' } } },
  ...(['vxlan', 'gre', 'geneve'] as const).map((type) => ({
    title: `a tunnel port of type ${type}`,
    before: [tunnels],
    first: tunnel(type, '192.0.2.2'),
    second: tunnel(type, '192.0.2.3'),
  })),
  {
    title: 'a device that is plugged in',
    before: [integration, pair],
    first: port({ name: pair.name, tag: 1, externalIds: ids }),
    second: port({ name: pair.name, tag: 2, externalIds: { ...ids, 'iface-id': 'bbbb' } }),
  },
  {
    title: 'an internal port without a tag',
    before: [integration],
    first: port({ name: 'inside', type: 'internal' }),
    second: port({ name: 'inside', type: 'internal', tag: 5 }),
  },
  {
    title: 'flows of an owner',
    before: [tunnels, integration, patch, back],
    first: flows('br-tun', 'base', inward),
    second: flows('br-tun', 'base', [...inward.slice(1), { table: 4, priority: 1, match: ['tun_id=0x65'] }]),
  },
  {
    title: 'a meter',
    before: [integration, patch],
    first: meter(5000, 4000),
    second: meter(1, 12),
  },
  {
    title: 'a flow that refers to a meter',
    before: [integration, patch, meter(5000, 4000)],
    first: flows('br-int', 'port', [
      { table: 60, priority: 100, match: ['in_port=patch-tun', 'ip'], actions: metered },
    ]),
  },
  { title: 'a single flow', before: [integration], first: flows('br-int', 'base', [normal]) },
];
