/** Which address of a port a local IP has, or leads to (neutron/db/local_ip_db.py). */
import { localIpNoIp, localIpNoRequestedIp, localIpRequestedIpNotFound } from '../model/faults-local-ip.ts';
import type { port } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { ipsOf } from './host-view/addresses.ts';

/** The device owner of the port that is made for a local IP. */
export const LOCAL_IP_OWNER = 'network:local_ip';

/**
 * The asked one of the addresses of the port, or its only one.
 * Throws LocalIPNoIP, LocalIPRequestedIPNotFound or LocalIPNoRequestedIP where that is none.
 */
export function addressOfPort(row: Pick<Row<typeof port>, 'id' | 'fixed_ips'>, asked: string | null): string {
  const addresses = ipsOf(row);
  const [only, another] = addresses;
  if (only === undefined) throw localIpNoIp(row.id);
  if (asked !== null) {
    if (!addresses.includes(asked)) throw localIpRequestedIpNotFound(row.id, asked);
    return asked;
  }
  if (another !== undefined) throw localIpNoRequestedIp(row.id);
  return only;
}
