/** Plugs a device into the integration bridge, or the bridge of a trunk, for a port, as os-vif does for Nova. */
import type { OvsDatapath } from '../plan/facts.ts';

/** What is plugged in, and where. */
export interface SwitchPlug {
  readonly bridge: string;
  readonly device: string;
  readonly portId: string;
  readonly mac: string;
  /** What the instance is called. */
  readonly instance?: string;
  /** The bridge is that of the port's trunk, which is made where it is missing: what it leads to is guarded. */
  readonly trunk?: { readonly datapath: OvsDatapath };
  /** The database; left out: the one that ovs-vsctl finds. */
  readonly database?: string;
}

const database = ({ database: where }: Pick<SwitchPlug, 'database'>) => (where ? [`--db=${where}`] : []);

const bridgeWords = (bridge: string, datapath: OvsDatapath) => [
  '--may-exist',
  'add-br',
  bridge,
  '--',
  'set',
  'Bridge',
  bridge,
  `datapath_type=${datapath}`,
];

/** The command that makes the bridge of a trunk where it is missing. */
export function bridgeCommand(at: { bridge: string; datapath: OvsDatapath; database?: string }): string[] {
  return ['ovs-vsctl', ...database(at), '--timeout=10', ...bridgeWords(at.bridge, at.datapath)];
}

/**
 * The command that plugs a device in. Until the agent has written the flows that guard it, it is in no VLAN: a trunk of 4095
 * alone, which takes no frame without a tag.
 */
export function plugCommand(plug: SwitchPlug): string[] {
  const { bridge, device, portId, mac, instance, trunk } = plug;
  const ids = [`iface-id=${portId}`, `attached-mac="${mac}"`, 'iface-status=active'];
  if (instance !== undefined) ids.push(`vm-id="${instance.replaceAll(/["\\]/g, '')}"`);
  const nowhere = trunk ? [] : ['--', 'set', 'Port', device, 'tag=4095', 'vlan_mode=trunk', 'trunks=4095'];
  const make = trunk ? [...bridgeWords(bridge, trunk.datapath), '--'] : [];
  const marks = ['--', 'set', 'Interface', device, ...ids.map((id) => `external_ids:${id}`)];
  return ['ovs-vsctl', ...database(plug), '--timeout=10', ...make, 'add-port', bridge, device, ...nowhere, ...marks];
}

/** The command that unplugs it; it succeeds where it is not plugged in. */
export function unplugCommand(plug: Pick<SwitchPlug, 'device' | 'database'>): string[] {
  return ['ovs-vsctl', ...database(plug), '--timeout=10', '--if-exists', 'del-port', plug.device];
}
