/** Which agent gets which work. Pure: the same agents and loads give the same choice. */
import type { agent } from '../model/index.ts';
import type { Row } from '../model/language.ts';

/** Neutron's names of the functions of a host. */
export const agentTypes = {
  linuxbridge: 'Linux bridge agent',
  openvswitch: 'Open vSwitch agent',
  l3: 'L3 agent',
  dhcp: 'DHCP agent',
  metering: 'Metering agent',
} as const;

/** The functions that wire ports. */
export const l2AgentTypes: readonly string[] = [agentTypes.linuxbridge, agentTypes.openvswitch];

type AgentRow = Pick<Row<typeof agent>, 'id' | 'host' | 'admin_state_up' | 'heartbeat_timestamp'>;

/** Whether an agent reported within `downTimeSeconds` before `nowMs`. */
export function isAlive(row: Pick<AgentRow, 'heartbeat_timestamp'>, nowMs: number, downTimeSeconds: number): boolean {
  return nowMs - Date.parse(row.heartbeat_timestamp) <= downTimeSeconds * 1000;
}

/** Whether an agent is in one of the hinted zones; without hints, every agent is. */
export function isInZones(row: Pick<Row<typeof agent>, 'availability_zone'>, hints: readonly string[]): boolean {
  return hints.length === 0 || (row.availability_zone !== null && hints.includes(row.availability_zone));
}

/** An agent and how much it carries. */
export interface Candidate {
  readonly id: string;
  readonly host: string;
  readonly load: number;
  /** Its availability zone; work of several agents is spread over zones. */
  readonly zone?: string | null;
}

/** The `count` least loaded candidates; those with one load come in the order of their hosts' names. */
export function leastLoaded<C extends Candidate>(candidates: readonly C[], count: number): C[] {
  return candidates.toSorted((a, b) => a.load - b.load || (a.host < b.host ? -1 : 1)).slice(0, Math.max(0, count));
}

/** The `count` least loaded candidates, from as many zones as there are: each next one from a zone that has the fewest yet. */
export function spread<C extends Candidate>(candidates: readonly C[], count: number): C[] {
  const left = leastLoaded(candidates, candidates.length);
  const chosen: C[] = [];
  const inZone = (zone: Candidate['zone']) => chosen.filter((one) => one.zone === zone).length;
  while (chosen.length < count && left.length > 0) {
    const fewest = Math.min(...left.map((one) => inZone(one.zone)));
    chosen.push(
      ...left.splice(
        left.findIndex((one) => inZone(one.zone) === fewest),
        1,
      ),
    );
  }
  return chosen;
}

/**
 * Which agents serve a network: those that do and can stay (an administrator may have given it to more than `count`), then the
 * least loaded of the `eligible` others, up to `count`. An agent that does and is down keeps the service only while nobody can take it over.
 */
export function chooseDhcpAgents<C extends Candidate>(
  bound: readonly string[],
  usable: readonly C[],
  count: number,
  eligible: (candidate: C) => boolean = () => true,
): { stay: string[]; add: C[]; drop: string[] } {
  const usableIds = new Set(usable.map((candidate) => candidate.id));
  const live = bound.filter((id) => usableIds.has(id));
  const dead = bound.filter((id) => !usableIds.has(id));
  const add = spread(
    usable.filter((candidate) => !bound.includes(candidate.id) && eligible(candidate)),
    count - live.length,
  );
  const drop = live.length + add.length > 0 ? dead : [];
  return { stay: [...live, ...dead.filter((id) => !drop.includes(id))], add, drop };
}

/** Whether an L2 agent with these configurations can wire a network: one on a physical network needs a bridge or an interface for it. */
export function canWire(configurations: Readonly<Record<string, unknown>>, physicalNetwork: string | null): boolean {
  if (!physicalNetwork) return true;
  const { bridge_mappings: bridges, interface_mappings: interfaces } = configurations;
  return [bridges, interfaces].some(
    (mappings) => typeof mappings === 'object' && mappings !== null && Object.hasOwn(mappings, physicalNetwork),
  );
}
