/** Subnets. */
import { gatewayIpInUse, subnetInUse, subnetNotFound } from '../model/faults.ts';
import { ipAllocation, network, port, subnet } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { checkMtuForSubnets } from '../rules/mtu.ts';
import {
  checkChangedSubnet,
  checkNewSubnet,
  checkServiceTypes,
  defaultGateway,
  defaultPools,
  isAutoAddressed,
  prefixOfSubnet,
} from '../rules/subnet.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { subnetsOf } from './port-addresses.ts';
import { addAutoAddresses, dropAddressesIn, holdersIn } from './port-auto-addresses.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { scheduleDhcp } from './schedule.ts';
import { type NewStandard, newStandard } from './standard.ts';
import { type Allocated, allocatePrefix, releasePrefix } from './subnet-allocation.ts';
import { routedChanges, routedRow, routePeers } from './subnet-peers.ts';
import { checkChangedSegment, checkNewSegment } from './subnet-segment.ts';
import { visibleNetwork } from './visible.ts';
import { wakeSubnet } from './wake.ts';

type SubnetRow = Row<typeof subnet>;

/** The row of a request, with the gateway and the pools that it leaves out. */
function completed(standard: NewStandard, draft: Draft<typeof subnet>, allocated: Allocated): SubnetRow {
  const cidr = prefixOfSubnet(allocated);
  const gateway = draft.gateway_ip === undefined ? defaultGateway(cidr) : draft.gateway_ip;
  return {
    ...standard,
    ...allocated,
    use_default_subnetpool: false,
    prefixlen: cidr.length,
    'router:external': false,
    name: draft.name ?? '',
    network_id: draft.network_id ?? '',
    ip_version: draft.ip_version ?? 4,
    gateway_ip: gateway,
    allocation_pools: draft.allocation_pools ?? defaultPools(cidr, gateway),
    dns_nameservers: draft.dns_nameservers ?? [],
    host_routes: draft.host_routes ?? [],
    enable_dhcp: draft.enable_dhcp ?? true,
    segment_id: draft.segment_id ?? null,
    ipv6_ra_mode: draft.ipv6_ra_mode ?? null,
    ipv6_address_mode: draft.ipv6_address_mode ?? null,
    service_types: draft.service_types ?? [],
    dns_publish_fixed_ip: draft.dns_publish_fixed_ip ?? false,
  };
}

/** A network shows its subnets, so a change of them is one of it. */
function touchNetwork(c: Context, networkId: string): Promise<void> {
  return c.t.touch(network, networkId);
}

async function createSubnet(c: Context, draft: Draft<typeof subnet>): Promise<SubnetRow> {
  const on = await visibleNetwork(c, draft.network_id ?? '');
  const others = await subnetsOf(c, on.id);
  const standard = newStandard(c, draft);
  await consumeQuota(c, 'subnet', standard.project_id);
  const row = completed(standard, draft, await allocatePrefix(c, draft, standard.project_id, others));
  checkNewSubnet(
    c.settings,
    row,
    on.id,
    others.map((other) => other.cidr),
  );
  checkServiceTypes(row.service_types);
  checkMtuForSubnets(on.id, on.mtu, [row.ip_version]);
  await checkNewSegment(c, row, others);
  const result = await c.t.insert(subnet, routedRow(c, row, others));
  await touchNetwork(c, on.id);
  await routePeers(c, result, others);
  if (isAutoAddressed(result)) await addAutoAddresses(c, result);
  await scheduleDhcp(c, on.id);
  await wakeSubnet(c, undefined, result);
  return result;
}

/** A gateway that a router's interface has cannot be changed. */
async function checkGatewayUnused(c: Context, row: SubnetRow): Promise<void> {
  if (row.gateway_ip === null) return;
  const used = await c.t.first(ipAllocation, { subnet_id: row.id, ip_address: row.gateway_ip });
  const holder = used && (await c.t.get(port, used.port_id));
  if (holder?.device_owner === 'network:router_interface') throw gatewayIpInUse(row.gateway_ip, holder.id);
}

async function updateSubnet(c: Context, row: SubnetRow, changes: Partial<SubnetRow>): Promise<SubnetRow> {
  const after: SubnetRow = { ...row, ...changes };
  checkChangedSubnet(c.settings, row, after, row.id);
  checkServiceTypes(after.service_types);
  if (after.gateway_ip !== row.gateway_ip) await checkGatewayUnused(c, row);
  if (after.segment_id !== row.segment_id) {
    const others = (await subnetsOf(c, row.network_id)).filter((other) => other.id !== row.id);
    await checkChangedSegment(c, row, after.segment_id, others);
  }
  const result = await c.t.update(subnet, row.id, { ...changes, ...(await routedChanges(c, row, after)) });
  if (!result) throw subnetNotFound(row.id);
  if (result.enable_dhcp !== row.enable_dhcp) await scheduleDhcp(c, row.network_id);
  await wakeSubnet(c, row, result);
  return result;
}

/** More holders than this are not all DHCP's. */
const MAX_SERVICES = 50;

/**
 * Takes the subnet's addresses from the ports that go without asking: DHCP's, and all but routers' where addresses follow from
 * MAC addresses. A port that holds one of its own is SubnetInUse.
 */
async function releaseAddresses(c: Context, row: SubnetRow): Promise<void> {
  const auto = isAutoAddressed(row);
  const holders = await holdersIn(c, row.id, auto ? undefined : MAX_SERVICES);
  const holds = (owner: string) => (auto ? owner === 'network:router_interface' : owner !== 'network:dhcp');
  if (holders.some((holder) => holds(holder.device_owner))) throw subnetInUse(row.id);
  for (const holder of holders) await dropAddressesIn(c, holder, row.id);
}

async function removeSubnet(c: Context, row: SubnetRow): Promise<void> {
  await releaseAddresses(c, row);
  await c.t.delete(subnet, row.id);
  await releasePrefix(c, row);
  await releaseQuota(c, 'subnet', row.project_id);
  await touchNetwork(c, row.network_id);
  await routePeers(c, row, await subnetsOf(c, row.network_id), row.cidr);
  await scheduleDhcp(c, row.network_id);
  await wakeSubnet(c, row, undefined);
}

/** Whether the network of each subnet is external, with one query. */
async function computeExternal(c: ReadContext, rows: readonly SubnetRow[]): Promise<Partial<SubnetRow>[]> {
  const ids = [...new Set(rows.map((row) => row.network_id))];
  const networks = ids.length > 0 ? await c.r.find(network, { id: ids }) : [];
  const external = new Set(networks.filter((row) => row['router:external']).map((row) => row.id));
  return rows.map((row) => ({ 'router:external': external.has(row.network_id) }));
}

/** What the API calls. */
export const subnetOperations: Operations<typeof subnet> = {
  resource: subnet,
  notFound: subnetNotFound,
  create: createSubnet,
  update: updateSubnet,
  remove: removeSubnet,
  compute: computeExternal,
};
