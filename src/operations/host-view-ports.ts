/** Loads the host objects of instances' ports and of what filters them. */
import { together } from '../lib/together.ts';
import type { HostAddressSet, HostPort, HostSecurityGroup } from '../model/host-objects.ts';
import { addressGroup, localIp, localIpAssociation, port, securityGroup, securityGroupRule } from '../model/index.ts';
import { isInstancePort } from '../rules/host-view/addresses.ts';
import {
  hostAddressGroup,
  hostAddressSet,
  hostPort,
  hostSecurityGroup,
  type LocalIpRows,
} from '../rules/host-view/port.ts';
import type { Condition } from '../store/query.ts';
import type { Match, Reader } from '../store/store.ts';
import { loadPortQos } from './host-view-qos.ts';
import { SharedSets } from './host-view-sets.ts';
import { subnetsById } from './host-view-subnets.ts';
import { carrierOf } from './host-view-trunk.ts';

/** `port/<id>` of an instance's port that is bound to the host. */
export async function loadPort(r: Reader, host: string, id: string): Promise<HostPort | undefined> {
  const row = await r.get(port, id);
  if (row?.['binding:host_id'] !== host || !isInstancePort(row)) return undefined;
  const [subnets, qos, localIps, trunk] = await together(
    subnetsById(r, [row]),
    loadPortQos(r, row),
    localIpsOfPort(r, id),
    carrierOf(r, row),
  );
  return hostPort(row, subnets, { qos, localIps, trunk });
}

/** The local IPs that lead to the port, with two queries at most. */
async function localIpsOfPort(r: Reader, portId: string): Promise<LocalIpRows> {
  const associations = await r.find(localIpAssociation, { fixed_port_id: portId });
  if (associations.length === 0) return [];
  const found = await r.find(localIp, { id: associations.map((row) => row.local_ip_id) });
  const byId = new Map(found.map((row) => [row.id, row]));
  return associations.map((association) => ({ association, localIp: byId.get(association.local_ip_id) }));
}

/** `security_group/<id>` of a group that an instance's port on the host is in. */
export async function loadSecurityGroup(r: Reader, host: string, id: string): Promise<HostSecurityGroup | undefined> {
  if (!(await hasMember(r, host, [id]))) return undefined;
  const group = await r.get(securityGroup, id);
  return group && hostSecurityGroup(group, await r.find(securityGroupRule, { security_group_id: id }));
}

/** `address_set/<id>` of a security group or an address group that a rule on the host refers to. */
export async function loadAddressSet(
  r: Reader,
  host: string,
  id: string,
  sets: SharedSets = new SharedSets(),
): Promise<HostAddressSet | undefined> {
  const build = async () => hostAddressSet(id, await r.list(port, memberOf([id])));
  if (await hasRule(r, host, { remote_group_id: id })) return sets.get(r, id, build);
  if (!(await hasRule(r, host, { remote_address_group_id: id }))) return undefined;
  const group = await r.get(addressGroup, id);
  return group && hostAddressGroup(group);
}

/** Whether an instance's port on the host is in a group that has such a rule. */
async function hasRule(r: Reader, host: string, match: Match<typeof securityGroupRule>): Promise<boolean> {
  const groups = [...new Set((await r.find(securityGroupRule, match)).map((rule) => rule.security_group_id))];
  return groups.length > 0 && hasMember(r, host, groups);
}

function memberOf(groups: readonly string[]): Condition {
  return {
    op: 'among',
    column: 'id',
    record: 'port_security_group',
    select: 'port_id',
    where: { op: 'in', column: 'security_group_id', values: groups },
  };
}

// Owners that Neutron gives to ports of its own: with these left out, the first row found nearly always is the answer.
const systemOwners = ['network:router_interface', 'network:router_gateway', 'network:dhcp', 'network:floatingip'];

/** Whether an instance's port on the host is in one of these groups. */
async function hasMember(r: Reader, host: string, groups: readonly string[]): Promise<boolean> {
  const members: Condition = {
    op: 'and',
    of: [
      { op: 'in', column: 'binding:host_id', values: [host] },
      memberOf(groups),
      { op: 'not', of: { op: 'in', column: 'device_owner', values: systemOwners } },
    ],
  };
  const [first] = await r.list(port, members, { limit: 1 });
  if (!first || isInstancePort(first)) return first !== undefined;
  return (await r.list(port, members)).some(isInstancePort);
}
