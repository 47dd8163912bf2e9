/**
 * DHCP clients that run on their own: found, and followed by one of the same kind on the device that took the addresses. It asks for the
 * lease that is there; the old one is ended without giving it back.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { orMissing } from '../host/files.ts';
import { run } from '../host/run.ts';
import { deviceOf } from './decide/carry.ts';
import { ends } from './decide/steps.ts';
import { addressWords } from './decide/words.ts';
import { writeDurably } from './journal.ts';
import { endProcess, isRunning, markName, startOf } from './process.ts';
import { takeSnapshot } from './read.ts';
import type { DhcpClient, Journal } from './types.ts';

function programOf(argv: readonly string[]): DhcpClient['program'] | undefined {
  const names = argv.slice(0, 2).map((word) => word.slice(word.lastIndexOf('/') + 1));
  if (names[0] === 'dhclient') return 'dhclient';
  return names[0] === 'udhcpc' || (names[0] === 'busybox' && names[1] === 'udhcpc') ? 'udhcpc' : undefined;
}

async function clientAt(pid: number, device: string, namespace: string): Promise<DhcpClient[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const argv = text.replace(/\0$/, '').split('\0');
  const program = programOf(argv);
  if (!program || !argv.some((word) => word === device || word === `-i${device}`)) return [];
  if ((await readlink(`/proc/${pid}/ns/net`).catch(() => '')) !== namespace) return [];
  return [{ program, pid, argv, started: await startOf(pid) }];
}

/** The clients that run on the device. */
export async function findClients(device: string): Promise<DhcpClient[]> {
  const namespace = await readlink('/proc/self/ns/net');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return (await Promise.all(pids.map((pid) => clientAt(pid, device, namespace)))).flat();
}

/** Ends clients without giving the lease back. */
export async function endClients(clients: readonly DhcpClient[]): Promise<void> {
  for (const { pid, started } of clients) if (await isRunning(pid, started)) endProcess(pid);
}

/** Starts a program that stays, and is no part of the move any more. */
function startDaemon(argv: readonly string[]): void {
  const [file = '', ...args] = argv;
  const { [markName]: _, ...env } = process.env;
  const child = spawn(file, args, { detached: true, stdio: 'ignore', cwd: '/', env });
  child.on('error', () => undefined);
  child.unref();
}

/** A word of a command line with one device for another; file names have it between dots or dashes. */
function renamed(word: string, from: string, to: string): string {
  const escaped = from.replace(/[.*+?^$|()[\]{}\\]/g, '\\$&');
  return word.replace(new RegExp(`(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])`, 'g'), to);
}

const wordAfter = (argv: readonly string[], option: string): string | undefined => {
  const at = argv.indexOf(option);
  return at < 0 ? undefined : argv[at + 1];
};

const withOption = (argv: readonly string[], option: string, value: string): string[] => {
  const at = argv.indexOf(option);
  return at < 0 ? argv.toSpliced(1, 0, option, value) : argv.with(at + 1, value);
};

async function startDhclient({ argv }: DhcpClient, from: string, to: string): Promise<void> {
  const own = argv.map((word) => renamed(word, from, to));
  const leases = wordAfter(argv, '-lf') ?? '/var/lib/dhcp/dhclient.leases';
  const renewed = renamed(leases, from, to);
  const file = renewed === leases ? `${leases}.${to}` : renewed;
  const text = (await orMissing(readFile(leases, 'utf8'))) ?? '';
  await writeDurably(file, text.replaceAll(`interface "${from}"`, `interface "${to}"`), 0o644);
  const pid = renamed(wordAfter(argv, '-pf') ?? `/run/dhclient.${from}.pid`, from, to);
  startDaemon(withOption(withOption(own, '-lf', file), '-pf', pid));
}

const scripts = ['/etc/udhcpc/default.script', '/usr/share/udhcpc/default.script'];

/** Starts udhcpc with a script that leaves out its first word, which would take the addresses away. */
async function startUdhcpc(
  { argv }: DhcpClient,
  from: string,
  to: string,
  address: string | undefined,
  folder: string,
) {
  const script = wordAfter(argv, '-s') ?? scripts.find((path) => existsSync(path)) ?? scripts[0] ?? '';
  const wrapper = join(folder, `udhcpc-${to}.sh`);
  const mark = `/run/neutrino-udhcpc-${to}`;
  const skip = `if [ "$1" = deconfig ] && [ ! -e "${mark}" ]; then : > "${mark}"; exit 0; fi`;
  await writeDurably(wrapper, `#!/bin/sh\n${skip}\nexec "${script}" "$@"\n`, 0o755);
  await run(['rm', '-f', mark]);
  const own = argv.map((word) => (word === `-i${from}` ? `-i${to}` : renamed(word, from, to)));
  const at = own[0]?.endsWith('busybox') ? 2 : 1;
  const asking = address === undefined ? [] : ['-r', address];
  startDaemon(
    own
      .flatMap((word, index) => (word === '-s' || own[index - 1] === '-s' ? [] : [word]))
      .toSpliced(at, 0, ...asking, '-s', wrapper),
  );
}

/** The leased addresses stay until the new client says how long: it adds what is there already, and would change nothing. */
async function keepLeased(to: string): Promise<string | undefined> {
  const addresses = deviceOf(await takeSnapshot([], false), to)?.addresses ?? [];
  const leased = addresses.filter(({ family, validSeconds }) => family === 4 && validSeconds !== null);
  for (const address of leased) {
    const lasting = { ...address, validSeconds: null, preferredSeconds: null };
    await run(['ip', 'address', 'change', ...addressWords(lasting, to, to, 0)]);
  }
  return leased[0]?.local ?? addresses.find(({ family }) => family === 4)?.local;
}

/** Milliseconds that a client has to come up. */
const startMs = 5000;

/** Has a client of the same kind take the lease on the new device; tells whether there was one. */
export async function takeOverLeases(
  { clients, move }: Pick<Journal, 'clients' | 'move'>,
  folder: string,
): Promise<boolean> {
  if (clients.length === 0) return false;
  const { from, to } = ends(move);
  if ((await findClients(to)).length > 0) return true;
  const address = await keepLeased(to);
  for (const client of clients) {
    if (client.program === 'dhclient') await startDhclient(client, from, to);
    else await startUdhcpc(client, from, to, address, folder);
  }
  const end = performance.now() + startMs;
  while ((await findClients(to)).length < clients.length) {
    if (performance.now() > end) throw new Error(`${clients[0]?.program} does not start on ${to}`);
    await sleep(50);
  }
  return true;
}
