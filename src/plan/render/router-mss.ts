/**
 * TCP through a router whose outside carries smaller packets than an inside network: the largest segment that each end names when a
 * connection begins is lowered to what the way carries. Connections then live where "fragmentation needed" gets lost further out.
 * Neutron has nothing of the kind.
 */
import type { HostRouter } from '../../model/host-objects.ts';
import type { ChainFact, Fact, HookFact } from '../facts.ts';
import { rule } from '../rule-text.ts';
import type { HostEnvironment } from './language.ts';
import { gatewayDeviceName, routerPrefix } from './names.ts';

/** The table of the nftables driver: one of its own, so that it is there for as long as it is needed. */
const table = { family: 'inet', table: 'neutrino-mss' } as const;

/** What begins a connection: SYN, and the SYN that answers it. */
const syn = '-m tcp --tcp-flags SYN,RST SYN';
const jump = 'TCPMSS --clamp-mss-to-pmtu';

function iptablesFacts(namespace: string, device: string, families: readonly (4 | 6)[]): (ChainFact | HookFact)[] {
  const chain = `${routerPrefix}-FORWARD`;
  const segment = { protocol: 'tcp', matches: [syn], jump } as const;
  const rules = [rule({ input: device, ...segment }), rule({ output: device, ...segment })];
  return families.flatMap((family): (ChainFact | HookFact)[] => {
    const at = { namespace, family, table: 'mangle' } as const;
    return [
      { fact: 'chain', ...at, chain, rules },
      { fact: 'hook', ...at, chain: 'FORWARD', rule: rule({ jump: chain }) },
    ];
  });
}

function nftablesFacts(namespace: string, device: string): Fact[] {
  const lower = 'tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu';
  const hook = 'type filter hook forward priority -150; policy accept;';
  const rules = [`iifname "${device}" ${lower}`, `oifname "${device}" ${lower}`];
  return [{ fact: 'nft-table', namespace, ...table, sets: [], chains: [{ name: 'FORWARD', hook, rules }] }];
}

/** The rules of a router that needs them: none where its outside carries what its inside does, or where they are switched off. */
export function mssFacts(router: HostRouter, namespace: string, env: HostEnvironment): Fact[] {
  const { gateway, interfaces } = router;
  if (env.clampsMss === false || !gateway) return [];
  if (!interfaces.some(({ mtu }) => mtu > gateway.mtu)) return [];
  const device = gatewayDeviceName(gateway.port_id);
  if (env.natDriver === 'nftables') return nftablesFacts(namespace, device);
  const six = gateway.fixed_ips.some(({ ip }) => ip.includes(':'));
  return iptablesFacts(namespace, device, six ? [4, 6] : [4]);
}
