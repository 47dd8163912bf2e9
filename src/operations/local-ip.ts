/** Local IPs, and the ports that they lead to (neutron/db/local_ip_db.py). */
import { Fault } from '../model/fault.ts';
import { badRequest } from '../model/faults.ts';
import {
  duplicateLocalIpAssociation,
  localIpAssociationNotFound,
  localIpInUse,
  localIpNotFound,
  localIpPortOrNetworkRequired,
} from '../model/faults-local-ip.ts';
import { localIp, localIpAssociation, port, subnet } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { addressOfPort, LOCAL_IP_OWNER } from '../rules/local-ip.ts';
import type { Reader } from '../store/store.ts';
import type { Context, Operations } from './context.ts';
import { createPort, removePort } from './port.ts';
import { newStandard } from './standard.ts';
import { visibleNetwork, visiblePort } from './visible.ts';

type LocalIp = Row<typeof localIp>;
type Association = Row<typeof localIpAssociation>;
type PortRow = Row<typeof port>;

/** The port that a body names; one that is not seen is a 400 here, as in Neutron. */
async function namedPort(c: Context, id: string, resource: string): Promise<PortRow> {
  try {
    return await visiblePort(c, id);
  } catch (error) {
    if (error instanceof Fault) throw badRequest(resource, `Port ${id} not found`);
    throw error;
  }
}

/** The port that holds an address of the network. As with all ports of the system, quota counts it and does not refuse it. */
async function makePort(
  c: Context,
  local: Pick<LocalIp, 'id' | 'project_id'>,
  networkId: string,
  asked: string | null,
) {
  const on = await visibleNetwork(c, networkId);
  if (!(await c.t.first(subnet, { network_id: on.id, ip_version: 4 })))
    throw badRequest('local_ip', `Network ${networkId} does not contain any IPv4 subnet`);
  return createPort(
    c,
    {
      project_id: local.project_id,
      network_id: on.id,
      name: '',
      admin_state_up: true,
      device_id: local.id,
      device_owner: LOCAL_IP_OWNER,
      ...(asked === null ? {} : { fixed_ips: [{ ip_address: asked }] }),
    },
    { owner: 'system' },
  );
}

async function create(c: Context, draft: Draft<typeof localIp>): Promise<LocalIp> {
  const standard = newStandard(c, draft);
  const asked = draft.local_ip_address ?? null;
  if (draft.local_port_id === undefined && draft.network_id === undefined) throw localIpPortOrNetworkRequired();
  // A port counts before a network, and then the network is the port's.
  const holder =
    draft.local_port_id === undefined
      ? await makePort(c, standard, draft.network_id ?? '', asked)
      : await namedPort(c, draft.local_port_id, 'local_ip');
  const isMade = draft.local_port_id === undefined;
  const { tags: _, ...columns } = standard;
  return c.t.insert(localIp, {
    ...columns,
    name: draft.name ?? '',
    local_port_id: holder.id,
    network_id: holder.network_id,
    local_ip_address: isMade ? addressOfPort(firstIpv4(holder), asked) : addressOfPort(holder, asked),
    ip_mode: draft.ip_mode ?? 'translate',
  });
}

/** Of a port that was made for it, a local IP has the first IPv4 address; there may be one of IPv6 beside it. */
function firstIpv4(row: PortRow): Pick<PortRow, 'id' | 'fixed_ips'> {
  const first = row.fixed_ips.find((fixed) => fixed.ip_address && !fixed.ip_address.includes(':'));
  return { id: row.id, fixed_ips: first ? [first] : row.fixed_ips };
}

async function update(c: Context, row: LocalIp, changes: Partial<LocalIp>): Promise<LocalIp> {
  const result = await c.t.update(localIp, row.id, changes);
  if (!result) throw localIpNotFound(row.id);
  return result;
}

async function remove(c: Context, row: LocalIp): Promise<void> {
  if (await c.t.first(localIpAssociation, { local_ip_id: row.id })) throw localIpInUse(row.id);
  await c.t.delete(localIp, row.id);
  const holder = await c.t.get(port, row.local_port_id);
  // Another local IP may have the same port.
  const isShared = await c.t.first(localIp, { local_port_id: row.local_port_id });
  if (holder?.device_owner === LOCAL_IP_OWNER && !isShared) await removePort(c, holder, { force: true });
}

/** What the API calls for local IPs. */
export const localIpOperations: Operations<typeof localIp> = {
  resource: localIp,
  notFound: localIpNotFound,
  create,
  update,
  remove,
};

/** The associations of a local IP with what they show of others, with three queries. Sorted by port. */
async function associationsOf(r: Reader, localIpId: string): Promise<Association[]> {
  const of = await r.get(localIp, localIpId);
  const rows = of ? await r.find(localIpAssociation, { local_ip_id: localIpId }) : [];
  const ports = rows.length > 0 ? await r.find(port, { id: rows.map((row) => row.fixed_port_id) }) : [];
  const hosts = new Map(ports.map((row) => [row.id, row['binding:host_id']]));
  return rows
    .map((row) => ({ ...row, ...shownOf(of, hosts.get(row.fixed_port_id)) }))
    .sort((a, b) => (a.fixed_port_id < b.fixed_port_id ? -1 : 1));
}

function shownOf(of: LocalIp | undefined, host: string | undefined) {
  return { local_ip_address: of?.local_ip_address ?? null, host: host ?? '' };
}

async function associate(c: Context, draft: Draft<typeof localIpAssociation>, localIpId: string): Promise<Association> {
  const of = await c.t.get(localIp, localIpId);
  if (!of) throw localIpNotFound(localIpId);
  const fixed = await namedPort(c, draft.fixed_port_id ?? '', 'local_ip_port_association');
  const fixed_ip = addressOfPort(fixed, draft.fixed_ip ?? null);
  const key = { local_ip_id: of.id, fixed_port_id: fixed.id };
  if (await c.t.first(localIpAssociation, key)) throw duplicateLocalIpAssociation(of.id, fixed.id);
  const shown = shownOf(of, fixed['binding:host_id']);
  const row = await c.t.insert(localIpAssociation, { ...key, project_id: of.project_id, fixed_ip, ...shown });
  c.t.wake([`port/${fixed.id}`]);
  return { ...row, ...shown };
}

/** What the API calls for associations. */
export const localIpAssociationOperations: Operations<typeof localIpAssociation> = {
  resource: localIpAssociation,
  notFound: (portId, localIpId = '') => localIpAssociationNotFound(localIpId, portId),
  rows: associationsOf,
  create: (c, draft, parent) => associate(c, draft, String(parent?.id ?? '')),
  remove: async (c, row) => {
    await c.t.deleteMany(localIpAssociation, { local_ip_id: row.local_ip_id, fixed_port_id: row.fixed_port_id });
    c.t.wake([`port/${row.fixed_port_id}`]);
  },
};
