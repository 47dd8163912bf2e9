/** Subports of trunks: what a request for them must be (neutron_lib/api/validators, neutron/services/trunk/rules.py). */
import { invalidInput } from '../model/faults.ts';
import { parentPortInUse, subportMtuTooLarge } from '../model/faults-trunk.ts';
import type { subport } from '../model/index.ts';
import { describe, type ValueOf } from '../model/types.ts';

/** A subport of a request. */
export type WantedSubport = ValueOf<typeof subport>;

/** A subport with all that it needs. */
export interface Subport {
  readonly port_id: string;
  readonly segmentation_type: string;
  readonly segmentation_id: number;
}

/** Throws InvalidInput where a port or a tag stands twice, or half of a tag is missing. */
export function checkSubportList(wanted: readonly WantedSubport[]): void {
  const ports = new Set<string>();
  const tags = new Set<string>();
  for (const one of wanted) {
    if (ports.has(one.port_id)) throw invalidInput(`Non unique UUID for subport: '${one.port_id}'`);
    ports.add(one.port_id);
    const { segmentation_type: type, segmentation_id: id } = one;
    if (type === 'inherit') continue;
    if ((type === undefined) !== (id === undefined)) throw missing(one);
    if (tags.has(`${type} ${id}`)) throw invalidInput(`Segmentation ID '${id}' for '${one.port_id}' is not unique`);
    if (id !== undefined) tags.add(`${type} ${id}`);
  }
}

const missing = (one: WantedSubport) =>
  invalidInput(
    `Invalid subport details '${describe(one)}': missing segmentation information. Must specify both segmentation_id and segmentation_type`,
  );

/** What a subport's network is, as far as the trunk depends on it. */
export interface SubportNetwork {
  readonly type: string | null;
  readonly segmentationId: number | null;
  readonly mtu: number;
}

/** The parent port of a trunk: its id, and the MTU of its network. */
export interface Parent {
  readonly portId: string;
  readonly mtu: number;
}

/** The subport as it is kept: one that inherits has the tag of its network. Throws the fault of one that cannot be. */
export function completeSubport(wanted: WantedSubport, on: SubportNetwork, parent: Parent): Subport {
  if (wanted.port_id === parent.portId) throw parentPortInUse(wanted.port_id);
  if (on.mtu > 0 && parent.mtu > 0 && on.mtu > parent.mtu)
    throw subportMtuTooLarge(wanted.port_id, on.mtu, parent.portId, parent.mtu);
  const inherits = wanted.segmentation_type === 'inherit';
  const type = inherits ? on.type : wanted.segmentation_type;
  const id = inherits ? on.segmentationId : wanted.segmentation_id;
  if (type === undefined || id === undefined) throw missing(wanted);
  if (type !== 'vlan') throw invalidInput(`Unknown segmentation_type '${type}'`);
  if (id === null || id < 1 || id > 4094) throw invalidInput(`Segmentation ID '${id}' is not in range`);
  return { port_id: wanted.port_id, segmentation_type: type, segmentation_id: id };
}

/** Whether a port may become or cease to be a parent port: one that is on a host only where that host wires bridges. */
export function canBeParent(row: { readonly 'binding:host_id': string; readonly 'binding:vif_type': string }): boolean {
  return row['binding:host_id'] === '' || row['binding:vif_type'] === 'bridge';
}

/** Neutron's TRUNK_SUBPORT_OWNER. */
export const subportOwner = 'trunk:subport';

/** Whether a parent port is wired by a host that has its subports too. */
export function wiresTrunks(parent: { readonly 'binding:vif_type': string }): boolean {
  return parent['binding:vif_type'] === 'ovs' || parent['binding:vif_type'] === 'bridge';
}

/** How far a host has wired a trunk: its state as reported. */
export type Wired = 'ACTIVE' | 'DOWN' | 'ERROR' | 'GONE';

/**
 * The status of a trunk. A subport that could not be bound is an ERROR that a person has to
 * mend; what a host could not wire leaves the rest working, DEGRADED. `wired` undefined: the host has been told, and has not said.
 */
export function statusOfTrunk(
  parent: { readonly 'binding:vif_type': string; readonly status: string } | undefined,
  subports: readonly { readonly 'binding:vif_type': string }[],
  wired: Wired | undefined,
): 'ACTIVE' | 'DOWN' | 'BUILD' | 'DEGRADED' | 'ERROR' {
  if (!parent || !wiresTrunks(parent)) return 'DOWN';
  if (subports.some((one) => one['binding:vif_type'] === 'binding_failed')) return 'ERROR';
  switch (wired) {
    case undefined:
      return 'BUILD';
    case 'ACTIVE':
      return 'ACTIVE';
    case 'ERROR':
      return 'DEGRADED';
    case 'GONE':
      return 'DOWN';
    case 'DOWN':
      // Where the instance is there, something of its subports is still to come.
      return parent.status === 'ACTIVE' ? 'BUILD' : 'DOWN';
  }
}
