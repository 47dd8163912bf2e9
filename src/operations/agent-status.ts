/** What came of host objects on a host: the statuses of ports, routers and floating IPs, and the reasons of failures. */
import { apiTimestamp } from '../lib/clock.ts';
import type { HostObjectKind, StatusReport } from '../model/host-objects.ts';
import { agent, dhcpBinding, floatingip, port, router, routerBinding } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { agentTypes, l2AgentTypes } from '../rules/schedule.ts';
import { routerOwners } from '../rules/wake.ts';
import type { Context } from './context.ts';
import { applyWiring, settleDown } from './trunk-binding.ts';

type StatusEntry = StatusReport['statuses'][number];
type PortStatus = Row<typeof port>['status'];

/** So many failures, and so many characters of each, are kept of one agent. */
const MAX_FAILURES = 50;
const MAX_REASON = 500;

const statusOf = (state: StatusEntry['state']) => (state === 'GONE' ? 'DOWN' : state);

/** Entries by the id of their object, of one kind. */
function ofKind(entries: readonly StatusEntry[], kind: HostObjectKind): Map<string, StatusEntry> {
  const prefix = `${kind}/`;
  return new Map(
    entries.filter((entry) => entry.key.startsWith(prefix)).map((entry) => [entry.key.slice(prefix.length), entry]),
  );
}

/** A status is no change by a person: revision and time stay. */
async function setPortStatus(c: Context, row: Row<typeof port>, status: PortStatus): Promise<void> {
  if (row.status !== status) await c.t.update(port, row.id, { status }, { quiet: true });
}

/** Ports that are bound elsewhere by now are no longer the host's to judge. */
async function applyPorts(c: Context, host: string, entries: Map<string, StatusEntry>): Promise<void> {
  if (entries.size === 0) return;
  const down: string[] = [];
  for (const row of await c.t.find(port, { id: [...entries.keys()], 'binding:host_id': host })) {
    const entry = entries.get(row.id);
    if (!entry) continue;
    await setPortStatus(c, row, statusOf(entry.state));
    if (entry.state !== 'ACTIVE') down.push(row.id);
  }
  await settleDown(c, down);
}

async function applyDhcp(c: Context, host: string, entries: Map<string, StatusEntry>): Promise<void> {
  if (entries.size === 0) return;
  const bindings = await c.t.find(dhcpBinding, { network_id: [...entries.keys()], host });
  if (bindings.length === 0) return;
  for (const row of await c.t.find(port, { id: bindings.flatMap((binding) => binding.port_id ?? []) })) {
    const entry = entries.get(row.network_id);
    if (entry) await setPortStatus(c, row, statusOf(entry.state));
  }
}

/** A router's status is also that of its ports, and of the floating IPs that it carries. */
async function applyRouter(c: Context, row: Row<typeof router>, state: StatusEntry['state']): Promise<void> {
  const status = statusOf(state);
  if (row.status !== status) await c.t.update(router, row.id, { status }, { quiet: true });
  const ports = await c.t.find(port, { device_id: row.id, device_owner: routerOwners });
  for (const each of ports) await setPortStatus(c, each, status);
  const others = (['ACTIVE', 'DOWN', 'ERROR'] as const).filter((other) => other !== status);
  for (const fip of await c.t.find(floatingip, { router_id: row.id, status: others })) {
    await c.t.update(floatingip, fip.id, { status }, { quiet: true });
  }
}

async function applyRouters(c: Context, host: string, entries: Map<string, StatusEntry>): Promise<void> {
  if (entries.size === 0) return;
  const bindings = await c.t.find(routerBinding, { router_id: [...entries.keys()], host });
  if (bindings.length === 0) return;
  for (const row of await c.t.find(router, { id: bindings.map((binding) => binding.router_id) })) {
    const entry = entries.get(row.id);
    if (entry) await applyRouter(c, row, entry.state);
  }
}

interface Failure {
  readonly key: string;
  readonly state: string;
  readonly reason: string;
  readonly since: string;
}

const isFailure = (value: unknown): value is Failure =>
  typeof value === 'object' && value !== null && typeof (value as Failure).key === 'string';

/** The failures of an agent after these entries: what works is struck off, the newest are kept. */
function failuresAfter(before: unknown, entries: readonly StatusEntry[], now: string): Failure[] {
  const known = new Map(
    (Array.isArray(before) ? before : []).filter(isFailure).map((failure) => [failure.key, failure]),
  );
  for (const { key, state, reason } of entries) {
    const was = known.get(key);
    known.delete(key);
    if (state !== 'ERROR' && !(state === 'DOWN' && reason)) continue;
    const text = (reason ?? '').slice(0, MAX_REASON);
    const isSame = was?.state === state && was.reason === text;
    known.set(key, { key, state, reason: text, since: isSame ? was.since : now });
  }
  return [...known.values()].slice(-MAX_FAILURES);
}

function agentTypesOf(key: string): readonly string[] {
  if (key.startsWith('router/')) return [agentTypes.l3];
  return key.startsWith('dhcp/') ? [agentTypes.dhcp] : l2AgentTypes;
}

/** The reasons of failures stand in the configurations of the agent whose work it is: `openstack network agent show`. */
async function noteFailures(c: Context, host: string, entries: readonly StatusEntry[]): Promise<void> {
  const now = apiTimestamp(c.clock.now());
  for (const row of await c.t.find(agent, { host })) {
    const its = entries.filter((entry) => agentTypesOf(entry.key).includes(row.agent_type));
    const before = row.configurations.failures;
    const failures = failuresAfter(before, its, now);
    if (JSON.stringify(failures) === JSON.stringify(before ?? [])) continue;
    await c.t.update(agent, row.id, { configurations: { ...row.configurations, failures } }, { quiet: true });
  }
}

/** Takes what came of host objects on a host. Objects that are not the host's any more are passed over. */
export async function applyStatuses(c: Context, host: string, report: StatusReport): Promise<void> {
  await applyPorts(c, host, ofKind(report.statuses, 'port'));
  await applyDhcp(c, host, ofKind(report.statuses, 'dhcp'));
  await applyRouters(c, host, ofKind(report.statuses, 'router'));
  const trunks = ofKind(report.statuses, 'trunk');
  await applyWiring(c, host, new Map(Array.from(trunks, ([id, { state }]) => [id, state])));
  await noteFailures(c, host, report.statuses);
}
