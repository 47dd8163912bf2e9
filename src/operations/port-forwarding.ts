/** Forwarded ports of floating IPs (neutron/services/portforwarding/pf_plugin.py). */
import { together } from '../lib/together.ts';
import {
  floatingIpNotFound,
  floatingIpPortAlreadyAssociated,
  portForwardingNotFound,
  portHasBindingFloatingIp,
} from '../model/faults.ts';
import { floatingip, port, portForwarding, subnet } from '../model/index.ts';
import type { Draft, Resource, Row } from '../model/language.ts';
import {
  checkRelation,
  collision,
  internalAddress,
  onAnotherRouter,
  requestedSpan,
  type Spans,
  spanColumns,
  spanMissing,
  spansOf,
  spansOverlap,
  unreachable,
  type Wanted,
} from '../rules/port-forwarding.ts';
import type { Condition, Scalar } from '../store/query.ts';
import type { Context, Operations } from './context.ts';
import { deleteForwardings } from './port-hooks.ts';
import { routerBetween } from './router-paths.ts';
import { visiblePort } from './visible.ts';

type Forwarding = Row<typeof portForwarding>;
type FloatingIp = Row<typeof floatingip>;
type PortRow = Row<typeof port>;

// The row that the path named is read anew: an item of a bulk request may have changed it since.
async function floatingIpOf(c: Context, id: string): Promise<FloatingIp> {
  const row = await c.t.get(floatingip, id);
  if (!row) throw floatingIpNotFound(id);
  return row;
}

async function create(c: Context, draft: Draft<typeof portForwarding>, parent?: Row<Resource>): Promise<Forwarding> {
  const fip = await floatingIpOf(c, String(parent?.id ?? draft.floatingip_id ?? ''));
  const external = requestedSpan(draft.external_port, draft.external_port_range);
  const internal = requestedSpan(draft.internal_port, draft.internal_port_range);
  if (!external) throw spanMissing('external');
  if (!internal) throw spanMissing('internal');
  const wanted: Wanted = {
    external,
    internal,
    floatingIp: { id: fip.id, address: fip.floating_ip_address },
    protocol: draft.protocol ?? '',
    internalPortId: draft.internal_port_id ?? '',
    internalIp: draft.internal_ip_address ?? '',
  };
  checkRelation(wanted);
  const [, , , inside] = await together(
    checkCollisions(c, wanted),
    checkPortIsFree(c, wanted.internalPortId, wanted.internalIp),
    checkNotAssociated(fip, wanted),
    visiblePort(c, wanted.internalPortId),
  );
  await putOnRouter(c, fip, inside, draft.internal_ip_address);
  return c.t.insert(portForwarding, {
    id: c.random.uuid(),
    project_id: fip.project_id,
    floatingip_id: fip.id,
    protocol: draft.protocol ?? 'tcp',
    internal_port_id: inside.id,
    internal_ip_address: wanted.internalIp,
    description: draft.description ?? '',
    ...spanColumns(wanted),
  });
}

/** An address that a floating IP leads to whole cannot have single ports led to it: 409, for the port as a whole. */
async function checkPortIsFree(c: Context, portId: string, ip: string): Promise<void> {
  const bound = await c.t.first(floatingip, { port_id: portId });
  if (bound) throw portHasBindingFloatingIp({ address: bound.floating_ip_address, id: bound.id }, portId, ip);
}

async function checkNotAssociated(fip: FloatingIp, wanted: Wanted): Promise<void> {
  if (fip.port_id === null) return;
  throw floatingIpPortAlreadyAssociated(
    { address: fip.floating_ip_address, id: fip.id },
    wanted.internalPortId,
    wanted.internalIp,
    fip.floating_network_id,
  );
}

/**
 * Sees to it that the floating IP is on the router that leads to the inside address, and wakes that router. Returns the address.
 * The rows above change with their relative: their revisions rise.
 */
async function putOnRouter(c: Context, fip: FloatingIp, inside: PortRow, asked: string | undefined): Promise<string> {
  const { ip, subnetId } = internalAddress(inside, asked);
  const insideSubnet = await c.t.get(subnet, subnetId);
  const routerId = insideSubnet && (await routerBetween(c.t, insideSubnet, fip.floating_network_id));
  if (!routerId) throw unreachable(fip.floating_network_id, subnetId, inside.id, fip.id);
  if (fip.router_id !== null && fip.router_id !== routerId) throw onAnotherRouter(fip.id, fip.router_id, inside.id);
  if (fip.router_id === null) await c.t.update(floatingip, fip.id, { router_id: routerId });
  else await c.t.touch(floatingip, fip.id);
  await c.t.touch(port, inside.id);
  c.t.wake([`router/${routerId}`]);
  return ip;
}

