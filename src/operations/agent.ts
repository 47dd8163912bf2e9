/** Agents: what hosts report of themselves, and what administrators do with them. */
import { apiTimestamp } from '../lib/clock.ts';
import { agentNotFound } from '../model/faults.ts';
import type { AgentReport, HostKey } from '../model/host-objects.ts';
import { agent, dhcpBinding, network, port, routerBinding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { servicePluginNames } from '../rules/extensions.ts';
import { agentTypes, l2AgentTypes } from '../rules/schedule.ts';
import { networkKeys, portKeys, routerOwners } from '../rules/wake.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { removePort } from './port.ts';
import { bindingOn } from './port-binding.ts';
import { scheduleAll } from './schedule.ts';
import { agentIsAlive } from './schedule-agents.ts';
import { followParent, healTrunks, pluggedIn } from './trunk-binding.ts';

export { applyStatuses } from './agent-status.ts';
export { applyMetering } from './metering-report.ts';

type AgentRow = Row<typeof agent>;
type AgentFunction = AgentReport['functions'][number];

/** Neutron's message topics, which clients show. */
const topics: Readonly<Record<string, string>> = {
  [agentTypes.l3]: 'l3_agent',
  [agentTypes.dhcp]: 'dhcp_agent',
  [agentTypes.metering]: 'metering_agent',
};

/** What an agent says of itself as it is kept: an L2 agent with its endpoint and bridges, each with the failures known of it. */
function configurationsOf(fn: AgentFunction, report: AgentReport, before?: AgentRow): Record<string, unknown> {
  const wiring = l2AgentTypes.includes(fn.agent_type)
    ? { tunneling_ip: report.local_ip, bridge_mappings: report.bridge_mappings }
    : {};
  const failures = before?.configurations.failures;
  return { ...fn.configurations, ...wiring, ...(failures === undefined ? {} : { failures }) };
}

/** L3 and DHCP agents are in a zone; others are in none. */
const zoneOf = ({ agent_type }: AgentFunction, report: AgentReport) =>
  agent_type === agentTypes.l3 || agent_type === agentTypes.dhcp ? (report.availability_zone ?? 'nova') : null;

/** Nothing is metered where the API knows no labels. */
function functionsOf({ functions }: AgentReport, { settings }: Context): readonly AgentFunction[] {
  const meters = servicePluginNames(settings).has('metering');
  return functions.filter(({ agent_type }) => agent_type !== agentTypes.metering || meters);
}

/** What a report changed of how a host is wired. */
interface Wiring {
  readonly appeared: boolean;
  readonly endpoint: boolean;
  readonly bridges: boolean;
}

/** How an L2 agent says which physical networks it reaches. */
const mappingNames = ['bridge_mappings', 'interface_mappings'];

const sameJson = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

async function applyFunction(
  c: Context,
  host: string,
  fn: AgentFunction,
  report: AgentReport,
  before: AgentRow | undefined,
): Promise<Wiring> {
  const now = apiTimestamp(c.clock.now());
  const configurations = configurationsOf(fn, report, before);
  if (!before) {
    await c.t.insert(agent, {
      id: c.random.uuid(),
      agent_type: fn.agent_type,
      binary: fn.binary,
      topic: topics[fn.agent_type] ?? 'N/A',
      host,
      availability_zone: zoneOf(fn, report),
      admin_state_up: true,
      alive: true,
      description: null,
      created_at: now,
      started_at: report.started_at,
      heartbeat_timestamp: now,
      resources_synced: null,
      configurations,
    });
    return { appeared: true, endpoint: configurations.tunneling_ip !== undefined, bridges: true };
  }
  const { started_at } = report;
  const seen = { heartbeat_timestamp: now, started_at, configurations, availability_zone: zoneOf(fn, report) };
  await c.t.update(agent, before.id, seen, { quiet: true });
  return {
    appeared: !agentIsAlive(c, before),
    endpoint: before.configurations.tunneling_ip !== configurations.tunneling_ip,
    bridges: mappingNames.some((name) => !sameJson(before.configurations[name], configurations[name])),
  };
}

/** Ports that could not be wired on the host are tried again: its agent is back, or has other bridges. */
async function rebindFailed(c: Context, host: string): Promise<void> {
  const failed = await c.t.find(port, { 'binding:host_id': host, 'binding:vif_type': 'binding_failed' });
  for (const row of failed) {
    const on = await c.t.get(network, row.network_id);
    if (!on) continue;
    const binding = await pluggedIn(c, row.id, await bindingOn(c, host, on, row['binding:vnic_type']));
    if (binding['binding:vif_type'] === 'binding_failed') continue;
    const result = await c.t.update(port, row.id, binding, { quiet: true });
    if (!result) continue;
    c.t.wake(portKeys(result));
    await followParent(c, row, result);
  }
  await healTrunks(
    c,
    failed.map((row) => row.id),
  );
}

/** Other hosts send frames for the host's ports to its endpoint. */
async function wakeNeighbours(c: Context, host: string): Promise<void> {
  const ports = await c.t.find(port, { 'binding:host_id': host });
  c.t.wake(new Set(ports.map((row): HostKey => `network/${row.network_id}`)));
}

/** With other bridges a host wires networks with several segments by another one. */
async function wakeSegmented(c: Context, host: string): Promise<void> {
  const ports = await c.t.find(port, { 'binding:host_id': host });
  const ids = [...new Set(ports.map((row) => row.network_id))];
  const on = ids.length > 0 ? await c.t.find(network, { id: ids, several_segments: true }) : [];
  c.t.wake(on.map((row): HostKey => `network/${row.id}`));
}

/**
 * Takes a host's sign of life: its agents are alive, with what they say of themselves. When an agent appears, ports that could
 * not be wired are tried again; whenever work waits for an agent it is handed out. Hosts are woken only by what that changed,
 * and by a new endpoint.
 */
export async function applyAgentReport(c: Context, host: string, report: AgentReport): Promise<void> {
  const known = await c.t.find(agent, { host });
  const changes: Wiring[] = [];
  for (const fn of functionsOf(report, c)) {
    const before = known.find((row) => row.agent_type === fn.agent_type);
    changes.push(await applyFunction(c, host, fn, report, before));
  }
  if (changes.some((change) => change.endpoint)) await wakeNeighbours(c, host);
  if (changes.some((change) => change.bridges)) await wakeSegmented(c, host);
  if (changes.some((change) => change.appeared || change.bridges)) await rebindFailed(c, host);
  await scheduleAll(c);
}

async function updateAgent(c: Context, row: AgentRow, changes: Partial<AgentRow>): Promise<AgentRow> {
  const result = await c.t.update(agent, row.id, changes);
  if (!result) throw agentNotFound(row.id);
  return result;
}

/** A host that carries routers, or did, has their networks. */
async function wakeRouters(c: Context, routerIds: readonly string[]): Promise<void> {
  if (routerIds.length === 0) return;
  const ports = await c.t.find(port, { device_id: routerIds, device_owner: routerOwners });
  c.t.wake(routerIds.map((id): HostKey => `router/${id}`));
  c.t.wake(new Set(ports.map((row): HostKey => `network/${row.network_id}`)));
}

/** Deletes an agent, as one of a host that is gone. What it had is given to others when they next report in. */
async function removeAgent(c: Context, row: AgentRow): Promise<void> {
  const services = await c.t.find(dhcpBinding, { agent_id: row.id });
  const routers = await c.t.find(routerBinding, { agent_id: row.id });
  await c.t.delete(agent, row.id);
  for (const service of services) {
    const dhcpPort = service.port_id === null ? undefined : await c.t.get(port, service.port_id);
    if (dhcpPort) await removePort(c, dhcpPort, { force: true });
  }
  c.t.wake(services.flatMap((service) => networkKeys(service.network_id)));
  await wakeRouters(
    c,
    routers.map((binding) => binding.router_id),
  );
  if (l2AgentTypes.includes(row.agent_type)) await wakeNeighbours(c, row.host);
}

/** Whether each agent reported in time. */
async function computeAlive(c: ReadContext, rows: readonly AgentRow[]): Promise<Partial<AgentRow>[]> {
  return rows.map((row) => ({ alive: agentIsAlive(c, row) }));
}

/** What the API calls. */
export const agentOperations: Operations<typeof agent> = {
  resource: agent,
  notFound: agentNotFound,
  update: updateAgent,
  remove: removeAgent,
  compute: computeAlive,
};
