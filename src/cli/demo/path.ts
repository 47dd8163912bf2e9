/** The path of a forwarded packet, as the host really has it: device, rule and address at each hop. */
import type { LabHost } from '../../lab/host.ts';
import { deviceSuffix } from '../../model/host-objects.ts';
import type { DemoSay } from './messages.ts';
import type { Switching } from './switching.ts';

/** One hop: where, on which device, by which rule, and the packet's addresses there. */
export interface Hop {
  readonly place: string;
  readonly device: string;
  /** A line of `iptables -S`, or of `nft list map`, where one decides. */
  readonly rule: string | null;
  /** `source → destination` as the packet has it there. */
  readonly packet: string;
}

/** What the path leads through. */
export interface Route {
  readonly routerId: string;
  readonly gatewayPortId: string;
  readonly interfacePortId: string;
  readonly instance: { readonly portId: string; readonly netns: string; readonly ip: string };
  readonly hosts: { readonly router: LabHost; readonly instance: LabHost };
  /** The address of the instance's host between hosts. */
  readonly endpoint: string;
  readonly switching: Switching;
  readonly forwardingId: string;
  readonly floatingIp: string;
}

const sourceOf = (text: string, floatingIp: string) =>
  new RegExp(`src=(\\S+) dst=${floatingIp.replaceAll('.', '\\.')} sport=(\\d+)`).exec(text);

type List = (argv: string[], netns?: string) => Promise<string>;

/** What forwards the port: a chain of its own, or an element of the router's map, whichever the host has. */
async function forwardingRule(
  list: List,
  route: Route,
  router: string,
): Promise<{ place: string; rule: string | null }> {
  const map = await list(['nft', 'list', 'map', 'inet', 'neutrino', 'forwardings'], router);
  const element = map
    .split(/[,{}\n]/)
    .map((text) => text.replace('elements =', '').trim())
    .find((text) => text.startsWith(`${route.floatingIp} . tcp . 9000 `));
  if (map !== '') return { place: 'inet neutrino, map forwardings', rule: element ?? null };
  const chain = `neutron-l3-agent-pf-${route.forwardingId.slice(0, 8)}`;
  const nat = await list(['iptables', '-t', 'nat', '-S', chain], router);
  const rule = nat.split('\n').find((line) => line.startsWith('-A') && line.includes('DNAT'));
  return { place: chain, rule: rule ?? null };
}

/** Reads the rules and the connection table of the hosts, and tells the path. */
export async function tracePath(route: Route, say: DemoSay): Promise<Hop[]> {
  const { switching, hosts, instance } = route;
  const router = `qrouter-${route.routerId}`;
  const list: List = async (argv, netns) =>
    (await hosts.router.run(argv, { mayFail: true, ...(netns ? { netns } : {}) })).stdout;
  const forwarding = await forwardingRule(list, route, router);
  const group = await switching.group(hosts.instance, instance.portId);
  const connections = await list(['conntrack', '-L', '-p', 'tcp', '--orig-dst', route.floatingIp], router);
  const client = sourceOf(connections, route.floatingIp);
  const source = client ? `${client[1]}:${client[2]}` : '?';
  const outer = `${source} → ${route.floatingIp}:9000`;
  const inner = `${source} → ${instance.ip}:8080`;
  const hop = (place: string, device: string, packet: string, found: string | null = null): Hop => {
    return { place, device, rule: found, packet };
  };
  return [
    hop(say('hopOutside'), 'uplink', outer),
    hop(say('hopBridge'), switching.external(route.gatewayPortId), outer),
    hop(say('hopGateway', { router: 'r1' }), `qg-${deviceSuffix(route.gatewayPortId)} (${router})`, outer),
    hop(say('hopRule'), forwarding.place, inner, forwarding.rule),
    hop(
      say('hopInside'),
      `qr-${deviceSuffix(route.interfacePortId)} → tap${deviceSuffix(route.interfacePortId)}`,
      inner,
    ),
    ...(hosts.router === hosts.instance
      ? [hop(say('hopTenant'), switching.local(instance.portId), inner)]
      : [
          hop(say('hopLeaving', { host: hosts.router.name }), switching.leaving(route.endpoint), inner),
          hop(say('hopArriving', { host: hosts.instance.name }), switching.arriving(instance.portId), inner),
        ]),
    hop(say('hopGroup'), group.place, inner, group.rule),
    hop(say('hopInstance'), `eth0 (${instance.netns})`, inner),
  ];
}

/** The hops as a drawing in text. */
export function drawPath(hops: readonly Hop[]): string {
  const lines: string[] = [];
  for (const [index, hop] of hops.entries()) {
    lines.push(`  ${index === 0 ? '●' : '▼'} ${hop.place}: ${hop.device}`);
    if (hop.rule) lines.push(`  │   ${hop.rule}`);
    lines.push(`  ${index === hops.length - 1 ? ' ' : '│'}   ${hop.packet}`);
  }
  return lines.join('\n');
}
