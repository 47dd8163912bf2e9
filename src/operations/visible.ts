/** Rows that a request refers to, where the caller may see them. What may not be seen is not there. */
import {
  forbidden,
  networkNotFound,
  portNotFound,
  routerNotFound,
  securityGroupNotFound,
  subnetNotFound,
} from '../model/faults.ts';
import { addressGroupNotFound, addressScopeNotFound, subnetPoolNotFound } from '../model/faults-addresses.ts';
import { qosPolicyNotFound } from '../model/faults-qos.ts';
import {
  addressGroup,
  addressScope,
  network,
  port,
  qosPolicy,
  router,
  securityGroup,
  subnet,
  subnetpool,
} from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { ACCESS_EXTERNAL, ACCESS_SHARED } from '../model/resources/rbac-policy.ts';
import type { Context } from './context.ts';
import { isGranted } from './sharing.ts';

const owns = (c: Context, row: { project_id: string }) => c.caller.isAdmin || row.project_id === c.caller.projectId;

/** Whether the caller sees the object: its own, or one that a policy opens to its project. */
export async function sees(
  c: Context,
  row: { id: string; project_id: string },
  actions: readonly string[] = [ACCESS_SHARED],
): Promise<boolean> {
  return owns(c, row) || isGranted(c.t, row.id, c.caller.projectId, actions);
}

const networkActions = [ACCESS_SHARED, ACCESS_EXTERNAL];

/** The network, when the caller may use it: its own, a shared or an external one. Otherwise NetworkNotFound. */
export async function visibleNetwork(c: Context, id: string): Promise<Row<typeof network>> {
  const row = await c.t.get(network, id);
  if (!row || !(await sees(c, row, networkActions))) throw networkNotFound(id);
  return row;
}

/**
 * The network, when the caller may have ports on it: its own, or one that is shared with it. NetworkNotFound where it is not
 * seen; a 403 where it is seen for being external: such a network is for routers (Neutron: create_port).
 */
export async function attachableNetwork(c: Context, id: string): Promise<Row<typeof network>> {
  const row = await visibleNetwork(c, id);
  if (!(await sees(c, row))) throw forbidden('rule:create_port');
  return row;
}

/** The subnet, when the caller may see its network or owns it. Otherwise SubnetNotFound. */
export async function visibleSubnet(c: Context, id: string): Promise<Row<typeof subnet>> {
  const row = await c.t.get(subnet, id);
  if (!row) throw subnetNotFound(id);
  if (owns(c, row)) return row;
  const on = await c.t.get(network, row.network_id);
  if (!on || !(await sees(c, on, networkActions))) throw subnetNotFound(id);
  return row;
}

/** The port, when it or its network is the caller's. Otherwise PortNotFound. */
export async function visiblePort(c: Context, id: string): Promise<Row<typeof port>> {
  const row = await c.t.get(port, id);
  if (!row) throw portNotFound(id);
  if (owns(c, row)) return row;
  const on = await c.t.get(network, row.network_id);
  if (!on || !owns(c, on)) throw portNotFound(id);
  return row;
}

/** The router, when it is the caller's. Otherwise RouterNotFound. */
export async function visibleRouter(c: Context, id: string): Promise<Row<typeof router>> {
  const row = await c.t.get(router, id);
  if (!row || !owns(c, row)) throw routerNotFound(id);
  return row;
}

/** The address group, when it is the caller's or shared with it. Otherwise AddressGroupNotFound. */
export async function visibleAddressGroup(c: Context, id: string): Promise<Row<typeof addressGroup>> {
  const row = await c.t.get(addressGroup, id);
  if (!row || !(await sees(c, row))) throw addressGroupNotFound(id);
  return row;
}

/** The address scope, when it is the caller's or shared with it. Otherwise AddressScopeNotFound. */
export async function visibleAddressScope(c: Context, id: string): Promise<Row<typeof addressScope>> {
  const row = await c.t.get(addressScope, id);
  if (!row || !(await sees(c, row))) throw addressScopeNotFound(id);
  return row;
}

/** The subnet pool, when it is the caller's or shared with it. Otherwise SubnetPoolNotFound. */
export async function visibleSubnetPool(c: Context, id: string): Promise<Row<typeof subnetpool>> {
  const row = await c.t.get(subnetpool, id);
  if (!row || !(await sees(c, row))) throw subnetPoolNotFound(id);
  return row;
}

/** The security group, when it is the caller's or shared with it. Otherwise SecurityGroupNotFound. */
export async function visibleSecurityGroup(c: Context, id: string): Promise<Row<typeof securityGroup>> {
  const row = await c.t.get(securityGroup, id);
  if (!row || !(await sees(c, row))) throw securityGroupNotFound(id);
  return row;
}

/** The QoS policy, when the caller may use it: its own, or a shared one. Otherwise QosPolicyNotFound. */
export async function visibleQosPolicy(c: Context, id: string): Promise<Row<typeof qosPolicy>> {
  const row = await c.t.get(qosPolicy, id);
  if (!row || !(await sees(c, row))) throw qosPolicyNotFound(id);
  return row;
}
