/** From which addresses a port may send, whichever driver sees to it. */
import { formatCidr, formatIp, type Ip, parseCidr } from '../../lib/ip.ts';
import type { HostPort } from '../../model/host-objects.ts';
import type { IpFamily } from '../facts.ts';

/** The link-local address that a MAC address gives (modified EUI-64, RFC 4291). */
export function linkLocal(mac: string): string {
  const bytes = mac.split(':').map((part) => BigInt(Number.parseInt(part, 16)));
  const id = [(bytes[0] ?? 0n) ^ 2n, bytes[1], bytes[2], 0xffn, 0xfen, bytes[3], bytes[4], bytes[5]];
  const value = id.reduce<bigint>((sum, byte) => (sum << 8n) | (byte ?? 0n), 0n);
  const ip: Ip = { version: 6, value: (0xfe80n << 112n) | value };
  return formatIp(ip);
}

/** A MAC address with what may be sent from it: a prefix, or null for any address. */
export interface SourcePair {
  readonly mac: string;
  readonly prefix: string | null;
}

/** What a port may send from. */
export function sourcePairs(port: HostPort, family: IpFamily): SourcePair[] {
  const own = port.mac_address;
  const addresses = [
    ...port.fixed_ips.map(({ ip }) => ({ mac: own, text: ip })),
    ...port.allowed_address_pairs.map((pair) => ({ mac: pair.mac_address ?? own, text: pair.ip_address })),
  ];
  const pairs = addresses.flatMap(({ mac, text }) => {
    const cidr = parseCidr(text);
    return cidr?.version === family ? [{ mac: mac.toLowerCase(), prefix: formatCidr(cidr) as string | null }] : [];
  });
  if (family === 6) {
    const macs = new Set([own, ...port.allowed_address_pairs.map((pair) => pair.mac_address ?? own)]);
    for (const mac of macs) pairs.push({ mac: mac.toLowerCase(), prefix: `${linkLocal(mac)}/128` });
  }
  // A port without any address may use whichever it likes, from its own MAC (Neutron: `mac, None`).
  if (port.fixed_ips.length === 0) pairs.push({ mac: own.toLowerCase(), prefix: null });
  return pairs;
}
