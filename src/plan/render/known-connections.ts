/**
 * Connections that were allowed, in the chains of a port (Linux bridge). The packets of the side that began a connection are asked of the
 * rules each time, those of the other side pass by virtue of the connection. So a connection ends with the last rule that allows it,
 * whatever took the rule away, and nothing has to be looked for in conntrack: the first packet that no rule lets through marks its
 * connection, and the other side's are dropped from then on. A packet that all ports on its way allow takes the mark away again.
 * The flows of Open vSwitch do the same (`ovs-firewall.ts`).
 */
import type { HostPort } from '../../model/host-objects.ts';
import type { IpFamily } from '../facts.ts';
import { rule } from '../rule-text.ts';
import { fallbackChain } from './names.ts';
import { comments } from './security.ts';

/** The bit of the connection's mark that says: no rule allows it any more. */
const bit = '0x80000000';
const isRevoked = `-m connmark --mark ${bit}/${bit}`;
const isNot = `-m connmark --mark 0x0/${bit}`;
/** A packet of the side that began, which rules are asked about. (Errors about a connection are RELATED, and no rule speaks of them.) */
const fromBeginner = '-m conntrack --ctstate NEW,ESTABLISHED --ctdir ORIGINAL';

/** What passes because of the connection that it belongs to, and what does not pass any more. They stand before the rules. */
export const knownRules: readonly string[] = [
  rule({
    matches: ['-m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY', isNot],
    comment: comments.established,
    jump: 'RETURN',
  }),
  rule({ matches: ['-m state --state RELATED', isNot], comment: comments.related, jump: 'RETURN' }),
  rule({ matches: ['-m conntrack --ctdir REPLY'], comment: comments.revoked, jump: fallbackChain }),
];

const revoke = (destination: string | null) =>
  rule({ destination, matches: [fromBeginner], comment: comments.revoke, jump: `CONNMARK --set-xmark ${bit}/${bit}` });

/** Marks the connection of what the port sends and no rule allows. */
export const revokeSent: readonly string[] = [revoke(null)];

/**
 * The same for what comes to the port: to its fixed addresses, since a bridge that has forgotten a MAC address shows frames to ports
 * that they are not for, whose rules are not asked about them.
 */
export function revokeReceived(port: HostPort, family: IpFamily): string[] {
  return port.fixed_ips.flatMap(({ ip }) => (ip.includes(':') === (family === 6) ? [revoke(ip)] : []));
}

/** The end of what all ports on the way allow. */
export const acceptRules: readonly string[] = [
  rule({ matches: [isRevoked, fromBeginner], comment: comments.allowed, jump: `CONNMARK --set-xmark 0x0/${bit}` }),
  rule({ jump: 'ACCEPT' }),
];
