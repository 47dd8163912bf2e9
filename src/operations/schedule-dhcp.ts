/** Which hosts serve DHCP on which network, and the ports of those services. */
import { together } from '../lib/together.ts';
import { Fault } from '../model/faults.ts';
import { agent, dhcpBinding, network, port } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { agentTypes, type Candidate, chooseDhcpAgents, isAlive, isInZones } from '../rules/schedule.ts';
import type { Context } from './context.ts';
import { segmentsOf, segmentsOnHost } from './network-segment.ts';
import { createPort, removePort, updatePort } from './port.ts';
import { fixedIpsOf, subnetsOf } from './port-addresses.ts';
import { isRouted } from './port-segments.ts';
import { ableAgents, hintedZones, usableAgents, withLoads } from './schedule-agents.ts';
import { dhcpDeviceId } from './schedule-device.ts';

type NetworkRow = Row<typeof network>;
type Binding = Row<typeof dhcpBinding>;
type AddressRequest = { subnet_id: string }[];

/** A subnet without a free address for DHCP is no reason to refuse what the user asked for: it goes unserved. */
async function unlessFull<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Fault && error.type === 'IpAddressGenerationFailure') return undefined;
    throw error;
  }
}

function createDhcpPort(c: Context, on: NetworkRow, host: string, requests: AddressRequest) {
  const draft = {
    network_id: on.id,
    project_id: on.project_id,
    device_owner: 'network:dhcp',
    device_id: dhcpDeviceId(host, on.id),
    fixed_ips: requests,
    'binding:host_id': host,
  };
  return unlessFull(createPort(c, draft, { owner: 'system' }));
}

type To = Pick<Candidate, 'id' | 'host'>;

/** On a routed network a service has addresses of the segments of its host. */
async function requestsOn(c: Context, on: NetworkRow, host: string, requests: AddressRequest): Promise<AddressRequest> {
  const subnets = await subnetsOf(c, on.id);
  if (!isRouted(subnets)) return requests;
  const usable = await segmentsOnHost(c.t, await segmentsOf(c.t, on.id), host);
  const here = new Set(subnets.filter((row) => usable.some(({ id }) => id === row.segment_id)).map((row) => row.id));
  return requests.filter((request) => here.has(request.subnet_id));
}

async function bind(c: Context, on: NetworkRow, to: To, all: AddressRequest): Promise<void> {
  const requests = await requestsOn(c, on, to.host, all);
  if (requests.length === 0) return;
  const made = await createDhcpPort(c, on, to.host, requests);
  if (!made) return;
  await c.t.insert(dhcpBinding, { network_id: on.id, agent_id: to.id, host: to.host, port_id: made.id });
}

async function unbind(c: Context, binding: Binding): Promise<void> {
  await c.t.deleteMany(dhcpBinding, { network_id: binding.network_id, agent_id: binding.agent_id });
  const row = binding.port_id === null ? undefined : await c.t.get(port, binding.port_id);
  if (row) await removePort(c, row, { force: true });
  c.t.wake([`dhcp/${binding.network_id}`, `network/${binding.network_id}`]);
}

/** The port of a service that stays has an address of each subnet that it serves, and no other. */
async function keep(c: Context, on: NetworkRow, binding: Binding, all: AddressRequest): Promise<void> {
  const row = binding.port_id === null ? undefined : await c.t.get(port, binding.port_id);
  if (!row) {
    await c.t.deleteMany(dhcpBinding, { network_id: on.id, agent_id: binding.agent_id });
    return bind(c, on, { id: binding.agent_id, host: binding.host }, all);
  }
  const requests = await requestsOn(c, on, binding.host, all);
  if (requests.length === 0) return unbind(c, binding);
  const has = new Set(fixedIpsOf(row).map((fixedIp) => fixedIp.subnet_id));
  const same = has.size === requests.length && requests.every((request) => has.has(request.subnet_id));
  if (!same) await unlessFull(updatePort(c, row, { fixed_ips: requests }));
}

