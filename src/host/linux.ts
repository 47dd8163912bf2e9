/** The machine that this process runs on: its own network and mount namespace, with the named namespaces in it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { announcer } from './announce.ts';
import type { HostContext } from './batch.ts';
import { readCounters } from './counters.ts';
import { debounce } from './debounce.ts';
import { helperPool } from './helper-pool.ts';
import { iproute } from './iproute.ts';
import type { Machine, SwitchState } from './machine.ts';
import { observe } from './observe.ts';
import { switchPorts, topologyOf } from './ovs-ports.ts';
import { type RunWatch, watchRun } from './ovs-watch.ts';
import { openOvsdb } from './ovsdb.ts';
import { perform } from './perform.ts';
import { ProcessWatch } from './process-watch.ts';
import { programEnvironment, run } from './run.ts';
import { tableMemory } from './table-memory.ts';
import { watchLinks } from './watch-links.ts';

/** How a host is opened. */
export interface HostOptions {
  /** Where what goes wrong beside a step is told; nowhere by default. */
  readonly log?: (line: string) => void;
  /** The switch that is followed; without it, Open vSwitch is only used where a step is about it. */
  readonly ovs?: OvsOptions;
}

/** Open vSwitch on this host. */
export interface OvsOptions {
  /** The database: `unix:PATH` or `tcp:HOST:PORT`; '': the socket in OVS_RUNDIR, or in its usual place. */
  readonly connection: string;
  /** The bridge by which the switch is followed. */
  readonly integrationBridge: string;
}

/** This host; `close` ends the programs that it keeps running, after the announcements under way. */
export interface Host extends Machine {
  close(): Promise<void>;
}

/** Whether a program of this name is in PATH. */
export function hasProgram(name: string): boolean {
  const folders = (programEnvironment().PATH ?? '').split(':');
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}

const packages = 'iproute2 iptables ipset nftables conntrack iputils-arping util-linux';
const programs = [
  ['ip', '-V'],
  ['tc', '-V'],
  ['iptables', '-V'],
  ['ipset', '-v'],
  ['nft', '-v'],
  ['conntrack', '-V'],
  ['arping', '-V'],
  ['nsenter', '-V'],
];
const switchPrograms = [
  ['ovs-ofctl', '-V'],
  ['ethtool', '--version'],
];

async function checkPrograms(ovs: boolean): Promise<void> {
  const missing: string[] = [];
  await Promise.all(
    [...programs, ...(ovs ? switchPrograms : [])].map(async (argv) => {
      try {
        await run(argv, { codes: [0, 1, 2] });
      } catch {
        missing.push(argv[0] ?? '');
      }
    }),
  );
  if (missing.length > 0)
    throw new Error(
      `programs are missing: ${missing.sort().join(', ')}; on Debian: apt install ${packages}${ovs ? ' openvswitch-switch ethtool' : ''}`,
    );
}

/** The devices of this network namespace: name → index. (/sys/class/net would tell of the namespace that mounted it.) */
async function listLinks(context: HostContext): Promise<ReadonlyMap<string, number>> {
  const [answer] = await context.ip.exec('links', '', ['link show']);
  if (!answer || answer.failed) throw new Error(`ip link show: ${answer?.output}`);
  const devices = JSON.parse(answer.output || '[]') as { ifname: string; ifindex: number }[];
  return new Map(devices.map(({ ifname, ifindex }) => [ifname, ifindex]));
}

/** The database of the switch in its usual place, or where the environment of the programs of Open vSwitch says. */
const usualConnection = () => `unix:${process.env.OVS_RUNDIR ?? '/var/run/openvswitch'}/db.sock`;

/** Opens this host. Throws when a program that it needs is missing. */
export async function openHost(options: HostOptions = {}): Promise<Host> {
  const { ovs } = options;
  await checkPrograms(ovs !== undefined);
  const log = options.log ?? (() => undefined);
  const pool = helperPool();
  const ovsdb = openOvsdb(ovs?.connection || usualConnection());
  const context: HostContext = {
    pool,
    ip: iproute(pool),
    announcer: announcer(log),
    tables: tableMemory(),
    daemons: new ProcessWatch(),
    ovsdb,
    log,
  };
  const watches = new Set<{ stop(): void }>();
  let runs: RunWatch | undefined;
  const watch = (changed: () => void) => {
    const wake = debounce(changed);
    const parts: { stop(): void }[] = [watchLinks(wake.call, log), wake];
    if (ovs) {
      runs ??= watchRun(ovs.integrationBridge, wake.call);
      parts.push(ovsdb.watch(wake.call), runs);
    }
    const all = {
      stop() {
        for (const part of parts) part.stop();
      },
    };
    watches.add(all);
    return all;
  };
  const switchState = async (): Promise<SwitchState | undefined> => {
    if (!ovs) return undefined;
    return { run: runs?.run ?? '', ports: switchPorts(topologyOf(await ovsdb.tables())) };
  };
  return {
    observe: (facts) => observe(context, facts),
    perform: (steps) => perform(context, steps),
    watchLinks: watch,
    listLinks: () => listLinks(context),
    watchProcesses: (ended) => context.daemons.watch(ended),
    readCounters: (tables) => readCounters(context, tables),
    switchState,
    async close() {
      for (const one of watches) one.stop();
      await context.announcer.settled();
      pool.close();
      ovsdb.close();
    },
  };
}
