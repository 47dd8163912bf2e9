/** The story of the demo: the notebook's chapter on port forwarding, on real kernels, step by step. */
import { connect, type NetworkingClient, readClouds } from '../../client/index.ts';
import { type LabCloud, outside } from '../../lab/cloud.ts';
import { underlay } from '../../lab/ground.ts';
import type { LabHost } from '../../lab/host.ts';
import { dhcp } from '../../lab/instance.ts';
import { fetchPage, holdConnection, serve } from '../../lab/probe.ts';
import type { network } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { DemoSay } from './messages.ts';
import { drawPath, type Hop, type Route, tracePath } from './path.ts';
import { byBridges, bySwitch, type Switching } from './switching.ts';

/** Where the story is told to. */
export interface Narrator {
  readonly say: DemoSay;
  /** A new chapter. */
  chapter(text: string): void;
  /** A command that a person would type, before it is done. */
  command(line: string): void;
  /** What came of it. */
  result(text: string): void;
}

/** What the demo proved. */
export interface DemoResult {
  readonly floatingIp: string;
  readonly instanceIp: string;
  readonly mtu: number | null;
  readonly page: string;
  /** Milliseconds from the API's 201 on the forwarding to the first answer through it. */
  readonly firstAnswerMs: number;
  readonly path: readonly Hop[];
  readonly shut: boolean;
  readonly connectionCut: boolean;
}

const netns = 'web-1';

async function session(cloud: LabCloud) {
  const credentials = await readClouds({ cloud: 'neutrino', files: [cloud.cloudsFile] });
  return connect({ ...credentials, authUrl: `${cloud.url}/identity/v3`, networkUrl: cloud.url });
}

/** What a flat network is asked for by, in words and in the API; other types projects are given by themselves. */
const rack = { 'provider:network_type': 'flat', 'provider:physical_network': 'rack' } as const;
const rackWords = ' --provider-network-type flat --provider-physical-network rack';

async function buildNetworks({ type }: LabCloud, api: NetworkingClient, n: Narrator) {
  n.chapter(n.say('external'));
  n.command(
    'openstack network create --external --provider-network-type flat --provider-physical-network public public',
  );
  const external = await api.networks.create({
    name: 'public',
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': 'public',
  });
  n.command(
    `openstack subnet create --network public --subnet-range ${outside.cidr} --gateway ${outside.gateway} --no-dhcp public-v4`,
  );
  const v4 = { ip_version: 4, enable_dhcp: false } as const;
  await api.subnets.create({
    name: 'public-v4',
    network_id: external.id,
    cidr: outside.cidr,
    gateway_ip: outside.gateway,
    ...v4,
  });

  n.chapter(n.say('tenant', { type }));
  n.command(`openstack network create${type === 'flat' ? rackWords : ''} inside`);
  const inside = await api.networks.create({ name: 'inside', ...(type === 'flat' ? rack : {}) });
  const segment = inside['provider:segmentation_id'];
  n.result(`${type}${segment === null ? '' : ` ${segment}`}, MTU ${inside.mtu}`);
  n.command('openstack subnet create --network inside --subnet-range 10.100.0.0/24 inside-v4');
  const subnet = await api.subnets.create({
    name: 'inside-v4',
    network_id: inside.id,
    ip_version: 4,
    cidr: '10.100.0.0/24',
  });
  n.command('openstack router create r1');
  n.command('openstack router set --external-gateway public r1');
  const router = await api.routers.create({ name: 'r1', external_gateway_info: { network_id: external.id } });
  n.command('openstack router add subnet r1 inside-v4');
  await api.routers.action(router.id, 'add_router_interface', { subnet_id: subnet.id });
  return { external, inside, router };
}

async function bootInstance(cloud: LabCloud, api: NetworkingClient, networkId: string, n: Narrator) {
  n.chapter(n.say('group'));
  n.command('openstack security group create web');
  const group = await api.securityGroups.create({ name: 'web' });
  n.command('openstack security group rule create --ingress --protocol tcp --dst-port 8080 web');
  const web = { direction: 'ingress', protocol: 'tcp', port_range_min: 8080, port_range_max: 8080 } as const;
  await api.securityGroupRules.create({ security_group_id: group.id, ...web });

  n.chapter(n.say('instance'));
  n.command('openstack port create --network inside --security-group web web-1');
  const port = await api.ports.create({ name: 'web-1', network_id: networkId, security_groups: [group.id] });
  n.command(`neutrino port attach ${port.id} --netns ${netns}`);
  // On the last host: its frames have the longest way.
  const at = cloud.hosts.length - 1;
  const host = cloud.hosts[at] as LabHost;
  const how = ['--netns', netns, '--host', host.name, '--state-dir', cloud.agentDir(at)];
  const attached = await cloud.neutrino(at, ['port', 'attach', port.id, ...how]);
  if (attached.code !== 0) throw new Error(`neutrino port attach failed: ${attached.stderr}${attached.stdout}`);
  n.command(`ip netns exec ${netns} udhcpc -i eth0`);
  const lease = await dhcp(host, netns);
  if (!lease) throw new Error('the instance got no address by DHCP within 10 s');
  n.result(n.say('lease', { ip: lease.ip, mask: lease.mask, router: lease.router ?? '-', mtu: lease.mtu ?? '-' }));
  await serve(host, 'web-1', { tcp: [8080] }, netns);
  return { port, lease, at, host };
}