const equals = (column: string, value: Scalar): Condition => ({ op: 'in', column, values: [value] });

function sideConditions(side: 'external' | 'internal', wanted: Wanted): Condition[] {
  if (side === 'external') return [equals('floatingip_id', wanted.floatingIp.id), equals('protocol', wanted.protocol)];
  return [
    equals('internal_port_id', wanted.internalPortId),
    equals('protocol', wanted.protocol),
    equals('internal_ip_address', wanted.internalIp),
  ];
}

/**
 * Refuses ports that another forwarding has: on the floating IP with the same protocol, or on the inside address. Spans that
 * are there never overlap each other, so only the one that starts last before the end of the wanted span can collide: one step
 * in the index.
 */
async function checkCollisions(c: Context, wanted: Wanted, own?: string): Promise<void> {
  const check = async (side: 'internal' | 'external') => {
    const before: Condition = { op: 'le', column: `${side}_first`, value: wanted[side].last };
    const notOwn: Condition[] = own === undefined ? [] : [{ op: 'not', of: equals('id', own) }];
    const [last] = await c.t.list(
      portForwarding,
      { op: 'and', of: [...sideConditions(side, wanted), before, ...notOwn] },
      { sort: [{ column: `${side}_first`, direction: 'desc' }], limit: 1 },
    );
    const existing = last && spansOf(last)[side];
    if (existing && spansOverlap(existing, wanted[side])) {
      throw collision(side, wanted, existing, own !== undefined);
    }
  };
  await together(check('internal'), check('external'));
}

function mergedSpans(row: Forwarding, changes: Partial<Forwarding>): Spans {
  const now = spansOf(row);
  return {
    external: requestedSpan(changes.external_port, changes.external_port_range) ?? now.external,
    internal: requestedSpan(changes.internal_port, changes.internal_port_range) ?? now.internal,
  };
}

async function update(c: Context, row: Forwarding, changes: Partial<Forwarding>): Promise<Forwarding> {
  const fip = await floatingIpOf(c, row.floatingip_id);
  const spans = mergedSpans(row, changes);
  checkRelation(spans);
  const portId = changes.internal_port_id ?? row.internal_port_id;
  if (changes.internal_port_id !== undefined) {
    await checkPortIsFree(c, portId, changes.internal_ip_address ?? row.internal_ip_address);
  }
  const internalIp = await placeAgain(c, fip, row, changes);
  const wanted: Wanted = {
    ...spans,
    floatingIp: { id: fip.id, address: fip.floating_ip_address },
    protocol: changes.protocol ?? row.protocol,
    internalPortId: portId,
    internalIp,
  };
  await checkCollisions(c, wanted, row.id);
  if (fip.router_id !== null) c.t.wake([`router/${fip.router_id}`]);
  const written = await c.t.update(portForwarding, row.id, {
    ...spanColumns(spans),
    protocol: wanted.protocol as Forwarding['protocol'],
    internal_port_id: portId,
    internal_ip_address: internalIp,
    description: changes.description ?? row.description,
  });
  if (!written) throw portForwardingNotFound(row.id);
  return written;
}

// Another port without a word on its address means the first IPv4 address of that port; the same port keeps the address.
async function placeAgain(c: Context, fip: FloatingIp, row: Forwarding, changes: Partial<Forwarding>): Promise<string> {
  const portId = changes.internal_port_id ?? row.internal_port_id;
  const isMoved = portId !== row.internal_port_id;
  const asked = changes.internal_ip_address ?? (isMoved ? undefined : row.internal_ip_address);
  if (!isMoved && asked === row.internal_ip_address) {
    await c.t.touch(floatingip, fip.id);
    return row.internal_ip_address;
  }
  return putOnRouter(c, fip, await visiblePort(c, portId), asked);
}

async function remove(c: Context, row: Forwarding): Promise<void> {
  await deleteForwardings(c, [row]);
}

/** What the API calls. */
export const portForwardingOperations: Operations<typeof portForwarding> = {
  resource: portForwarding,
  notFound: portForwardingNotFound,
  create,
  update,
  remove,
};
