/** Which agent gets which work. Pure: the same agents and loads give the same choice. */
import type { agent } from '../model/index.ts';
import type { Row } from '../model/language.ts';

/** Neutron's names of the functions of a host. */
export const agentTypes = {
  linuxbridge: 'Linux bridge agent',
  openvswitch: 'Open vSwitch agent',
  l3: 'L3 agent',
  dhcp: 'DHCP agent',
} as const;

/** The functions that wire ports. */
export const l2AgentTypes: readonly string[] = [agentTypes.linuxbridge, agentTypes.openvswitch];

type AgentRow = Pick<Row<typeof agent>, 'id' | 'host' | 'admin_state_up' | 'heartbeat_timestamp'>;

/** Whether an agent reported within `downTimeSeconds` before `nowMs`. */
export function isAlive(row: Pick<AgentRow, 'heartbeat_timestamp'>, nowMs: number, downTimeSeconds: number): boolean {
  return nowMs - Date.parse(row.heartbeat_timestamp) <= downTimeSeconds * 1000;
}

/** An agent and how much it carries. */
export interface Candidate {
  readonly id: string;
  readonly host: string;
  readonly load: number;
}

/** The `count` least loaded candidates; those with one load come in the order of their hosts' names. */
export function leastLoaded<C extends Candidate>(candidates: readonly C[], count: number): C[] {
  return candidates.toSorted((a, b) => a.load - b.load || (a.host < b.host ? -1 : 1)).slice(0, Math.max(0, count));
}

/**
 * Which agents serve a network: those that do and can stay (an administrator may have given it to more than `count`), then the
 * least loaded of the others, up to `count`. An agent that does and is down keeps the service only while nobody can take it over.
 */
export function chooseDhcpAgents<C extends Candidate>(
  bound: readonly string[],
  usable: readonly C[],
  count: number,
): { stay: string[]; add: C[]; drop: string[] } {
  const usableIds = new Set(usable.map((candidate) => candidate.id));
  const live = bound.filter((id) => usableIds.has(id));
  const dead = bound.filter((id) => !usableIds.has(id));
  const add = leastLoaded(
    usable.filter((candidate) => !bound.includes(candidate.id)),
    count - live.length,
  );
  const drop = live.length + add.length > 0 ? dead : [];
  return { stay: [...live, ...dead.filter((id) => !drop.includes(id))], add, drop };
}

/** Whether an L2 agent with these configurations can wire a network: one on a physical network needs a bridge for it. */
export function canWire(configurations: Readonly<Record<string, unknown>>, physicalNetwork: string | null): boolean {
  if (!physicalNetwork) return true;
  const mappings = configurations.bridge_mappings;
  return typeof mappings === 'object' && mappings !== null && Object.hasOwn(mappings, physicalNetwork);
}
