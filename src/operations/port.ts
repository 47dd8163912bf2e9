/** Ports: creating, changing and deleting them, for users and for the resources that have ports of their own. */
import { together } from '../lib/together.ts';
import {
  deviceIdNotOwnedByProject,
  networkNotFound,
  portBound,
  portNotFound,
  servicePortInUse,
} from '../model/faults.ts';
import { floatingip, localIp, network, port, router } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { changeOfAddresses, type FixedIp, servingSubnets, wishesOfNewPort } from '../rules/ipam.ts';
import type { Context } from './context.ts';
import {
  checkMacFree,
  checkSubnetsExist,
  chooseAddresses,
  fixedIpsOf,
  freeMac,
  giveBackAddresses,
  subnetsOf,
  takeAddresses,
} from './port-addresses.ts';
import { bindingOn, forgetBinding, hostOfDevice } from './port-binding.ts';
import { changedExtras, firstExtras } from './port-extras.ts';
import { checkGroups, checkSecurity, completePairs, isTrusted, setGroups } from './port-groups.ts';
import { releaseForwardings, releasePort } from './port-hooks.ts';
import { checkAddressesOnHost, isRouted, subnetsOnHost } from './port-segments.ts';
import { checkPortPolicy } from './qos-use.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { ensureDefaultGroup, ensureOwnDefaultGroup } from './security-group.ts';
import { newStandard } from './standard.ts';
import { followParent, pluggedIn } from './trunk-binding.ts';
import { checkNotInTrunk } from './trunk-ports.ts';
import { attachableNetwork } from './visible.ts';
import { wakePort } from './wake.ts';

type PortRow = Row<typeof port>;
type NetworkRow = Row<typeof network>;

async function systemNetwork(c: Context, id: string): Promise<NetworkRow> {
  const row = await c.t.get(network, id);
  if (!row) throw networkNotFound(id);
  return row;
}

/** A port may not pass for an interface of another project's router. */
async function checkDevice(c: Context, owner: string, deviceId: string, projectId: string): Promise<void> {
  if (c.caller.isAdmin || owner !== 'network:router_interface' || deviceId === '') return;
  const row = await c.t.get(router, deviceId);
  if (row && row.project_id !== projectId) throw deviceIdNotOwnedByProject(deviceId);
}

async function chooseMac(c: Context, networkId: string, requested: string | undefined): Promise<string> {
  if (requested === undefined || requested === '') return freeMac(c, networkId);
  await checkMacFree(c, networkId, requested);
  return requested;
}

async function chooseFirstAddresses(
  c: Context,
  draft: Draft<typeof port>,
  networkId: string,
  mac: string,
  host: string,
): Promise<Pick<PortRow, 'ip_allocation'> & { fixedIps: FixedIp[] }> {
  const all = await subnetsOf(c, networkId);
  await checkSubnetsExist(c, draft.fixed_ips ?? [], all);
  if (draft.fixed_ips === undefined && host === '' && isRouted(all)) return { ip_allocation: 'deferred', fixedIps: [] };
  const asker = { networkId, deviceOwner: draft.device_owner ?? '', mac };
  const subnets = servingSubnets(await subnetsOnHost(c, networkId, all, host), asker);
  const fixedIps = await chooseAddresses(c, networkId, wishesOfNewPort(draft.fixed_ips, subnets, asker));
  return { ip_allocation: draft.fixed_ips?.length === 0 ? 'none' : 'immediate', fixedIps };
}

type Security = Pick<PortRow, 'port_security_enabled' | 'security_groups' | 'allowed_address_pairs'>;

