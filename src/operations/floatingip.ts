/** Floating IPs: taking an address of an external network, and letting it stand for an inside one (neutron/db/l3_db.py). */
import { together } from '../lib/together.ts';
import {
  badRequest,
  externalGatewayForFloatingIpNotFound,
  externalIpAddressExhausted,
  floatingIpInUseByPortForwarding,
  floatingIpNotFound,
  floatingIpPortAlreadyAssociated,
} from '../model/faults.ts';
import { floatingip, port, portForwarding, subnet } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { associatedAddress } from '../rules/floatingip.ts';
import { FLOATING_IP_OWNER } from '../rules/router.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { createPort, removePort } from './port.ts';
import { networkPolicies } from './qos-use.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { routerBetween } from './router-paths.ts';
import { newStandard } from './standard.ts';
import { visibleNetwork, visiblePort, visibleQosPolicy } from './visible.ts';

type FloatingIp = Row<typeof floatingip>;

/** What a floating IP stands for, and who translates. */
type Association = Pick<FloatingIp, 'port_id' | 'fixed_ip_address' | 'router_id'>;

const nothing: Association = { port_id: null, fixed_ip_address: null, router_id: null };

async function create(c: Context, draft: Draft<typeof floatingip>): Promise<FloatingIp> {
  const networkId = draft.floating_network_id ?? '';
  await checkExternal(c, networkId);
  checkAddressHasPort(draft);
  checkNames(draft);
  if (draft.qos_policy_id) await visibleQosPolicy(c, draft.qos_policy_id);
  const standard = newStandard(c, draft);
  await consumeQuota(c, 'floatingip', standard.project_id);
  const { portId, address } = await takeAddress(c, standard.id, networkId, draft);
  const fip = { ...standard, floating_network_id: networkId, floating_ip_address: address };
  const association = draft.port_id ? await associate(c, fip, draft.port_id, draft.fixed_ip_address ?? null) : nothing;
  wakeRouters(c, [association.router_id]);
  return c.t.insert(floatingip, {
    ...fip,
    ...association,
    status: 'DOWN',
    floating_port_id: portId,
    qos_policy_id: draft.qos_policy_id ?? null,
    // Nothing is published without an external DNS service.
    dns_name: '',
    dns_domain: '',
    // Shown from other rows.
    qos_network_policy_id: null,
    subnet_id: null,
    port_details: null,
    port_forwardings: [],
  });
}

async function checkExternal(c: Context, networkId: string): Promise<void> {
  const row = await visibleNetwork(c, networkId);
  if (!row['router:external']) {
    throw badRequest('floatingip', `Network ${networkId} is not a valid external network`);
  }
  if (!(await c.t.first(subnet, { network_id: networkId, ip_version: 4 }))) {
    throw badRequest('floatingip', `Network ${networkId} does not contain any IPv4 subnet`);
  }
}

function checkNames({ dns_name: name = '', dns_domain: domain = '' }: Partial<FloatingIp>): void {
  if (domain !== '' && name === '') throw badRequest('floatingip', 'dns_domain cannot be specified without a dns_name');
  if (name !== '' && domain === '') throw badRequest('floatingip', 'dns_name cannot be specified without a dns_domain');
}

function checkAddressHasPort(given: Partial<FloatingIp>): void {
  if (given.fixed_ip_address && !given.port_id) {
    throw badRequest('floatingip', 'fixed_ip_address cannot be specified without a port_id');
  }
}

// The address is held by a port of no project, which only administrators see.
async function takeAddress(c: Context, id: string, networkId: string, draft: Draft<typeof floatingip>) {
  const asked = {
    ...(draft.subnet_id ? { subnet_id: draft.subnet_id } : {}),
    ...(draft.floating_ip_address ? { ip_address: draft.floating_ip_address } : {}),
  };
  const external = await createPort(
    c,
    {
      project_id: '',
      network_id: networkId,
      admin_state_up: true,
      device_id: id,
      device_owner: FLOATING_IP_OWNER,
      name: '',
      ...(Object.keys(asked).length > 0 ? { fixed_ips: [asked] } : {}),
    },
    { owner: 'system' },
  );
  const address = external.fixed_ips.find((fixed) => fixed.ip_address && !fixed.ip_address.includes(':'))?.ip_address;
  if (address === undefined) throw externalIpAddressExhausted(networkId);
  return { portId: external.id, address };
}

// Decides which address of the port the floating IP stands for, and which router leads there.
async function associate(
  c: Context,
  fip: Pick<FloatingIp, 'id' | 'project_id' | 'floating_network_id' | 'floating_ip_address'>,
  portId: string,
  asked: string | null,
): Promise<Association> {
  const inside = await visiblePort(c, portId);
  const { ip, subnetId } = associatedAddress(inside, asked, fip.project_id, c.caller.isAdmin);
  const insideSubnet = await c.t.get(subnet, subnetId);
  const routerId = insideSubnet && (await routerBetween(c.t, insideSubnet, fip.floating_network_id));
  if (!routerId) throw externalGatewayForFloatingIpNotFound(fip.floating_network_id, subnetId, portId);
  const [other] = await c.t.find(floatingip, {
    port_id: portId,
    fixed_ip_address: ip,
    floating_network_id: fip.floating_network_id,
  });
  if (other && other.id !== fip.id) {
    const named = { id: fip.id, address: fip.floating_ip_address };
    throw floatingIpPortAlreadyAssociated(named, portId, ip, fip.floating_network_id);
  }
  return { port_id: portId, fixed_ip_address: ip, router_id: routerId };
}

