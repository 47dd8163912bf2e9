/** The name of an address in DNS, where nobody gave one: `host-10-0-0-5` (neutron/db/dns_db.py). */
export function deviceHostname(ip: string): string {
  return `host-${ip.replaceAll(/[.:]/g, '-')}`;
}
