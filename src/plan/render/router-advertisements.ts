/**
 * What a router tells the hosts on its inner networks of IPv6 (router advertisements): radvd with the file that Neutron's L3 agent
 * writes for it (`neutron/agent/linux/ra.py`). A subnet without `ipv6_ra_mode` is advertised by somebody else, or not at all.
 */
import type { HostRouter, HostRouterInterface } from '../../model/host-objects.ts';
import type { FileFact, ProcessFact } from '../facts.ts';
import { digest } from './digest.ts';
import type { HostEnvironment } from './language.ts';
import { innerDeviceName } from './names.ts';

type Advertised = NonNullable<HostRouterInterface['advertised']>;

/** The smallest MTU that IPv6 lets a link have, bytes. */
const smallestMtu = 1280;
/** radvd takes three DNS servers at most. */
const dnsServers = 3;
/** Seconds between two advertisements, as Neutron has them. */
const usualIntervals = { min: 30, max: 100 } as const;

/** Flags, by the modes of the subnets: addresses, or only the rest, come from DHCPv6. */
function flags(subnets: Advertised): string[] {
  const has = (mode: Advertised[number]['mode']) => subnets.some((subnet) => subnet.mode === mode);
  return [
    ...(has('dhcpv6-stateless') ? ['AdvOtherConfigFlag on;'] : []),
    ...(has('dhcpv6-stateful') ? ['AdvManagedFlag on;'] : []),
  ];
}

function prefix({ cidr, mode }: Advertised[number]): string[] {
  const autonomous = mode === 'dhcpv6-stateful' ? 'off' : 'on';
  return [`prefix ${cidr}`, '{', '    AdvOnLink on;', `    AdvAutonomous ${autonomous};`, '};'];
}

function section(device: string, port: HostRouterInterface, subnets: Advertised, env: HostEnvironment): string[] {
  const intervals = env.advertisementSeconds ?? usualIntervals;
  const servers = subnets.filter(({ mode }) => mode === 'slaac').flatMap((subnet) => subnet.dns_nameservers);
  const known = [...new Set(servers)].slice(0, dnsServers);
  const lines = [
    'AdvSendAdvert on;',
    `MinRtrAdvInterval ${intervals.min};`,
    `MaxRtrAdvInterval ${intervals.max};`,
    ...(port.mtu >= smallestMtu ? [`AdvLinkMTU ${port.mtu};`] : []),
    ...flags(subnets),
    ...(known.length > 0 ? [`RDNSS ${known.join(' ')} {};`] : []),
    ...subnets.flatMap(prefix),
  ];
  return [`interface ${device}`, '{', ...lines.map((line) => `    ${line}`), '};'];
}

/** The file and the process; none where no inner network has anything to be told. */
export function advertisementFacts(
  router: HostRouter,
  namespace: string,
  env: HostEnvironment,
): (FileFact | ProcessFact)[] {
  const sections = router.interfaces.flatMap((port) =>
    port.advertised ? section(innerDeviceName(port.port_id), port, port.advertised, env) : [],
  );
  if (sections.length === 0) return [];
  const path = `${env.stateDir}/ra/${router.id}.radvd.conf`;
  const pidFile = `${env.stateDir}/external/pids/${router.id}.pid.radvd`;
  const content = `${['# Written by neutrino.', ...sections].join('\n')}\n`;
  const argv = ['radvd', '-C', path, '-p', pidFile, '-m', 'syslog'];
  return [
    // radvd refuses a file that anybody might write.
    { fact: 'file', path, content, mode: 0o444 },
    {
      fact: 'process',
      name: `radvd/${router.id}`,
      namespace,
      argv,
      pidFile,
      restartOn: digest(argv.join(' ')),
      reloadOn: digest(content),
    },
  ];
}
