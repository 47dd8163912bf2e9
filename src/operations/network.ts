/** Networks. */
import { together } from '../lib/together.ts';
import { invalidSharedSetting, networkInUse, networkNotFound } from '../model/faults.ts';
import { network, port, type segment, subnet } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { ACCESS_SHARED } from '../model/resources/rbac-policy.ts';
import { networkKeys } from '../rules/wake.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { defaultOf, removeIdle, shareExternal } from './network-external.ts';
import { changedMtu, newMtu } from './network-mtu.ts';
import { scopesOfNetworks } from './network-scopes.ts';
import { segmentsOf, takeSegment, travelBy } from './network-segment.ts';
import { chooseSegments } from './network-segments.ts';
import { removePort } from './port.ts';
import { subnetsOf } from './port-addresses.ts';
import { isRouted } from './port-segments.ts';
import { checkNetworkPolicy, policyOfNewNetwork } from './qos-use.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { ensureOwnDefaultGroup } from './security-group.ts';
import { namedTargets, type SharedObject, shareable } from './sharing.ts';
import { newStandard } from './standard.ts';
import { releasePrefix } from './subnet-allocation.ts';
import { wakeNetwork, wakeNetworkPolicy } from './wake.ts';
import { checkHints, zonesOfNetworks } from './zones.ts';

type NetworkRow = Row<typeof network>;

async function createNetwork(c: Context, draft: Draft<typeof network>): Promise<NetworkRow> {
  const standard = newStandard(c, draft);
  const [, , , segments] = await together(
    consumeQuota(c, 'network', standard.project_id),
    ensureOwnDefaultGroup(c, standard.project_id),
    checkHints(c, 'network', draft.availability_zone_hints ?? []),
    chooseSegments(c, draft, standard.project_id),
  );
  const [first] = segments;
  const row = await c.t.insert(network, {
    ...standard,
    name: draft.name ?? '',
    admin_state_up: draft.admin_state_up ?? true,
    status: 'ACTIVE',
    subnets: [],
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    shared: draft.shared ?? false,
    'router:external': draft['router:external'] ?? false,
    is_default: await defaultOf(c, standard.id, draft['router:external'] ?? false, draft.is_default ?? false),
    project_default: draft.project_default ?? false,
    'provider:network_type': first?.type ?? null,
    'provider:physical_network': first?.physicalNetwork ?? null,
    'provider:segmentation_id': first?.id ?? null,
    segments: [],
    several_segments: segments.length > 1,
    l2_adjacency: true,
    dns_domain: draft.dns_domain ?? '',
    mtu: newMtu(c, segments, draft.mtu),
    port_security_enabled: draft.port_security_enabled ?? true,
    qos_policy_id: await policyOfNewNetwork(c, standard, draft.qos_policy_id ?? null),
    availability_zones: [],
    availability_zone_hints: draft.availability_zone_hints ?? [],
    withdrawn: false,
  });
  for (const [position, one] of segments.entries()) await takeSegment(c, row.id, one, { position });
  await shareExternal(c, row, false, row['router:external']);
  return row;
}

/** A network that others use stays shared: ports of the system's devices are no use by anybody, subnets are. */
async function checkUnshare(c: Context, row: SharedObject): Promise<void> {
  const allowed = ['', row.project_id, ...(await namedTargets(c.t, row.id, ACCESS_SHARED))];
  const others = {
    op: 'and',
    of: [
      { op: 'in', column: 'network_id', values: [row.id] },
      { op: 'not', of: { op: 'in', column: 'project_id', values: allowed } },
    ],
  } as const;
  const isDevice = { op: 'in', column: 'device_owner', values: systemOwners } as const;
  const [foreignPort] = await c.t.list(port, { op: 'and', of: [others, { op: 'not', of: isDevice }] }, { limit: 1 });
  const [foreignSubnet] = await c.t.list(subnet, others, { limit: 1 });
  if (foreignPort || foreignSubnet) throw invalidSharedSetting((row as NetworkRow).name);
}

/** The owners of ports that the system makes. */
const systemOwners = [
  'network:dhcp',
  'network:router_interface',
  'network:router_gateway',
  'network:floatingip',
] as const;