async function update(c: Context, row: FloatingIp, changes: Partial<FloatingIp>): Promise<FloatingIp> {
  checkAddressHasPort(changes);
  if (changes.qos_policy_id) await visibleQosPolicy(c, changes.qos_policy_id);
  if (changes.qos_policy_id !== undefined) wakeRouters(c, [row.router_id]);
  // As in Neutron, a change of nothing disassociates it.
  const isBlank = Object.keys(changes).length === 0;
  const { port_id: portId = isBlank ? null : undefined, fixed_ip_address: fixedIp, ...plain } = changes;
  if (portId === undefined) return (await c.t.update(floatingip, row.id, plain)) ?? row;
  const association = await reassociate(c, row, portId, fixedIp ?? null);
  const isSame = association.port_id === row.port_id && association.fixed_ip_address === row.fixed_ip_address;
  const isMoved = !isSame || association.router_id !== row.router_id;
  if (isMoved) wakeRouters(c, [row.router_id, association.router_id]);
  const status = isMoved ? { status: 'DOWN' as const } : {};
  return (await c.t.update(floatingip, row.id, { ...plain, ...association, ...status })) ?? row;
}

async function reassociate(
  c: Context,
  row: FloatingIp,
  portId: string | null,
  fixedIp: string | null,
): Promise<Association> {
  // A floating IP with forwardings stays on its router: there is no port to take it from.
  if (portId === null) return row.port_id === null ? { ...nothing, router_id: row.router_id } : nothing;
  const association = await associate(c, row, portId, fixedIp);
  if (await c.t.first(portForwarding, { floatingip_id: row.id })) throw floatingIpInUseByPortForwarding(row.id);
  return association;
}

async function remove(c: Context, row: FloatingIp): Promise<void> {
  const [forwarding, external] = await together(
    c.t.first(portForwarding, { floatingip_id: row.id }),
    c.t.get(port, row.floating_port_id),
  );
  if (forwarding) throw floatingIpInUseByPortForwarding(row.id);
  await c.t.delete(floatingip, row.id);
  if (external) await removePort(c, external, { force: true });
  await releaseQuota(c, 'floatingip', row.project_id);
  wakeRouters(c, [row.router_id]);
}

function wakeRouters(c: Context, ids: readonly (string | null)[]): void {
  c.t.wake([...new Set(ids)].flatMap((id) => (id ? [`router/${id}` as const] : [])));
}

function detailsOf(row: Row<typeof port> | undefined): FloatingIp['port_details'] {
  if (!row) return null;
  const { name, network_id, mac_address, admin_state_up, status, device_id, device_owner } = row;
  return { name, network_id, mac_address, admin_state_up, status, device_id, device_owner };
}

function forwardingInShort(row: Row<typeof portForwarding>): Record<string, unknown> {
  return {
    id: row.id,
    protocol: row.protocol,
    internal_port_id: row.internal_port_id,
    internal_ip_address: row.internal_ip_address,
    internal_port: row.internal_port,
    internal_port_range: row.internal_port_range,
    external_port: row.external_port,
    external_port_range: row.external_port_range,
  };
}

/** The ports and the forwardings of floating IPs, with one query each. */
async function compute(c: ReadContext, rows: readonly FloatingIp[]): Promise<Partial<FloatingIp>[]> {
  const portIds = [...new Set(rows.flatMap((row) => row.port_id ?? []))];
  const networkIds = rows.map((row) => row.floating_network_id);
  const [ports, forwardings, policies] = await together(
    portIds.length > 0 ? c.r.find(port, { id: portIds }) : Promise.resolve([]),
    rows.length > 0 ? c.r.find(portForwarding, { floatingip_id: rows.map((row) => row.id) }) : Promise.resolve([]),
    networkPolicies(c, networkIds),
  );
  const byId = new Map(ports.map((row) => [row.id, row]));
  const byFloatingIp = Map.groupBy(forwardings, (row) => row.floatingip_id);
  return rows.map((row) => ({
    qos_network_policy_id: policies.get(row.floating_network_id) ?? null,
    dns_name: '',
    dns_domain: '',
    port_details: detailsOf(byId.get(row.port_id ?? '')),
    port_forwardings: (byFloatingIp.get(row.id) ?? []).map(forwardingInShort),
  }));
}

/** What the API calls. */
export const floatingipOperations: Operations<typeof floatingip> = {
  resource: floatingip,
  notFound: floatingIpNotFound,
  create,
  update,
  remove,
  compute,
};