/** An address of each subnet that has DHCP on. */
async function requestsOf(c: Context, networkId: string): Promise<AddressRequest> {
  return (await subnetsOf(c, networkId)).filter((row) => row.enable_dhcp).map((row) => ({ subnet_id: row.id }));
}

async function setWithdrawn(c: Context, networkId: string, withdrawn: boolean): Promise<void> {
  await c.t.update(network, networkId, { withdrawn }, { quiet: true });
}

/** Lets one more agent serve a network, chosen by hand; where there is nothing to serve (yet) it is bound without a port. */
export async function serveNetwork(c: Context, on: NetworkRow, to: To): Promise<void> {
  const requests = await requestsOf(c, on.id);
  if (requests.length > 0) await bind(c, on, to, requests);
  if (!(await c.t.first(dhcpBinding, { network_id: on.id, agent_id: to.id }))) {
    await c.t.insert(dhcpBinding, { network_id: on.id, agent_id: to.id, host: to.host, port_id: null });
  }
  if (on.withdrawn) await setWithdrawn(c, on.id, false);
  c.t.wake([`dhcp/${on.id}`, `network/${on.id}`]);
}

/** Takes a network from an agent by hand. Without any agent it waits for its next change, or for a hand that gives it one. */
export async function stopServing(c: Context, binding: Binding): Promise<void> {
  await unbind(c, binding);
  if (!(await c.t.first(dhcpBinding, { network_id: binding.network_id })))
    await setWithdrawn(c, binding.network_id, true);
}

/**
 * Brings the DHCP services of a network in line with its subnets: with a subnet that has DHCP on, up to dhcp_agents_per_network
 * agents serve it, each with a port that has an address of each such subnet; without one, none.
 */
export async function scheduleDhcp(c: Context, networkId: string): Promise<void> {
  const on = await c.t.get(network, networkId);
  if (!on) return;
  const [requests, bound] = await together(requestsOf(c, networkId), c.t.find(dhcpBinding, { network_id: networkId }));
  if (requests.length === 0) {
    // One without a port was made by hand, for the subnets that are to come.
    for (const binding of bound) if (binding.port_id !== null) await unbind(c, binding);
    return;
  }
  if (on.withdrawn) await setWithdrawn(c, networkId, false);
  const count = c.settings.dhcpAgentsPerNetwork;
  const usable = await usableAgents(c, agentTypes.dhcp);
  const able = await ableAgents(c, usable, on['provider:physical_network']);
  const zones = hintedZones(c, on.availability_zone_hints);
  const choice = chooseDhcpAgents(
    bound.map((binding) => binding.agent_id),
    await withLoads(c, able, dhcpBinding, count),
    count,
    ({ zone = null }) => isInZones({ availability_zone: zone }, zones),
  );
  for (const binding of bound) {
    if (choice.drop.includes(binding.agent_id)) await unbind(c, binding);
    else await keep(c, on, binding, requests);
  }
  for (const to of choice.add) await bind(c, on, to, requests);
}

/** So many networks are taken from agents that are down at a time; the rest at the next reports. */
const MOVES = 100;

/**
 * Hands the DHCP services of agents that have long been down to others (Neutron's allow_automatic_dhcp_failover): after twice
 * agent_down_time, so that a restart moves nothing.
 */
export async function replaceDeadDhcp(c: Context): Promise<void> {
  const agents = await c.t.find(agent, { agent_type: agentTypes.dhcp });
  const limit = 2 * c.settings.agentDownTimeSeconds;
  const dead = agents.filter((row) => !isAlive(row, c.clock.now(), limit)).map((row) => row.id);
  if (dead.length === 0 || dead.length === agents.length) return;
  const bindings = await c.t.find(dhcpBinding, { agent_id: dead });
  for (const binding of bindings.slice(0, MOVES)) await scheduleDhcp(c, binding.network_id);
}
