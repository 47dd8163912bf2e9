/**
 * How fast floating IPs and the address of a router's gateway may be. Neutron's L3 agent drops what exceeds a limit (`l3_tc_lib`:
 * a filter with `police` on the gateway's device for each address and direction); so does one table of nftables here, by which a
 * limited address is one element of a set, whatever their number, and which works on kernels without that filter.
 */
import type { HostBandwidth, HostRouter } from '../../model/host-objects.ts';
import type { NftElementFact, NftTableFact } from '../facts.ts';
import { gatewayDeviceName } from './names.ts';

const limitsTable = { family: 'inet', table: 'neutrino-qos' } as const;

/** Of the limit, where the policy names no burst (Neutron: DEFAULT_BURST_RATE). */
const usualBurst = 0.8;
/** What the kernel may pass as one packet, bytes: a bucket that is smaller would never let it through. */
const largestPacket = 65_536;
/** What the kernel can count in. */
const largestBucket = 2 ** 31;

/** The limit as an element of a set carries it. */
function limitText({ max_kbps, max_burst_kbps }: HostBandwidth): string {
  const rate = max_kbps * 125;
  const asked = max_burst_kbps > 0 ? max_burst_kbps * 125 : Math.ceil(rate * usualBurst);
  return `limit rate over ${rate} bytes/second burst ${Math.min(Math.max(asked, largestPacket), largestBucket)} bytes`;
}

/** Which set holds the limits of a direction, as seen from the instances. */
const sets = { ingress: 'ingress_limits', egress: 'egress_limits' } as const;
type Direction = keyof typeof sets;

/** The table and its elements; none where nothing on the router is limited. */
export function limitFacts(router: HostRouter, namespace: string): (NftTableFact | NftElementFact)[] {
  const { gateway, limits = [] } = router;
  if (!gateway || limits.length === 0) return [];
  const device = gatewayDeviceName(gateway.port_id);
  // Elements have limits of their own; nft wants the set to have one too.
  const set = (direction: Direction) => {
    return { name: sets[direction], of: 'type ipv4_addr ; limit rate over 1 bytes/second' };
  };
  const chain = (name: string, hook: string, rule: string) => {
    return { name, hook: `type filter hook ${hook}; policy accept;`, rules: [rule] };
  };
  const table: NftTableFact = {
    fact: 'nft-table',
    namespace,
    ...limitsTable,
    sets: [set('ingress'), set('egress')],
    chains: [
      // The address as the outside has it: before it is translated on the way in, after it on the way out.
      chain('PREROUTING', 'prerouting priority -170', `iifname "${device}" ip daddr @${sets.ingress} drop`),
      chain('POSTROUTING', 'postrouting priority 150', `oifname "${device}" ip saddr @${sets.egress} drop`),
    ],
  };
  const elements = limits.flatMap((limit) =>
    (['ingress', 'egress'] as const).flatMap((direction): NftElementFact[] => {
      const bandwidth = limit[direction];
      if (!bandwidth) return [];
      const at = { fact: 'nft-element', namespace, ...limitsTable, map: sets[direction] } as const;
      return [{ ...at, key: limit.ip, value: limitText(bandwidth) }];
    }),
  );
  return [table, ...elements];
}
