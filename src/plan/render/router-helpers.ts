/**
 * Conntrack helpers of a router: modules of the kernel that follow the further connections of a protocol such as FTP, so that they
 * are translated too (Neutron's `conntrack_helper` extension of the L3 agent, chain `cth` in table raw).
 */
import type { HostRouter } from '../../model/host-objects.ts';
import { destinationPorts, rule } from '../rule-text.ts';
import { routerPrefix } from './names.ts';
import { type Chains, withRules } from './router-chains.ts';

const helperChain = `${routerPrefix}-cth`;

/** The chains of a router with its helpers; IPv4 alone, since nothing else is translated. */
export function withHelpers(chains: Chains, router: HostRouter, namespace: string): Chains {
  const helpers = router.conntrack_helpers ?? [];
  if (helpers.length === 0) return chains;
  const at = { namespace, family: 4, table: 'raw' } as const;
  const rules = helpers.map(({ protocol, port, helper }) => {
    const ports = destinationPorts(protocol, port, port);
    return rule({ protocol, matches: ports ? [ports] : [], jump: `CT --helper ${helper}` });
  });
  const own = [...chains, { fact: 'chain', ...at, chain: helperChain, rules } as const];
  return withRules(own, { ...at, builtIn: 'PREROUTING' }, [rule({ jump: helperChain })]);
}

/** The same for nftables: the helpers as objects of the table, and the rules that set them. */
export function helperNftRules(router: HostRouter) {
  const helpers = router.conntrack_helpers ?? [];
  const name = (helper: string, protocol: string) => `${helper}-${protocol}`;
  const objects = helpers.map(({ protocol, helper }) => ({
    name: name(helper, protocol),
    of: `ct helper`,
    body: `type "${helper}" protocol ${protocol} ; l3proto ip ;`,
  }));
  return {
    objects: [...new Map(objects.map((one) => [one.name, one])).values()],
    rules: helpers.map(
      ({ protocol, port, helper }) =>
        `meta nfproto ipv4 ${protocol} dport ${port} ct helper set "${name(helper, protocol)}"`,
    ),
  };
}
