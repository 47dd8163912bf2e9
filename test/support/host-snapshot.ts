/** The state of this machine's network, as far as a test could leave something behind. Reads only. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Lines by the part of the machine that they tell of. */
export type HostSnapshot = Readonly<Record<string, readonly string[]>>;

const execute = promisify(execFile);

/** The lines of a program's output; a program that is not there has none. */
async function linesOf(program: string, ...args: string[]): Promise<string[]> {
  try {
    const { stdout } = await execute(program, args, { maxBuffer: 64 << 20, timeout: 20_000 });
    return stdout.split('\n').filter((line) => line.trim() !== '');
  } catch {
    return [];
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

/** Rules without counters and the comments that hold the time. */
async function rulesOf(program: string): Promise<string[]> {
  const lines = await linesOf(program);
  return lines.filter((line) => !line.startsWith('#')).map((line) => line.replace(/\[\d+:\d+\]/, ''));
}

/** The processes whose environment holds `mark` (NAME=value), but for this one: those that it or its children started. */
export async function processesWith(mark: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        if (!(await readFile(`/proc/${pid}/environ`, 'latin1')).split('\0').includes(mark)) return [];
        return [`${pid} ${(await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ').trim()}`];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}

async function digestOf(file: string): Promise<string[]> {
  try {
    return [
      `${file} ${createHash('sha256')
        .update(await readFile(file))
        .digest('hex')}`,
    ];
  } catch {
    return [];
  }
}

/** Addresses without their remaining lifetimes, which run. */
const steady = (lines: string[]): string[] => lines.filter((line) => !line.includes('valid_lft'));

/** Looks at the machine. */
export async function hostSnapshot(): Promise<HostSnapshot> {
  const parts = {
    namespaces: entriesOf('/run/netns'),
    links: linesOf('ip', '-o', 'link').then((lines) =>
      lines.map((line) => line.replace(/@.*?:/, ':').split(' mtu ')[0] ?? ''),
    ),
    addresses: linesOf('ip', '-o', 'address').then((lines) =>
      steady(lines.map((line) => line.replace(/valid_lft.*/, ''))),
    ),
    routes: linesOf('ip', 'route', 'show', 'table', 'all'),
    'routing rules': linesOf('ip', 'rule'),
    'iptables rules': rulesOf('iptables-save'),
    'ip6tables rules': rulesOf('ip6tables-save'),
    ipsets: linesOf('ipset', 'list', '-name'),
    'resolv.conf': digestOf('/etc/resolv.conf'),
    mounts: readFile('/proc/self/mounts', 'utf8').then((text) =>
      text.split('\n').filter((line) => /netns|neutrino/.test(line)),
    ),
  };
  const entries = await Promise.all(Object.entries(parts).map(async ([name, lines]) => [name, await lines] as const));
  return Object.fromEntries(entries);
}

/** What is in one snapshot only, a line each. */
export function differences(before: HostSnapshot, after: HostSnapshot): string[] {
  return Object.keys(after).flatMap((part) => {
    const was = new Set(before[part]);
    const is = new Set(after[part]);
    const come = [...is].filter((line) => !was.has(line)).map((line) => `${part}: left behind: ${line}`);
    const gone = [...was].filter((line) => !is.has(line)).map((line) => `${part}: gone: ${line}`);
    return [...come, ...gone];
  });
}