async function untilAnswer(cloud: LabCloud, address: string): Promise<string> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const page = await fetchPage(cloud.world, address, 9000, { ms: 1000 });
    if (page.reached) return page.text;
    if (Date.now() > deadline) throw new Error(`http://${address}:9000/ did not answer within 10 s: ${page.why}`);
  }
}

function hostOf(cloud: LabCloud, name: string | undefined): LabHost {
  return cloud.hosts.find((host) => host.name === name) ?? (cloud.hosts[0] as LabHost);
}

function switchingOf({ driver, type }: LabCloud, { id, ...row }: Row<typeof network>): Switching {
  const travelling = { id, type, segment: row['provider:segmentation_id'] };
  return driver === 'openvswitch' ? bySwitch(travelling) : byBridges(travelling);
}

/** Tells the story on a cloud whose server and agent run. Throws when something does not hold. */
export async function tellStory(cloud: LabCloud, n: Narrator, options: { keep: boolean }): Promise<DemoResult> {
  const { networking: api, close } = await session(cloud);
  try {
    const { external, inside, router } = await buildNetworks(cloud, api, n);
    const { port, lease, at, host } = await bootInstance(cloud, api, inside.id, n);

    n.chapter(n.say('forward'));
    n.command('openstack floating ip create public');
    const fip = await api.floatingIps.create({ floating_network_id: external.id });
    const address = fip.floating_ip_address;
    n.result(address);
    n.command(
      `openstack floating ip port forwarding create --internal-ip-address ${lease.ip} --internal-protocol-port 8080 ` +
        `--external-protocol-port 9000 --port ${port.id} --protocol tcp ${fip.id}`,
    );
    const inner = { internal_ip_address: lease.ip, internal_port_id: port.id, internal_port: 8080 };
    const forwarding = await api.portForwardings(fip.id).create({ ...inner, external_port: 9000, protocol: 'tcp' });
    const answered = performance.now();

    n.chapter(n.say('fetch', { fip: address }));
    n.command(`curl http://${address}:9000/`);
    const page = (await untilAnswer(cloud, address)).trim();
    const firstAnswerMs = Math.round(performance.now() - answered);
    n.result(page);
    n.result(n.say('live', { ms: firstAnswerMs }));

    const held = await holdConnection(cloud.world, address, 9000);
    const [gateway] = await api.ports.list({ device_id: router.id, device_owner: 'network:router_gateway' });
    const [inner1] = await api.ports.list({ device_id: router.id, device_owner: 'network:router_interface' });
    const route: Route = {
      routerId: router.id,
      gatewayPortId: gateway?.id ?? '',
      interfacePortId: inner1?.id ?? '',
      hosts: { router: hostOf(cloud, gateway?.['binding:host_id']), instance: host },
      endpoint: underlay(at),
      switching: switchingOf(cloud, inside),
      instance: { portId: port.id, netns, ip: lease.ip },
      forwardingId: forwarding.id,
      floatingIp: address,
    };
    n.chapter(n.say('path'));
    const path = await tracePath(route, n.say);
    n.result(drawPath(path));
    const told = { floatingIp: address, instanceIp: lease.ip, mtu: lease.mtu, page, firstAnswerMs, path };
    if (options.keep) {
      held.close();
      return { ...told, shut: false, connectionCut: false };
    }

    n.chapter(n.say('shut'));
    n.command(`openstack floating ip port forwarding delete ${fip.id} ${forwarding.id}`);
    await api.portForwardings(fip.id).remove(forwarding.id);
    await held.untilCut(500, 10_000);
    held.close();
    n.result(n.say('cut'));
    n.command(`curl http://${address}:9000/`);
    const again = await fetchPage(cloud.world, address, 9000, { ms: 1500 });
    if (again.reached) throw new Error('the forwarding was deleted, and its port still answers');
    n.result(n.say('closed', { why: again.why }));
    return { ...told, shut: true, connectionCut: true };
  } finally {
    close();
  }
}
