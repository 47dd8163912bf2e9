/**
 * How requests for metadata come from a router's inner networks to the proxy in its namespace, as Neutron's L3 agent writes it
 * (`neutron/agent/metadata/driver.py`): 169.254.169.254:80 is redirected to the port of the proxy, and marked, since nothing else may
 * come in by that port.
 */
import type { HostRouter } from '../../model/host-objects.ts';
import type { Fact, IptablesTable } from '../facts.ts';
import { rule } from '../rule-text.ts';
import type { HostEnvironment, MetadataEnvironment } from './language.ts';
import { doorOfLink, metadataAddress, metadataProxyFacts } from './metadata-proxy.ts';
import { innerDeviceName, routerNamespace } from './names.ts';
import { type Chains, withRules } from './router-chains.ts';

/** What marks requests for metadata (`metadata_access_mark`). */
const accessMark = '0x1/0xffff';
const innerDevices = 'qr-+';

interface Rules {
  readonly table: IptablesTable;
  readonly builtIn: string;
  readonly rules: readonly string[];
}

function rulesOf({ port }: MetadataEnvironment): Rules[] {
  const asked = {
    destination: metadataAddress,
    input: innerDevices,
    protocol: 'tcp',
    matches: ['-m tcp --dport 80'],
  };
  const direct = { protocol: 'tcp', matches: [`-m tcp --dport ${port}`] };
  return [
    {
      table: 'mangle',
      builtIn: 'PREROUTING',
      rules: [rule({ ...asked, jump: `MARK --set-xmark ${accessMark}` })],
    },
    {
      table: 'nat',
      builtIn: 'PREROUTING',
      rules: [rule({ ...asked, jump: `REDIRECT --to-ports ${port}` })],
    },
    {
      table: 'filter',
      builtIn: 'INPUT',
      rules: [rule({ matches: [`-m mark --mark ${accessMark}`], jump: 'ACCEPT' }), rule({ ...direct, jump: 'DROP' })],
    },
  ];
}

/** Whether requests for metadata come in by a router. */
export function isAsked(router: HostRouter, env: HostEnvironment): boolean {
  return env.metadata?.routers === true && router.interfaces.length > 0;
}

/** The chains of a router with the rules for metadata first in them; those that are not there yet are added. */
export function withMetadata(chains: Chains, router: HostRouter, env: HostEnvironment): Chains {
  if (!env.metadata || !isAsked(router, env)) return chains;
  const at = { namespace: routerNamespace(router.id), family: 4 } as const;
  let all = chains;
  for (const { table, builtIn, rules } of rulesOf(env.metadata))
    all = withRules(all, { ...at, table, builtIn }, rules, 'first');
  return all;
}

/** The same as rules of nftables: for the chains that mark (mangle), that translate what comes in (dstnat), and on input. */
export function metadataNftRules(router: HostRouter, env: HostEnvironment) {
  if (!env.metadata || !isAsked(router, env)) return { marks: [], prerouting: [], input: [] };
  const { port } = env.metadata;
  const asked = `iifname "qr-*" ip daddr ${metadataAddress} tcp dport 80`;
  return {
    // Every packet is marked, while only the first of a connection meets the translation.
    marks: [`${asked} meta mark set meta mark & 0xffff0000 ^ 0x1`],
    prerouting: [`${asked} redirect to :${port}`],
    input: ['meta mark & 0xffff == 0x1 accept', `tcp dport ${port} drop`],
  };
}

/** The facts of the proxy in a router's namespace. By IPv6 it is asked on the links of the inner networks that have it, without a detour. */
export function routerProxyFacts(router: HostRouter, env: HostEnvironment): Fact[] {
  if (!env.metadata || !isAsked(router, env)) return [];
  const namespace = routerNamespace(router.id);
  const six = router.interfaces.filter(({ fixed_ips }) => fixed_ips.some(({ ip }) => ip.includes(':')));
  const links = six.map(({ port_id }) => doorOfLink(namespace, innerDeviceName(port_id)));
  const binds = [`0.0.0.0:${env.metadata.port}`, ...links.map(({ bind }) => bind)];
  const proxy = { kind: 'router', id: router.id, namespace, binds } as const;
  return [...links.map(({ address }) => address), ...metadataProxyFacts(proxy, env.stateDir)];
}
