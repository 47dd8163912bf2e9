/** Interfaces of routers: `add_router_interface` and `remove_router_interface` (neutron/db/l3_db.py). */
import {
  badRequest,
  portInUse,
  routerInterfaceInUseByFloatingIp,
  routerInterfaceInUseByRoute,
  routerInterfaceNotFound,
  routerInterfaceNotFoundForSubnet,
  subnetMismatchForPort,
} from '../model/faults.ts';
import { floatingip, port, portForwarding, rbacPolicy, router, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { ACCESS_SHARED } from '../model/resources/rbac-policy.ts';
import { Problem, uuid } from '../model/types.ts';
import {
  checkAddressMode,
  checkInPools,
  checkInterfacePort,
  checkNoOverlap,
  checkOneIpv6PortPerNetwork,
  GATEWAY_OWNER,
  hasIpv6,
  INTERFACE_OWNER,
  routeNeedsSubnet,
} from '../rules/router.ts';
import type { Condition } from '../store/query.ts';
import type { Context } from './context.ts';
import { createPort, removePort, updatePort } from './port.ts';
import { checkSubnetNotProxied } from './router-ndp-proxy.ts';
import { interfacePorts, routerPorts, subnetsOf } from './router-paths.ts';
import { scheduleRouter } from './schedule.ts';
import { visiblePort, visibleSubnet } from './visible.ts';

type RouterRow = Row<typeof router>;
type PortRow = Row<typeof port>;
type SubnetRow = Row<typeof subnet>;

/** What both actions answer with. `subnet_id` is kept for clients from before IPv6 prefixes shared a port. */
export interface InterfaceInfo {
  readonly id: string;
  readonly tenant_id: string;
  readonly project_id: string;
  readonly network_id: string;
  readonly port_id: string;
  readonly subnet_id: string | null;
  readonly subnet_ids: readonly string[];
}

function info(
  routerId: string,
  of: PortRow,
  subnetId: string | undefined,
  subnets: readonly SubnetRow[],
): InterfaceInfo {
  return {
    id: routerId,
    tenant_id: of.project_id,
    project_id: of.project_id,
    network_id: of.network_id,
    port_id: of.id,
    subnet_id: subnetId ?? null,
    subnet_ids: subnets.map((row) => row.id),
  };
}

function idIn(body: Record<string, unknown>, name: 'port_id' | 'subnet_id'): string | undefined {
  if (!Object.hasOwn(body, name)) return undefined;
  const id = uuid().parse(body[name]);
  if (id instanceof Problem) throw badRequest('router', `Invalid ${name}: expected ${id.expected}, found ${id.found}`);
  return id;
}

function readBody(body: Record<string, unknown>): { portId?: string; subnetId?: string } {
  const unknown = Object.keys(body).find((name) => name !== 'port_id' && name !== 'subnet_id');
  if (unknown !== undefined) {
    throw badRequest('router', `Expected port_id or subnet_id, found ${JSON.stringify(unknown.slice(0, 64))}`);
  }
  const [portId, subnetId] = [idIn(body, 'port_id'), idIn(body, 'subnet_id')];
  if (portId === undefined && subnetId === undefined) {
    throw badRequest('router', 'Either subnet_id or port_id must be specified');
  }
  return { ...(portId ? { portId } : {}), ...(subnetId ? { subnetId } : {}) };
}

/**
 * Gives the router an interface: on a subnet, at its gateway address, or by a port that is there. 400: no gateway address, a
 * prefix that overlaps what the router has, a foreign subnet; 409: the port or the address is in use.
 */
export async function addInterface(c: Context, row: RouterRow, body: Record<string, unknown>): Promise<InterfaceInfo> {
  const { portId, subnetId } = readBody(body);
  if (portId !== undefined && subnetId !== undefined) {
    throw badRequest('router', 'Cannot specify both subnet-id and port-id');
  }
  const added = portId !== undefined ? await addByPort(c, row, portId) : await addBySubnet(c, row, subnetId ?? '');
  await scheduleRouter(c, row.id);
  await c.t.touch(router, row.id);
  c.t.wake([`router/${row.id}`]);
  return info(row.id, added.port, added.subnets.at(-1)?.id, added.subnets);
}

// What a router is connected to counts with all subnets of the gateway's network: its gateway may get an address of any.
async function checkConnectable(c: Context, ports: readonly PortRow[], added: readonly SubnetRow[]): Promise<void> {
  const gateway = ports.find((candidate) => candidate.device_owner === GATEWAY_OWNER);
  const external = gateway ? await c.t.find(subnet, { network_id: gateway.network_id }) : [];
  const inside = await subnetsOf(
    c.t,
    ports.filter((candidate) => candidate !== gateway),
  );
  checkNoOverlap(ports, [...inside, ...external], added);
}

// A network that is shared with everybody takes no router of another project, one that is shared with the project does.
async function isSharedByName(c: Context, networkId: string): Promise<boolean> {
  const match = { object_id: networkId, action: ACCESS_SHARED, target_tenant: c.caller.projectId };
  return (await c.t.first(rbacPolicy, match)) !== undefined;
}

async function addBySubnet(c: Context, row: RouterRow, subnetId: string) {
  const on = await visibleSubnet(c, subnetId);
  if (!on.gateway_ip) throw badRequest('router', 'Subnet for router interface must have a gateway IP');
  if (on.project_id !== c.caller.projectId && !c.caller.isAdmin && !(await isSharedByName(c, on.network_id))) {
    throw badRequest(
      'router',
      `Cannot add interface to router because subnet ${on.id} is not owned by project making the request`,
    );
  }
  checkAddressMode(on);
  const ports = await routerPorts(c.t, row.id);
  await checkConnectable(c, ports, [on]);
  const address = { subnet_id: on.id, ip_address: on.gateway_ip };
  // IPv6 prefixes of one network share one port of the router.
  const shared = ports.find(
    (candidate) =>
      on.ip_version === 6 &&
      candidate.device_owner === INTERFACE_OWNER &&
      candidate.network_id === on.network_id &&
      hasIpv6(candidate),
  );
  if (shared) {
    const changed = await updatePort(c, shared, { fixed_ips: [...shared.fixed_ips, address] });
    return { port: changed, subnets: [on] };
  }
  const draft = {
    project_id: row.project_id,
    network_id: on.network_id,
    fixed_ips: [address],
    admin_state_up: true,
    device_id: row.id,
    device_owner: INTERFACE_OWNER,
    name: '',
  };
  return { port: await createPort(c, draft, { owner: 'system' }), subnets: [on] };
}

async function addByPort(c: Context, row: RouterRow, portId: string) {
  const given = await visiblePort(c, portId);
  if (given.device_id !== '') throw portInUse(given.id, given.network_id, given.device_id);
  const subnets = await subnetsOf(c.t, [given]);
  checkInterfacePort(given, subnets);
  const ports = await routerPorts(c.t, row.id);
  checkOneIpv6PortPerNetwork(ports, given);
  await checkConnectable(c, ports, subnets);
  if (!c.caller.isAdmin) checkInPools(given, subnets, c.caller.projectId);
  const changed = await updatePort(c, given, {
    device_id: row.id,
    device_owner: INTERFACE_OWNER,
  });
  return { port: changed, subnets };
}

/**
 * Takes an interface away: the one by `port_id`, or on `subnet_id`; both must belong together. 409 while floating IPs,
 * forwardings, routes or NDP proxies need it.
 */
export async function removeInterface(
  c: Context,
  row: RouterRow,
  body: Record<string, unknown>,
): Promise<InterfaceInfo> {
  const { portId, subnetId } = readBody(body);
  const removed =
    portId !== undefined ? await removeByPort(c, row, portId, subnetId) : await removeBySubnet(c, row, subnetId ?? '');
  await c.t.touch(router, row.id);
  c.t.wake([`router/${row.id}`]);
  return info(row.id, removed.port, removed.subnets[0]?.id, removed.subnets);
}

async function removeByPort(c: Context, row: RouterRow, portId: string, subnetId: string | undefined) {
  const found = await c.t.get(port, portId);
  if (found?.device_id !== row.id || found.device_owner !== INTERFACE_OWNER) {
    throw routerInterfaceNotFound(row.id, portId);
  }
  const subnets = await subnetsOf(c.t, [found]);
  if (subnetId !== undefined && !subnets.some((candidate) => candidate.id === subnetId)) {
    throw subnetMismatchForPort(portId, subnetId);
  }
  for (const on of subnets) await checkNotNeeded(c, row, on);
  await removePort(c, found, { force: true });
  return { port: found, subnets };
}

async function removeBySubnet(c: Context, row: RouterRow, subnetId: string) {
  const on = await visibleSubnet(c, subnetId);
  const ports = await interfacePorts(c.t, row.id);
  const found = ports.find((candidate) => candidate.fixed_ips.some((fixed) => fixed.subnet_id === on.id));
  if (!found) throw routerInterfaceNotFoundForSubnet(row.id, on.id);
  await checkNotNeeded(c, row, on);
  const others = found.fixed_ips.filter((fixed) => fixed.subnet_id !== on.id);
  if (others.length > 0) await updatePort(c, found, { fixed_ips: others });
  else await removePort(c, found, { force: true });
  return { port: found, subnets: [on] };
}

const equals = (column: string, value: string): Condition => ({ op: 'in', column, values: [value] });

// Its addresses in use, by the key of the allocations: no row of the subnet's ports is read.
function allocated(column: string, select: 'port_id' | 'ip_address', subnetId: string): Condition {
  return { op: 'among', column, record: 'ip_allocation', select, where: equals('subnet_id', subnetId) };
}

async function checkNotNeeded(c: Context, row: RouterRow, on: SubnetRow): Promise<void> {
  await checkSubnetNotProxied(c, row.id, on.id);
  const associated: Condition = {
    op: 'and',
    of: [
      equals('router_id', row.id),
      allocated('port_id', 'port_id', on.id),
      allocated('fixed_ip_address', 'ip_address', on.id),
    ],
  };
  const forwarded: Condition = {
    op: 'and',
    of: [
      {
        op: 'among',
        column: 'floatingip_id',
        record: 'floatingip',
        select: 'id',
        where: equals('router_id', row.id),
      },
      allocated('internal_port_id', 'port_id', on.id),
      allocated('internal_ip_address', 'ip_address', on.id),
    ],
  };
  const [fip] = await c.t.list(floatingip, associated, { limit: 1 });
  const [forwarding] = fip ? [] : await c.t.list(portForwarding, forwarded, { limit: 1 });
  if (fip || forwarding) throw routerInterfaceInUseByFloatingIp(row.id, on.id);
  if (routeNeedsSubnet(row.routes, on)) throw routerInterfaceInUseByRoute(row.id, on.id);
}
