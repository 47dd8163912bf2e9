/** Which agents may be given work now. */
import { agent, type dhcpBinding, type routerBinding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { type Candidate, canWire, isAlive, l2AgentTypes } from '../rules/schedule.ts';
import type { Context } from './context.ts';

type AgentRow = Row<typeof agent>;

/** Whether an agent reported in time. */
export function agentIsAlive(c: Pick<Context, 'clock' | 'settings'>, row: AgentRow): boolean {
  return isAlive(row, c.clock.now(), c.settings.agentDownTimeSeconds);
}

/** The agents of a type that are alive and switched on. */
export async function usableAgents(c: Context, type: string): Promise<AgentRow[]> {
  const agents = await c.t.find(agent, { agent_type: type });
  return agents.filter((row) => row.admin_state_up && agentIsAlive(c, row));
}

/**
 * Those of the agents whose host can wire a network on this physical network. When no host can, or the network is on none, all
 * of them: a host may learn of its bridges later.
 */
export async function ableAgents(
  c: Context,
  agents: readonly AgentRow[],
  physicalNetwork: string | null,
): Promise<readonly AgentRow[]> {
  if (!physicalNetwork || agents.length < 2) return agents;
  const wiring = await c.t.find(agent, { host: agents.map((row) => row.host), agent_type: l2AgentTypes });
  const able = new Set(wiring.filter((row) => canWire(row.configurations, physicalNetwork)).map((row) => row.host));
  const result = agents.filter((row) => able.has(row.host));
  return result.length > 0 ? result : agents;
}

/** The zones that agents for work with these hints are chosen from; none: any. */
export function hintedZones(c: Pick<Context, 'settings'>, hints: readonly string[]): readonly string[] {
  return hints.length > 0 ? hints : c.settings.defaultAvailabilityZones;
}

/** The agents with how much they carry by the bindings of a record; where there is nothing to choose, nothing is counted. */
export async function withLoads(
  c: Context,
  agents: readonly AgentRow[],
  bindings: typeof routerBinding | typeof dhcpBinding,
  wanted: number,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const { id, host, availability_zone: zone } of agents) {
    const load =
      agents.length <= wanted
        ? 0
        : await c.t.count<typeof routerBinding>(bindings as typeof routerBinding, { agent_id: id });
    candidates.push({ id, host, load, zone });
  }
  return candidates;
}
