/** Plugs a device into the integration bridge for a port, as os-vif does for Nova. */

/** What is plugged in, and where. */
export interface SwitchPlug {
  readonly bridge: string;
  readonly device: string;
  readonly portId: string;
  readonly mac: string;
  /** What the instance is called. */
  readonly instance?: string;
  /** The database; left out: the one that ovs-vsctl finds. */
  readonly database?: string;
}

const database = ({ database: where }: Pick<SwitchPlug, 'database'>) => (where ? [`--db=${where}`] : []);

/**
 * The command that plugs a device in. Until the agent has written the flows that guard it, it is in no VLAN: a trunk of 4095
 * alone, which takes no frame without a tag.
 */
export function plugCommand(plug: SwitchPlug): string[] {
  const { bridge, device, portId, mac, instance } = plug;
  const ids = [`iface-id=${portId}`, `attached-mac="${mac}"`, 'iface-status=active'];
  if (instance !== undefined) ids.push(`vm-id="${instance.replaceAll(/["\\]/g, '')}"`);
  const nowhere = ['--', 'set', 'Port', device, 'tag=4095', 'vlan_mode=trunk', 'trunks=4095'];
  const marks = ['--', 'set', 'Interface', device, ...ids.map((id) => `external_ids:${id}`)];
  return ['ovs-vsctl', ...database(plug), '--timeout=10', 'add-port', bridge, device, ...nowhere, ...marks];
}

/** The command that unplugs it; it succeeds where it is not plugged in. */
export function unplugCommand(plug: Pick<SwitchPlug, 'bridge' | 'device' | 'database'>): string[] {
  return ['ovs-vsctl', ...database(plug), '--timeout=10', '--if-exists', 'del-port', plug.bridge, plug.device];
}
