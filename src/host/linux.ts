/** The machine that this process runs on: its own network and mount namespace, with the named namespaces in it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { announcer } from './announce.ts';
import type { HostContext } from './batch.ts';
import { helperPool } from './helper-pool.ts';
import { iproute } from './iproute.ts';
import type { Machine } from './machine.ts';
import { observe } from './observe.ts';
import { perform } from './perform.ts';
import { ProcessWatch } from './process-watch.ts';
import { programEnvironment, run } from './run.ts';
import { tableMemory } from './table-memory.ts';
import { watchLinks } from './watch-links.ts';

/** How a host is opened. */
export interface HostOptions {
  /** Where what goes wrong beside a step is told; nowhere by default. */
  readonly log?: (line: string) => void;
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

async function checkPrograms(): Promise<void> {
  const missing: string[] = [];
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
  await Promise.all(
    programs.map(async (argv) => {
      try {
        await run(argv, { codes: [0, 1, 2] });
      } catch {
        missing.push(argv[0] ?? '');
      }
    }),
  );
  if (missing.length > 0)
    throw new Error(
      `programs are missing: ${missing.sort().join(', ')}; on Debian: apt install iproute2 iptables ipset nftables conntrack iputils-arping util-linux`,
    );
}

/** The devices of this network namespace: name → index. (/sys/class/net would tell of the namespace that mounted it.) */
async function listLinks(context: HostContext): Promise<ReadonlyMap<string, number>> {
  const [answer] = await context.ip.exec('ip', '', ['link show']);
  if (!answer || answer.failed) throw new Error(`ip link show: ${answer?.output}`);
  const devices = JSON.parse(answer.output || '[]') as { ifname: string; ifindex: number }[];
  return new Map(devices.map(({ ifname, ifindex }) => [ifname, ifindex]));
}

/** Opens this host. Throws when a program that it needs is missing. */
export async function openHost(options: HostOptions = {}): Promise<Host> {
  await checkPrograms();
  const log = options.log ?? (() => undefined);
  const pool = helperPool();
  const context: HostContext = {
    pool,
    ip: iproute(pool),
    announcer: announcer(log),
    tables: tableMemory(),
    daemons: new ProcessWatch(),
    log,
  };
  return {
    observe: (facts) => observe(context, facts),
    perform: (steps) => perform(context, steps),
    watchLinks: (changed) => watchLinks(changed, log),
    listLinks: () => listLinks(context),
    watchProcesses: (ended) => context.daemons.watch(ended),
    async close() {
      await context.announcer.settled();
      pool.close();
    },
  };
}