async function updateNetwork(c: Context, row: NetworkRow, changes: Partial<NetworkRow>): Promise<NetworkRow> {
  const external = changes['router:external'];
  if (external !== undefined) await shareExternal(c, row, row['router:external'], external);
  await checkNetworkPolicy(c, row, changes.qos_policy_id);
  const mtu = changes.mtu === undefined ? row.mtu : await changedMtu(c, row, changes.mtu);
  const is_default = await defaultOf(
    c,
    row.id,
    external ?? row['router:external'],
    changes.is_default ?? row.is_default,
  );
  const result = await c.t.update(network, row.id, {
    ...changes,
    ...(changes.mtu === undefined ? {} : { mtu }),
    ...(is_default === row.is_default && changes.is_default === undefined ? {} : { is_default }),
  });
  if (!result) throw networkNotFound(row.id);
  if (result.mtu !== row.mtu || result.admin_state_up !== row.admin_state_up) await wakeNetwork(c, row.id);
  if (result.qos_policy_id !== row.qos_policy_id) await wakeNetworkPolicy(c, [row.id]);
  return result;
}

/** Deletes a network with its subnets and DHCP ports; any other port of it is NetworkInUse. */
async function removeNetwork(c: Context, row: NetworkRow): Promise<void> {
  const others = {
    op: 'and',
    of: [
      { op: 'in', column: 'network_id', values: [row.id] },
      { op: 'not', of: { op: 'in', column: 'device_owner', values: ['network:dhcp'] } },
    ],
  } as const;
  if (row['router:external']) await removeIdle(c, row.id);
  const [used] = await c.t.list(port, others, { limit: 1 });
  if (used) throw networkInUse(row.id);
  for (const dhcp of await c.t.find(port, { network_id: row.id })) await removePort(c, dhcp, { force: true });
  for (const on of await subnetsOf(c, row.id)) {
    await c.t.delete(subnet, on.id);
    await releasePrefix(c, on);
    await releaseQuota(c, 'subnet', on.project_id);
  }
  await c.t.delete(network, row.id);
  await releaseQuota(c, 'network', row.project_id);
  c.t.wake(networkKeys(row.id));
}

/** The ways of a network with several segments, in place of the one that its own columns name. */
function manyWays(segments: readonly Row<typeof segment>[]): Partial<NetworkRow> {
  return {
    segments: segments.map((row) => ({ ...travelBy(row), 'provider:network_type': row.network_type })),
    'provider:network_type': null,
    'provider:physical_network': null,
    'provider:segmentation_id': null,
  };
}

/** The subnets of each network, their zones, and the segments of those that have several: a few queries. */
async function compute(c: ReadContext, rows: readonly NetworkRow[]): Promise<Partial<NetworkRow>[]> {
  const ids = rows.map((row) => row.id);
  const [subnets, zones] = await together(
    rows.length > 0 ? c.r.find(subnet, { network_id: ids }) : Promise.resolve([]),
    zonesOfNetworks(c.r, ids),
  );
  const byNetwork = Map.groupBy(subnets, (row) => row.network_id);
  const several = rows.filter((row) => row.several_segments).map((row) => row.id);
  const segments = several.length > 0 ? await segmentsOf(c.r, several) : [];
  const scopesOf = await scopesOfNetworks(c, subnets);
  return rows.map((row) => {
    const own = byNetwork.get(row.id) ?? [];
    const ways = row.several_segments ? manyWays(segments.filter((each) => each.network_id === row.id)) : {};
    return {
      ...{ segments: undefined, ...ways },
      subnets: own.map((on) => on.id),
      l2_adjacency: !isRouted(own),
      is_default: row['router:external'] ? row.is_default : undefined,
      availability_zones: zones.get(row.id) ?? [],
      ...scopesOf(row.id),
    };
  });
}

/** What the API calls. */
export const networkOperations: Operations<typeof network> = shareable(
  {
    resource: network,
    notFound: networkNotFound,
    create: createNetwork,
    update: updateNetwork,
    remove: removeNetwork,
    compute,
  },
  { checkUnshare },
);
