/** Facts of Open vSwitch: bridges, their ports, meters, and flows. */

/** How frames are switched: by the kernel's module, or by vswitchd itself. */
export type OvsDatapath = 'system' | 'netdev';

/**
 * A bridge of Open vSwitch. `shared` is one that others use too (the bridge of a physical network): where it exists already it is
 * taken as it is; one that we had to make is marked in its external_ids, and only that one is removed, once it has no port left.
 * `guests` is one of ours that others plug devices into, and may have made before us: it is removed once no port of others is left.
 */
export interface OvsBridgeFact {
  readonly fact: 'ovs-bridge';
  readonly name: string;
  readonly datapath: OvsDatapath;
  readonly failMode: 'secure' | 'standalone';
  readonly shared?: true;
  readonly guests?: true;
  /** As found, never as wanted: ports of others are on it, so that it cannot go yet. */
  readonly used?: true;
}

/** The VLAN that nothing leaves (Neutron: DEAD_VLAN_TAG). */
export const deadVlan = 4095;

/** A port of a bridge of Open vSwitch, with its one interface of the same name. */
export interface OvsPortFact {
  readonly fact: 'ovs-port';
  readonly bridge: string;
  readonly name: string;
  /** '' is a device that is there already. */
  readonly type: '' | 'internal' | 'patch' | 'vxlan' | 'gre' | 'geneve';
  /** Options of the interface, whole. */
  readonly options: Readonly<Record<string, string>>;
  /** The local VLAN, 1 to 4094; 4095 is the one that nothing leaves; left out: all of them. */
  readonly tag?: number;
  /** Those of the interface's external_ids that matter. */
  readonly externalIds: Readonly<Record<string, string>>;
  /**
   * Plugged in by someone else (an instance's interface): never made or removed, only its tag is set. Removing the fact of one
   * releases it into VLAN 4095.
   */
  readonly foreign?: true;
  /** As found, never as wanted: its device is gone, or is another one than it was given. It is plugged in anew. */
  readonly lost?: true;
}

/** A limit of what passes flows that refer to it, as `meter:PORT`; what exceeds it is dropped. */
export interface MeterFact {
  readonly fact: 'meter';
  readonly bridge: string;
  /** The port of the bridge that it is for; it is there before the meter is. */
  readonly port: string;
  readonly rateKbps: number;
  readonly burstKbit: number;
}

/**
 * All flows of one unit on one bridge. They carry a cookie that is made from the owner (`cookieOf`), so that they are told from
 * those of others. Two owners have no flow of one table, priority and match. They change in one bundle, added before deleted.
 */
export interface FlowsFact {
  readonly fact: 'flows';
  readonly bridge: string;
  /** A unit's key, or the name of what several units share. */
  readonly owner: string;
  /** Canonical texts (`flow-text.ts`), sorted. A port that a flow names is there before the flow is. */
  readonly flows: readonly string[];
}