async function firstSecurity(
  c: Context,
  draft: Draft<typeof port>,
  on: NetworkRow,
  port_: { projectId: string; mac: string; fixedIps: FixedIp[] },
): Promise<Security> {
  const trusted = isTrusted(draft.device_owner ?? '');
  // Groups that are named for a port with addresses say that they shall count.
  const byDefault = on.port_security_enabled || (draft.security_groups !== undefined && port_.fixedIps.length > 0);
  const enabled = !trusted && (draft.port_security_enabled ?? byDefault);
  const requested = trusted ? [] : draft.security_groups;
  let groups = requested ?? [];
  if (requested === undefined && enabled) {
    groups = [await ensureDefaultGroup(c, port_.projectId)];
  }
  await checkGroups(c, groups, port_.projectId);
  const security = {
    port_security_enabled: enabled,
    security_groups: groups,
    allowed_address_pairs: completePairs(draft.allowed_address_pairs ?? [], port_.mac),
  };
  checkSecurity(security, requested);
  return security;
}

/**
 * Creates a port. `owner: 'system'`: made for a router, a floating IP or DHCP: its network need not be visible to the caller,
 * and quota is counted, never refused. A router's port is bound to the host of its router.
 *
 * Faults: NetworkNotFound, SubnetNotFound, InvalidInput, InvalidIpForNetwork, InvalidIpForSubnet, IpAddressAlreadyAllocated,
 * IpAddressGenerationFailure, MacAddressInUse, SecurityGroupNotFound, OverQuota and those of port security.
 */
export async function createPort(
  c: Context,
  draft: Draft<typeof port>,
  options: { owner?: 'system' } = {},
): Promise<PortRow> {
  const system = options.owner === 'system';
  const networkId = draft.network_id ?? '';
  const on = system ? await systemNetwork(c, networkId) : await attachableNetwork(c, networkId);
  const standard = newStandard(c, draft);
  const deviceOwner = draft.device_owner ?? '';
  const deviceId = draft.device_id ?? '';
  if (!system) await checkDevice(c, deviceOwner, deviceId, standard.project_id);
  const [, mac, deviceHost] = await together(
    consumeQuota(c, 'port', standard.project_id, 1, { enforce: !system }),
    chooseMac(c, on.id, draft.mac_address),
    hostOfDevice(c, deviceOwner, deviceId),
    system ? Promise.resolve() : ensureOwnDefaultGroup(c, standard.project_id),
  );
  const host = draft['binding:host_id'] || deviceHost;
  const { fixedIps, ip_allocation } = await chooseFirstAddresses(c, draft, on.id, mac, host);
  await checkPortPolicy(
    c,
    { id: standard.id, qos_policy_id: null, 'binding:vif_type': 'unbound' },
    draft.qos_policy_id,
  );
  const row = await c.t.insert(port, {
    ...standard,
    name: draft.name ?? '',
    network_id: on.id,
    mac_address: mac,
    fixed_ips: fixedIps,
    ip_allocation,
    ...firstExtras(c, draft),
    // Shown from its addresses.
    dns_assignment: [],
    device_id: deviceId,
    device_owner: deviceOwner,
    admin_state_up: draft.admin_state_up ?? true,
    status: 'DOWN',
    ...(await firstSecurity(c, draft, on, { projectId: standard.project_id, mac, fixedIps })),
    ...(await bindingOn(c, host, on, draft['binding:vnic_type'])),
    'binding:vnic_type': draft['binding:vnic_type'] ?? 'normal',
    'binding:profile': draft['binding:profile'] ?? {},
    qos_policy_id: draft.qos_policy_id ?? null,
    device_profile: draft.device_profile ?? null,
    numa_affinity_policy: draft.numa_affinity_policy ?? null,
    // Shown from other rows.
    qos_network_policy_id: null,
    trunk_details: null,
  });
  await together(
    takeAddresses(c, row, fixedIps),
    setGroups(c, row.id, [], row.security_groups),
    wakePort(c, undefined, row),
  );
  return row;
}

async function newMac(c: Context, row: PortRow, requested: string | undefined): Promise<string> {
  if (requested === undefined || requested === row.mac_address) return row.mac_address;
  const vif = row['binding:vif_type'];
  if (vif !== 'unbound' && vif !== 'binding_failed') throw portBound(row.id, vif, row.mac_address, requested);
  return chooseMac(c, row.network_id, requested);
}

