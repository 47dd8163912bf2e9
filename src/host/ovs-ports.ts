/** Reads bridges and ports of Open vSwitch, and tells which interface is for which port. */
import { deadVlan, type OvsBridgeFact, type OvsPortFact } from '../plan/facts.ts';
import type { SwitchPort } from './machine.ts';
import type { Tables } from './ovsdb.ts';
import { type Columns, optional, recordOf, uuidsOf } from './ovsdb-values.ts';

/** A bridge as the database has it. */
export interface BridgeRow {
  readonly uuid: string;
  readonly datapath: string;
  readonly failMode: string | undefined;
  readonly externalIds: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
}

/** A port with its first interface as the database has them. */
export interface PortRow {
  readonly uuid: string;
  readonly bridge: string;
  readonly tag: number | undefined;
  readonly interfaceUuid: string;
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
  readonly externalIds: Readonly<Record<string, string>>;
  /** The number that flows have it by; undefined until the switch gave it one, negative where it cannot be used. */
  readonly ofport: number | undefined;
  /** Why it cannot be used. */
  readonly error: string | undefined;
}

/** Bridges and ports by name. */
export interface Topology {
  readonly bridges: ReadonlyMap<string, BridgeRow>;
  readonly ports: ReadonlyMap<string, PortRow>;
}

/** What the shared bridges that we made are marked by. */
export const ownMark = { neutrino: 'made' } as const;

const text = (value: unknown) => optional(value) as string | undefined;
const number = (value: unknown) => optional(value) as number | undefined;

/** The VLAN of an access port; whatever else a port is, it is no port of a VLAN. */
function tagOf(row: Columns): number | undefined {
  const tag = number(row.tag);
  const mode = text(row.vlan_mode) ?? 'access';
  return mode === 'access' || tag === deadVlan ? tag : undefined;
}

function portRow(bridge: string, uuid: string, row: Columns, tables: Tables): PortRow {
  const interfaceUuid = uuidsOf(row.interfaces)[0] ?? '';
  const one = tables.Interface.get(interfaceUuid) ?? {};
  return {
    uuid,
    bridge,
    tag: tagOf(row),
    interfaceUuid,
    type: text(one.type) ?? '',
    options: recordOf(one.options),
    externalIds: recordOf(one.external_ids),
    ofport: number(one.ofport),
    error: text(one.error),
  };
}

/** The bridges and ports that are there. */
export function topologyOf(tables: Tables): Topology {
  const bridges = new Map<string, BridgeRow>();
  const ports = new Map<string, PortRow>();
  for (const [uuid, row] of tables.Bridge) {
    const name = String(row.name);
    const all = uuidsOf(row.ports);
    bridges.set(name, {
      uuid,
      datapath: text(row.datapath_type) || 'system',
      failMode: text(row.fail_mode),
      externalIds: recordOf(row.external_ids),
      ports: all.map((port) => String(tables.Port.get(port)?.name)),
    });
    for (const port of all) {
      const columns = tables.Port.get(port);
      if (columns) ports.set(String(columns.name), portRow(name, port, columns, tables));
    }
  }
  return { bridges, ports };
}

/** Whether a shared bridge is one that we made. */
export function isOwn(bridge: BridgeRow): boolean {
  return bridge.externalIds.neutrino === ownMark.neutrino;
}

/** A bridge as it is; a shared one that others made is taken as it is. */
export function presentBridge(asked: OvsBridgeFact, { bridges, ports }: Topology): OvsBridgeFact | undefined {
  const there = bridges.get(asked.name);
  if (!there) return undefined;
  if (asked.shared && !isOwn(there)) return asked;
  // Patches are ours, and go before their bridge does.
  const ofOthers = (port: string) => port !== asked.name && ports.get(port)?.type !== 'patch';
  const used = (asked.shared || asked.guests) && there.ports.some(ofOthers);
  const datapath =
    there.datapath === asked.datapath ? asked.datapath : asked.datapath === 'system' ? 'netdev' : 'system';
  const failMode = there.failMode === 'secure' ? 'secure' : 'standalone';
  return { ...asked, datapath, failMode, ...(used ? { used } : {}) };
}

/**
 * A port as it is; of one of ours also whether it has lost its device, or was given one that is not the present one of the name:
 * `held` are the devices that a switch holds on to.
 */
export function presentPort(
  asked: OvsPortFact,
  { ports }: Topology,
  held: ReadonlySet<string>,
): OvsPortFact | undefined {
  const there = ports.get(asked.name);
  if (!there) return undefined;
  const { bridge, type, options, tag, externalIds } = there;
  const ids = Object.keys(asked.externalIds).flatMap((name) => {
    const value = externalIds[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    fact: 'ovs-port',
    bridge,
    name: asked.name,
    type: type as OvsPortFact['type'],
    options,
    ...(tag === undefined ? {} : { tag }),
    externalIds: Object.fromEntries(ids),
    ...(asked.foreign ? { foreign: true } : {}),
    ...(asked.foreign || isUsable(asked, there, held) ? {} : { lost: true }),
  };
}

/** What keeps frames from coming and going by a port; a patch port waits for its other end and says so. */
export function complaintOf(port: PortRow | undefined): string | undefined {
  return port?.type === 'patch' ? undefined : port?.error;
}

/** Whether frames come and go by a port of ours. */
export function isUsable(asked: OvsPortFact, there: PortRow, held: ReadonlySet<string>): boolean {
  if (there.type === 'patch') return asked.type === 'patch';
  if (there.error !== undefined || (there.ofport ?? 0) < 0) return false;
  return asked.type !== '' || held.has(asked.name);
}

/** All ports by name, as the agent follows them. One without a device, left from before a restart of the host, is for no port. */
export function switchPorts({ ports }: Topology): Map<string, SwitchPort> {
  return new Map(
    [...ports].map(([name, { bridge, interfaceUuid, ofport, externalIds }]): [string, SwitchPort] => {
      const portId = ofport !== undefined && ofport > 0 ? externalIds['iface-id'] : undefined;
      return [name, { bridge, plug: `${interfaceUuid} ${ofport ?? ''}`, ...(portId === undefined ? {} : { portId }) }];
    }),
  );
}
