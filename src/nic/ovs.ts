/** Open vSwitch, by its own programs: what is there, and one transaction at a time. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { orMissing } from '../host/files.ts';
import { describe, run } from '../host/run.ts';
import { startOf } from './process.ts';
import type { OvsView } from './types.ts';

/** Seconds that ovs-vsctl waits for the database and for ovs-vswitchd to follow. */
const waitSeconds = 10;

async function vsctl(words: readonly string[]): Promise<string> {
  const argv = ['ovs-vsctl', `--timeout=${waitSeconds}`, ...words];
  return (await run(argv, { deadlineMs: (waitSeconds + 2) * 1000 })).stdout;
}

interface Table {
  readonly data: readonly (readonly unknown[])[];
}

async function rows(table: string, columns: string): Promise<readonly (readonly unknown[])[]> {
  const text = await vsctl(['--format=json', `--columns=${columns}`, 'list', table]);
  return (JSON.parse(text || '{"data":[]}') as Table).data;
}

/** The members of a set as OVSDB's JSON has it; a set of one is the member alone. */
function members(value: unknown): string[] {
  if (Array.isArray(value) && value[0] === 'set') return (value[1] as unknown[]).flatMap(members);
  return [Array.isArray(value) ? String(value[1]) : String(value)];
}

/** Why ovs-vswitchd cannot follow: its database answers whether it runs or not. */
async function switchProblem(): Promise<string | undefined> {
  const file = `${process.env.OVS_RUNDIR ?? '/var/run/openvswitch'}/ovs-vswitchd.pid`;
  const pid = Number((await orMissing(readFile(file, 'utf8')))?.trim());
  if (pid > 0 && (await startOf(pid)) !== '') return undefined;
  return `ovs-vswitchd does not run (by ${file})`;
}

/** What Open vSwitch says of its bridges. */
export async function readOvs(): Promise<OvsView> {
  try {
    const [bridges, ports, problem] = await Promise.all([
      rows('Bridge', 'name,datapath_type,ports'),
      rows('Port', '_uuid,name'),
      switchProblem(),
    ]);
    const nameOf = new Map(ports.map(([uuid, name]) => [members(uuid)[0], String(name)]));
    const view = bridges.map(([name, datapath, of]) => {
      const names = members(of)
        .map((uuid) => nameOf.get(uuid) ?? '')
        .filter((port) => port !== '' && port !== name);
      return [String(name), { datapath: String(datapath) || 'system', ports: names }] as const;
    });
    return { bridges: Object.fromEntries(view), ...(problem === undefined ? {} : { problem }) };
  } catch (error) {
    return { bridges: {}, problem: describe(error) };
  }
}

/** Port number of an interface, or why it has none. */
async function portNumber(name: string): Promise<number | string> {
  const [row] = (
    JSON.parse(
      await vsctl(['--format=json', '--columns=ofport,error', '--if-exists', 'list', 'Interface', name]),
    ) as Table
  ).data;
  if (!row) return 'it is not in the database';
  const [port, error] = row;
  if (typeof port === 'number' && port > 0) return port;
  return members(error).join(' ') || 'ovs-vswitchd gave it no number yet';
}

/** Performs one transaction and waits until the interfaces `ready` work; where nothing has to be, the switch may be down. */
export async function performOvs(argv: readonly string[], ready: readonly string[]): Promise<void> {
  // At boot, the database is there before the switch that follows it.
  const later = ready.length === 0 && (await switchProblem()) !== undefined;
  await vsctl(later ? ['--no-wait', ...argv] : argv);
  for (const name of ready) {
    const end = performance.now() + 5000;
    for (;;) {
      const port = await portNumber(name);
      if (typeof port === 'number') break;
      if (performance.now() > end) throw new Error(`ovs-vsctl ${argv.join(' ')}: interface ${name}: ${port}`);
      await sleep(20);
    }
  }
}
