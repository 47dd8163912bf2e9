/** Answers to ARP that a switch gives itself. */
import { parseIp } from '../../lib/ip.ts';

/** Actions that turn a request for `ip` into its answer, and send it back (Neutron: ARP_RESPONDER_ACTIONS). */
export function arpAnswer(ip: string, mac: string): string[] {
  const address = parseIp(ip)?.value ?? 0n;
  return [
    'move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]',
    `set_field:${mac}->eth_src`,
    'load:0x2->NXM_OF_ARP_OP[]',
    'move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[]',
    'move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[]',
    `load:0x${mac.replaceAll(':', '').replace(/^0+/, '')}->NXM_NX_ARP_SHA[]`,
    `load:0x${address.toString(16)}->NXM_OF_ARP_SPA[]`,
    'IN_PORT',
  ];
}