/** The new addresses of a port: what stays and comes, and what goes. Those that come are not taken yet. */
async function newAddresses(
  c: Context,
  row: PortRow,
  requested: PortRow['fixed_ips'],
  after: { owner: string; mac: string; host: string },
): Promise<Omit<Readdressing, 'mac'>> {
  const all = await subnetsOf(c, row.network_id);
  await checkSubnetsExist(c, requested, all);
  const asker = { networkId: row.network_id, deviceOwner: after.owner, mac: after.mac };
  const subnets = servingSubnets(await subnetsOnHost(c, row.network_id, all, after.host), asker);
  const { keep, wishes, gone } = changeOfAddresses(fixedIpsOf(row), requested, subnets, asker);
  const come = await chooseAddresses(c, row.network_id, wishes);
  const fixedIps = [...keep, ...come];
  return { fixedIps, come, gone, ip_allocation: fixedIps.length === 0 ? 'none' : 'immediate' };
}

/** A port that comes to a host, or leaves one, has to be wired anew. */
async function newBinding(
  c: Context,
  row: PortRow,
  changes: Partial<PortRow>,
  after: PortRow,
): Promise<Partial<PortRow>> {
  const moved = changes.device_owner !== undefined || changes.device_id !== undefined;
  const deviceHost = moved ? await hostOfDevice(c, after.device_owner, after.device_id) : '';
  const host = changes['binding:host_id'] ?? (deviceHost || row['binding:host_id']);
  const vnicType = changes['binding:vnic_type'] ?? row['binding:vnic_type'];
  const isSame = host === row['binding:host_id'] && vnicType === row['binding:vnic_type'];
  if (isSame && row['binding:vif_type'] !== 'binding_failed') return {};
  if (!isSame) await forgetBinding(c, row.id, host);
  const wired = await bindingOn(c, host, await systemNetwork(c, row.network_id), vnicType);
  const binding = await pluggedIn(c, row.id, wired);
  return host === row['binding:host_id'] ? binding : { ...binding, status: 'DOWN' };
}

interface Readdressing {
  readonly mac: string;
  readonly fixedIps: PortRow['fixed_ips'];
  readonly come: readonly FixedIp[];
  readonly gone: readonly FixedIp[];
  readonly ip_allocation: PortRow['ip_allocation'];
}

/** The addresses that waited for the port to have a host. */
async function deferredAddresses(
  c: Context,
  row: PortRow,
  after: { owner: string; mac: string; host: string },
): Promise<Omit<Readdressing, 'mac'>> {
  const draft = { device_owner: after.owner };
  const { fixedIps, ip_allocation } = await chooseFirstAddresses(c, draft, row.network_id, after.mac, after.host);
  return { fixedIps, come: fixedIps, gone: [], ip_allocation };
}

/** The MAC and IP addresses after a change. Automatic addresses follow the MAC address, so that alone can change them. */
async function readdress(c: Context, row: PortRow, changes: Partial<PortRow>, owner: string): Promise<Readdressing> {
  const mac = await newMac(c, row, changes.mac_address);
  const host = changes['binding:host_id'] ?? row['binding:host_id'];
  const arrives = host !== '' && host !== row['binding:host_id'];
  if (changes.fixed_ips === undefined && mac === row.mac_address) {
    const deferred = row.ip_allocation === 'deferred' && arrives;
    if (deferred) return { mac, ...(await deferredAddresses(c, row, { owner, mac, host })) };
    if (arrives) await checkAddressesOnHost(c, row, host);
    return { mac, fixedIps: row.fixed_ips, come: [], gone: [], ip_allocation: row.ip_allocation };
  }
  return { mac, ...(await newAddresses(c, row, changes.fixed_ips ?? row.fixed_ips, { owner, mac, host })) };
}

