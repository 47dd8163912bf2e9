import { readFile } from 'node:fs/promises';
/** A lab cloud with the notebook's networks: what most system tests start from. */
import { connect, type NetworkingClient, readClouds } from '../../../src/client/index.ts';
import { type CloudOptions, createCloud, type LabCloud, outside } from '../../../src/lab/cloud.ts';
import type { LabDriver } from '../../../src/lab/ground.ts';
import { type LabHost, patient } from '../../../src/lab/host.ts';
import { dhcp, type Lease, plugInstance } from '../../../src/lab/instance.ts';
import { noOvs } from '../../../src/lab/ovs.ts';
import type { network, port, router, securityGroup } from '../../../src/model/index.ts';
import type { Draft, Row } from '../../../src/model/language.ts';

const here = (path: string) => new URL(`../../../${path}`, import.meta.url).pathname;

/** The sources, run as they are; on the emulated processor of a guest the bundle, which starts sooner. */
export const program = process.env.NEUTRINO_GUEST
  ? [process.execPath, here('dist/neutrino.mjs')]
  : [process.execPath, '--disable-warning=ExperimentalWarning', here('src/cli/main.ts')];

/** Why system tests cannot run here, or false when they can. */
export const skip = process.getuid?.() === 0 ? false : 'namespaces need root';

/** The same for tests of one driver. */
export const skipDriver = (driver: LabDriver): string | false => {
  return skip || (driver === 'openvswitch' && noOvs()) || false;
};

/** How hosts switch frames, for tests that hold for all ways. */
export const drivers = ['linuxbridge', 'openvswitch'] as const;

/** A session with the server of a lab cloud, as its administrator. */
export async function openSession(cloud: LabCloud): Promise<{ api: NetworkingClient; close(): void }> {
  const credentials = await readClouds({ cloud: 'neutrino', files: [cloud.cloudsFile] });
  const session = await connect({ ...credentials, authUrl: `${cloud.url}/identity/v3`, networkUrl: cloud.url });
  return { api: session.networking, close: session.close };
}

/** An instance of the lab. */
export interface Instance {
  readonly netns: string;
  readonly host: LabHost;
  readonly port: Row<typeof port>;
  readonly lease: Lease;
}

/** A cloud that runs and has no network yet. */
export interface BareCloud {
  readonly cloud: LabCloud;
  readonly api: NetworkingClient;
  /** Makes the notebook's networks. */
  build(): Promise<SmallCloud>;
  close(): Promise<void>;
}

/** The cloud, its client and its networks. */
export interface SmallCloud {
  readonly cloud: LabCloud;
  readonly api: NetworkingClient;
  readonly external: Row<typeof network>;
  readonly inside: Row<typeof network>;
  readonly subnetId: string;
  readonly router: Row<typeof router>;
  /** Lets in what the tests send: all TCP and UDP, and ping. */
  readonly open: Row<typeof securityGroup>;
  /** Boots an instance by DHCP on a host (0 is the first). */
  boot(name: string, options?: { on?: number; draft?: Draft<typeof port> }): Promise<Instance>;
  /** Makes a floating IP; with a port, for that port. */
  floatingIp(portId?: string): Promise<{ id: string; address: string }>;
  close(): Promise<void>;
}

async function openGroup(api: NetworkingClient) {
  const group = await api.securityGroups.create({ name: 'open' });
  for (const protocol of ['tcp', 'udp', 'icmp'])
    await api.securityGroupRules.create({ security_group_id: group.id, direction: 'ingress', protocol });
  return group;
}

/** What a project cannot get by itself is asked for by name. */
function insideDraft({ type }: LabCloud): Draft<typeof network> {
  if (type !== 'flat') return {};
  return { 'provider:network_type': 'flat', 'provider:physical_network': 'rack' };
}

async function networks(cloud: LabCloud, api: NetworkingClient) {
  const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'public' } as const;
  const external = await api.networks.create({ name: 'public', 'router:external': true, ...flat });
  const range = { cidr: outside.cidr, gateway_ip: outside.gateway, ip_version: 4, enable_dhcp: false };
  await api.subnets.create({ name: 'public-v4', network_id: external.id, ...range });
  const inside = await api.networks.create({ name: 'inside', ...insideDraft(cloud) });
  // Addresses above are nobody's: tests that lie or share take theirs from there.
  const pools = [{ start: '10.100.0.2', end: '10.100.0.199' }];
  const v4 = { ip_version: 4, cidr: '10.100.0.0/24', allocation_pools: pools, dns_nameservers: ['192.0.2.53'] };
  const subnet = await api.subnets.create({ name: 'inside-v4', network_id: inside.id, ...v4 });
  const router = await api.routers.create({ name: 'r1', external_gateway_info: { network_id: external.id } });
  await api.routers.action(router.id, 'add_router_interface', { subnet_id: subnet.id });
  return { external, inside, subnetId: subnet.id, router };
}

/** Waits until `check` gives a value, 15 s at most. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  seconds = 15,
): Promise<T> {
  const deadline = Date.now() + patient(seconds * 1000);
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Builds hosts and starts server and agents. */
export async function startBareCloud(options: Partial<CloudOptions> = {}): Promise<BareCloud> {
  const cloud = await createCloud({ program, ...options });
  try {
    await cloud.startServer();
    for (const index of cloud.hosts.keys()) await cloud.startAgent(index);
    const session = await openSession(cloud);
    const { api } = session;
    const close = async () => {
      session.close();
      await cloud.close();
    };
    await eventually('every agent has reported', async () => {
      const agents = await api.agents.list();
      return cloud.hosts.every((host) => agents.some((agent) => agent.host === host.name && agent.alive));
    });
    return { cloud, api, close, build: () => buildNetworks(cloud, api, close) };
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

/** Builds hosts, starts server and agents, and makes the notebook's networks. */
export async function startSmallCloud(options: Partial<CloudOptions> = {}): Promise<SmallCloud> {
  const bare = await startBareCloud(options);
  try {
    return await bare.build();
  } catch (error) {
    await bare.close();
    throw error;
  }
}

async function buildNetworks(cloud: LabCloud, api: NetworkingClient, close: () => Promise<void>): Promise<SmallCloud> {
  const open = await openGroup(api);
  const made = await networks(cloud, api);
  return {
    cloud,
    api,
    ...made,
    open,
    close,
    async boot(name, { on = 0, draft = {} } = {}) {
      const host = cloud.hosts[on] as LabHost;
      const binding = { 'binding:host_id': host.name, device_owner: 'compute:nova', device_id: name };
      const groups = draft.port_security_enabled === false ? {} : { security_groups: [open.id] };
      const port = await api.ports.create({ name, network_id: made.inside.id, ...groups, ...binding, ...draft });
      await plugInstance(host, name, port, { mtu: made.inside.mtu, driver: cloud.driver });
      const lease = await dhcp(host, name, 15);
      if (!lease) throw new Error(`${name} got no address by DHCP: ${await agentLog(cloud, on)}`);
      return { netns: name, host, port, lease };
    },
    async floatingIp(portId) {
      const draft = portId ? { port_id: portId } : {};
      const fip = await api.floatingIps.create({ floating_network_id: made.external.id, ...draft });
      return { id: fip.id, address: fip.floating_ip_address };
    },
  };
}

/** The end of what an agent logged, for the message of a failed test. */
export async function agentLog(cloud: LabCloud, index: number): Promise<string> {
  const text = await readFile(`${cloud.folder}/agent-${index + 1}.log`, 'utf8').catch(() => '');
  return text.slice(-3000);
}
