/**
 * A small cloud: one to three emulated hosts with an agent each, the first with the server too, joined by an underlay, and an
 * outside world with the gateway of the external network on br-ex of the first.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentFile, buildGround, type Ground, type LabDriver, underlay } from './ground.ts';
import { createHost, type LabHost, patient } from './host.ts';
import { openRelay, type Relay } from './relay.ts';

export { outside } from './ground.ts';

/** The types of networks that a cloud can give to projects; flat ones and VLANs are on the physical network `rack`. */
export const networkTypes = ['vxlan', 'gre', 'geneve', 'vlan', 'flat'] as const;
export type LabNetworkType = (typeof networkTypes)[number];

/** What a lab cloud is made of. */
export interface CloudOptions {
  /** The command that is Neutrino: a program and its first arguments. */
  readonly program: readonly string[];
  readonly hosts?: 1 | 2 | 3;
  /** How the hosts switch frames; default linuxbridge. */
  readonly driver?: LabDriver;
  /** The type of networks that projects get; default vxlan. */
  readonly type?: LabNetworkType;
  /** By what routers translate addresses; default iptables. */
  readonly nat?: 'iptables' | 'nftables';
  /** Leave it running when this process ends. */
  readonly kept?: boolean;
  /** Further lines for a configuration file of the server, by file name: `{ 'neutron.conf': '[DEFAULT]\n…' }`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Files of every agent, by name: `{ 'dhcp_agent.ini': '[DEFAULT]\n…' }`. */
  readonly agentFiles?: Readonly<Record<string, string>>;
  /** Options for `server` beside those of the lab. */
  readonly serverOptions?: readonly string[];
  /** Told of each daemon that starts. */
  readonly started?: (daemon: Daemon, role: 'server' | 'agent') => void;
}

/** A process of Neutrino in the lab. */
export interface Daemon {
  readonly process: ChildProcess;
  readonly logFile: string;
  /** Ends it with a signal and waits until it is gone. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A lab cloud that runs. */
export interface LabCloud {
  readonly hosts: readonly LabHost[];
  readonly driver: LabDriver;
  readonly type: LabNetworkType;
  readonly world: LabHost;
  /** Its own temporary folder: state, configuration, clouds.yaml. */
  readonly folder: string;
  readonly cloudsFile: string;
  /** Where the API answers, from this process. */
  readonly url: string;
  /** Where the API answers, inside the first host. */
  readonly insideUrl: string;
  startServer(): Promise<Daemon>;
  /** `nat`: with another driver than the cloud was made with. */
  startAgent(index: number, nat?: CloudOptions['nat']): Promise<Daemon>;
  /** Runs a command of Neutrino on a host. */
  neutrino(index: number, args: readonly string[]): Promise<{ stdout: string; stderr: string; code: number | null }>;
  /** The folder of a host's agent. */
  agentDir(index: number): string;
  /** Lets go of a kept cloud: this process can end, the cloud goes on. */
  leave(): void;
  close(): Promise<void>;
}

const port = 9696;

async function untilExit(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => child.once('exit', () => resolve()));
}