/** The security of a port after a change. One that is handed to a device of the system's loses it: those are trusted. */
function securityAfter(row: PortRow, changes: Partial<PortRow>, owner: string, mac: string): Security {
  if (isTrusted(owner) && !isTrusted(row.device_owner)) {
    return { port_security_enabled: false, security_groups: [], allowed_address_pairs: [] };
  }
  const pairs = changes.allowed_address_pairs;
  return {
    port_security_enabled: changes.port_security_enabled ?? row.port_security_enabled,
    security_groups: changes.security_groups ?? row.security_groups,
    allowed_address_pairs: pairs ? completePairs(pairs, mac) : row.allowed_address_pairs,
  };
}

/** The addresses of `gone` that the port does not have in another subnet. */
function goneIps(result: PortRow, gone: readonly FixedIp[]): string[] {
  const left = new Set(fixedIpsOf(result).map((fixedIp) => fixedIp.ip_address));
  return gone.map((fixedIp) => fixedIp.ip_address).filter((ip) => !left.has(ip));
}

/**
 * Changes a port. Addresses that it loses are free again at once, and forwardings to them go.
 *
 * Faults: those of createPort, and PortBound for the MAC address of a port that is wired.
 */
export async function updatePort(c: Context, row: PortRow, changes: Partial<PortRow>): Promise<PortRow> {
  const owner = changes.device_owner ?? row.device_owner;
  await checkDevice(c, owner, changes.device_id ?? row.device_id, row.project_id);
  if (changes.security_groups) await checkGroups(c, changes.security_groups, row.project_id);
  await checkPortPolicy(c, row, changes.qos_policy_id);
  const { mac, fixedIps, come, gone, ip_allocation } = await readdress(c, row, changes, owner);
  const security = securityAfter(row, changes, owner, mac);
  checkSecurity(security, changes.security_groups);
  const after: PortRow = { ...row, ...changes, ...security, mac_address: mac, fixed_ips: fixedIps };
  await giveBackAddresses(c, gone);
  const result = await c.t.update(port, row.id, {
    ...changes,
    ...security,
    mac_address: mac,
    fixed_ips: fixedIps,
    ip_allocation,
    ...changedExtras(c, row, changes),
    ...(await newBinding(c, row, changes, after)),
  });
  if (!result) throw portNotFound(row.id);
  await takeAddresses(c, result, come);
  await setGroups(c, row.id, row.security_groups, result.security_groups);
  await wakePort(c, row, result);
  await followParent(c, row, result);
  await releaseForwardings(c, result, goneIps(result, gone));
  return result;
}

/** Throws ServicePortInUse for a port whose router or floating IP is there (Neutron's prevent_l3_port_deletion). */
async function checkNotInService(c: Context, row: PortRow): Promise<void> {
  const owner = row.device_owner;
  const isRouters = owner === 'network:router_interface' || owner === 'network:router_gateway';
  if (!isRouters && owner !== 'network:floatingip') return;
  const user = isRouters ? await c.t.get(router, row.device_id) : await c.t.get(floatingip, row.device_id);
  if (user) throw servicePortInUse(row.id, `has device owner ${owner}`);
}

/** Throws ServicePortInUse for a port whose address a local IP has. */
async function checkNoLocalIp(c: Context, portId: string): Promise<void> {
  if (await c.t.first(localIp, { local_port_id: portId }))
    throw servicePortInUse(portId, 'still referenced by Local IPs');
}

/** Deletes a port. `force`: also one that a router or a floating IP has, which is otherwise ServicePortInUse. */
export async function removePort(c: Context, row: PortRow, options: { force?: boolean } = {}): Promise<void> {
  await together(
    options.force ? Promise.resolve() : checkNotInService(c, row),
    checkNotInTrunk(c, row.id),
    checkNoLocalIp(c, row.id),
  );
  await releasePort(c, row);
  await c.t.delete(port, row.id);
  await releaseQuota(c, 'port', row.project_id);
  await wakePort(c, row, undefined);
}
