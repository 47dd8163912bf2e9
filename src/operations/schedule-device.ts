/** How the ports of DHCP services name their device. */
import { createHash } from 'node:crypto';

/** The DNS namespace of RFC 4122, appendix C. */
const DNS_NAMESPACE = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');

/** A UUID of version 5 in the DNS namespace. */
function uuid5(name: string): string {
  const digest = createHash('sha1').update(DNS_NAMESPACE).update(name).digest().subarray(0, 16);
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The device_id of the DHCP port of a network on a host (neutron.common.utils.get_dhcp_agent_device_id): by its short name. */
export function dhcpDeviceId(host: string, networkId: string): string {
  return `dhcp${uuid5(host.split('.')[0] ?? host)}-${networkId}`;
}