/** Starts a daemon that logs to a file, and waits until the log holds `sign`, 20 s at most. */
async function startDaemon(host: LabHost, argv: readonly string[], sign: string, logFile: string): Promise<Daemon> {
  const log = await open(logFile, 'a');
  const from = (await log.stat()).size;
  const child = host.start(argv, { output: log.fd });
  await log.close();
  const logged = async () => (await readFile(logFile)).subarray(from).toString();
  const deadline = Date.now() + patient(20_000);
  while (!(await logged()).includes(sign)) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > deadline) {
      const how = ended ? `ended with ${child.exitCode ?? child.signalCode}` : `did not say "${sign}" in time`;
      if (!ended) host.kill(child);
      throw new Error(`${argv.join(' ')} ${how}: ${(await logged()).trim()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    process: child,
    logFile,
    async kill(signal) {
      host.kill(child, signal);
      await untilExit(child);
    },
  };
}

/** Builds the hosts and wires of a cloud and a way to its API; starts nothing yet. */
export async function createCloud(options: CloudOptions): Promise<LabCloud> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-lab-'));
  const names = Array.from({ length: options.hosts ?? 1 }, (_, index) => `host${index + 1}`);
  const kept = { kept: options.kept ?? false };
  const type = options.type ?? 'vxlan';
  const driver = options.driver ?? 'linuxbridge';
  const ground: Ground = { driver, rack: type === 'vlan' || type === 'flat' };
  const made: LabHost[] = [];
  let relay: Relay | undefined;
  const close = async () => {
    relay?.close();
    await Promise.all(made.map((host) => host.close()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const name of [...names, 'world']) made.push(await createHost(name, kept));
    const hosts = made.slice(0, -1);
    const [first] = hosts;
    const world = made.at(-1);
    if (!first || !world) throw new Error('a cloud has at least one host');
    await buildGround(hosts, world, ground);
    const config = await writeConfig(folder, options, hosts.length, ground);
    relay = await openRelay(first, port, folder);
    const stateDir = join(folder, 'state');
    const agentDir = (index: number) => join(folder, `agent-${index + 1}`);
    return {
      hosts,
      driver,
      type,
      world,
      folder,
      cloudsFile: join(stateDir, 'clouds.yaml'),
      url: `http://127.0.0.1:${relay.port}`,
      insideUrl: `http://127.0.0.1:${port}`,
      agentDir,
      startServer: async () => {
        const address = hosts.length > 1 ? '0.0.0.0' : '127.0.0.1';
        const listen = ['--listen', `${address}:${port}`, '--state-dir', stateDir];
        const argv = [...options.program, 'server', ...listen, ...config.server, ...(options.serverOptions ?? [])];
        const daemon = await startDaemon(first, argv, `:${port}`, join(folder, 'server.log'));
        options.started?.(daemon, 'server');
        return daemon;
      },
      startAgent: async (index, nat = options.nat ?? 'iptables') => {
        const host = hosts[index] as LabHost;
        const server = index === 0 ? `http://127.0.0.1:${port}` : `http://${underlay(0)}:${port}`;
        const where = ['--server', server, '--host', host.name, '--state-dir', agentDir(index)];
        const token = ['--token-file', join(stateDir, 'agent-token')];
        const argv = [
          ...options.program,
          'agent',
          ...where,
          ...token,
          ...(config.agents[index] ?? []),
          ...config.nat[nat],
        ];
        const daemon = await startDaemon(host, argv, host.name, join(folder, `agent-${index + 1}.log`));
        options.started?.(daemon, 'agent');
        return daemon;
      },
      async neutrino(index, args) {
        const host = hosts[index] as LabHost;
        const env = { OS_CLIENT_CONFIG_FILE: await cloudsFileOn(index, folder, stateDir), OS_CLOUD: 'neutrino' };
        return host.run([...options.program, ...args], { mayFail: true, timeoutMs: 30_000, env });
      },
      leave() {
        relay?.close();
        for (const host of made) host.leave();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The credentials for a host: beyond the first one, the server is where the first host is. */
async function cloudsFileOn(index: number, folder: string, stateDir: string): Promise<string> {
  const own = join(stateDir, 'clouds.yaml');
  if (index === 0) return own;
  const file = join(folder, 'clouds-elsewhere.yaml');
  await writeFile(file, (await readFile(own, 'utf8')).replaceAll('127.0.0.1', underlay(0)), { mode: 0o600 });
  return file;
}

/** What the server is told beside the files of a test. A flat network is asked for by name. */
function serverText({ driver = 'linuxbridge', type = 'vxlan' }: CloudOptions): string {
  const tenant = type === 'flat' ? 'vxlan' : type;
  const ml2 = ['[ml2]', `mechanism_drivers = ${driver}`, `tenant_network_types = ${tenant}`];
  return `${[...ml2, '[ml2_type_vlan]', 'network_vlan_ranges = rack:100:199'].join('\n')}\n`;
}

async function writeConfig(folder: string, options: CloudOptions, hosts: number, ground: Ground) {
  const etc = join(folder, 'etc');
  await mkdir(etc);
  const write = async (name: string, text: string) => {
    const path = join(etc, name);
    await writeFile(path, text);
    return ['--config-file', path];
  };
  const server: string[] = [];
  const lab: Record<string, string> = { 'ml2_conf.ini': serverText(options) };
  for (const [name, text] of Object.entries({ ...lab, ...options.files })) server.push(...(await write(name, text)));
  const agents: string[][] = [];
  const shared: string[] = [];
  for (const [name, text] of Object.entries(options.agentFiles ?? {})) shared.push(...(await write(name, text)));
  for (let index = 0; index < hosts; index++) {
    const { name, text } = agentFile(index, hosts, ground);
    agents.push([...(await write(name, text)), ...shared]);
  }
  const nat = {
    iptables: [] as string[],
    nftables: await write('nftables.ini', '[neutrino]\nnat_driver = nftables\n'),
  };
  return { server, agents, nat };
}
