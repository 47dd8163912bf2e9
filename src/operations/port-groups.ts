/** Port security of ports: their security groups and address pairs. Rules and faults are Neutron's (ml2/plugin.py). */
import { isMulticast } from '../lib/ip.ts';
import {
  addressPairNeedsPortSecurity,
  duplicateAddressPair,
  malformedBody,
  portSecurityHasGroup,
  portSecurityRequiredForGroups,
  securityGroupNotFound,
} from '../model/faults.ts';
import { type port, portSecurityGroup, securityGroup } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { checkGroupsTogether } from '../rules/security-group.ts';
import type { Context } from './context.ts';
import { isGranted } from './sharing.ts';

type PortRow = Row<typeof port>;

/** Ports of the system's own devices are trusted: neither groups nor anti-spoofing. */
export function isTrusted(deviceOwner: string): boolean {
  return deviceOwner.startsWith('network:');
}

/** Throws SecurityGroupNotFound for a group that is neither of the port's project nor shared with it (an administrator may use any). */
export async function checkGroups(c: Context, ids: readonly string[], projectId: string): Promise<void> {
  if (ids.length === 0) return;
  const groups = await c.t.find(securityGroup, { id: ids });
  for (const id of ids) {
    const group = groups.find((row) => row.id === id);
    if (!group) throw securityGroupNotFound(id);
    if (c.caller.isAdmin || group.project_id === projectId) continue;
    if (!(await isGranted(c.t, id, projectId))) throw securityGroupNotFound(id);
  }
  checkGroupsTogether(groups);
}

/** Writes down the groups of a port that exists, in place of those it had. */
export async function setGroups(
  c: Context,
  portId: string,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const gone = before.filter((id) => !after.includes(id));
  const come = after.filter((id) => !before.includes(id));
  if (gone.length > 0) await c.t.deleteMany(portSecurityGroup, { port_id: portId, security_group_id: gone });
  if (come.length > 0) {
    await c.t.insertMany(
      portSecurityGroup,
      come.map((id) => ({ port_id: portId, security_group_id: id })),
    );
  }
}

/** Address pairs as they are kept: one without a MAC address has the port's. A pair that stands twice is a 400. */
export function completePairs(pairs: PortRow['allowed_address_pairs'], mac: string): PortRow['allowed_address_pairs'] {
  const seen = new Set<string>();
  return pairs.map(({ ip_address, mac_address = mac }) => {
    // A prefix of full length is an address, as clients write it.
    const ip = ip_address.replace(/(?<=\.\d+)\/32$|(?<=:.*)\/128$/, '');
    // Neutron's sentence, of an attribute that is refused (neutron_lib/api/validators).
    if (isMulticast(ip))
      throw malformedBody(
        `Invalid input for allowed_address_pairs. Reason: IP ${ip} is a multicast address, which is not supported.`,
      );
    if (seen.has(`${ip} ${mac_address}`)) throw duplicateAddressPair(mac_address, ip);
    seen.add(`${ip} ${mac_address}`);
    return { ip_address: ip, mac_address };
  });
}

/** Throws the fault of a port whose security cannot be as it is asked for; `requested` are the groups that the request names. */
export function checkSecurity(
  after: Pick<PortRow, 'port_security_enabled' | 'security_groups' | 'allowed_address_pairs'>,
  requested: readonly string[] | undefined,
): void {
  if (!after.port_security_enabled && after.allowed_address_pairs.length > 0) throw addressPairNeedsPortSecurity();
  if (after.security_groups.length === 0 || after.port_security_enabled) return;
  throw requested && requested.length > 0 ? portSecurityRequiredForGroups() : portSecurityHasGroup();
}
