/** Which conntrack helpers a router may have (neutron/conf/extensions/conntrack_helper.py, allowed_conntrack_helpers). */
import { conntrackHelperNotAllowed, invalidProtocolForHelper } from '../model/faults-conntrack-helper.ts';

/** The protocols that each helper listens to, by Neutron's defaults. */
const allowed: ReadonlyMap<string, readonly string[]> = new Map([
  ['amanda', ['tcp']],
  ['ftp', ['tcp']],
  ['h323', ['udp', 'tcp']],
  ['irc', ['tcp']],
  ['netbios-ns', ['udp']],
  ['pptp', ['tcp']],
  ['sane', ['tcp']],
  ['sip', ['udp', 'tcp']],
  ['snmp', ['udp']],
  ['tftp', ['udp']],
]);

/** Throws ConntrackHelperNotAllowed or InvalidProtocolForHelper. */
export function checkHelper(helper: string, protocol: string): void {
  const protocols = allowed.get(helper);
  if (!protocols) throw conntrackHelperNotAllowed(helper);
  if (!protocols.includes(protocol)) throw invalidProtocolForHelper(helper, protocol, protocols.join(', '));
}
