/** A host with one NIC and the world behind it: emulated hosts joined by a wire, the gateway on the other end. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHost, type LabHost, type Outcome } from '../../../src/lab/host.ts';
import { startOvs } from '../../../src/lab/ovs.ts';
import { createWire } from '../../../src/lab/wire.ts';
import type { Journal } from '../../../src/nic/types.ts';
import { program } from './small-cloud.ts';

/** A host whose one NIC is `ens0`, and the outside with its gateway. */
export interface NicWorld {
  readonly host: LabHost;
  readonly outside: LabHost;
  readonly stateDir: string;
  /** Options that say which datapath Open vSwitch has here. */
  readonly datapath: readonly string[];
  /** Runs `neutrino nic …` on the host. */
  nic(...args: readonly string[]): Promise<Outcome>;
  /** All addresses, routes and rules, as `ip` prints them. */
  text(): Promise<string>;
  /** Makes the NIC as it was in the beginning, after a release: with its addresses and routes in the order that they had. */
  reset(): Promise<void>;
  /** Drops all that the outside gets as soon as the host has the device; resolves when it does. */
  silenceWhen(device: string): Promise<{ lift(): Promise<void> }>;
  /** Waits until the move of br-ex is confirmed or undone, 30 s at most, and gives its journal. */
  settled(): Promise<Journal>;
  close(): Promise<void>;
}

const setUp = [
  'address add 192.0.2.2/24 brd + dev ens0',
  'address add 192.0.2.3/24 dev ens0 label ens0:1',
  'address add 198.51.100.7/32 dev ens0',
  'address add 2001:db8::2/64 dev ens0 nodad',
  'address add 2001:db8::3/64 dev ens0 nodad',
  'route add default via 192.0.2.1 dev ens0 metric 100',
  'route add 203.0.113.0/24 via 192.0.2.9 dev ens0 onlink mtu 1400',
  'route add default via 192.0.2.1 dev ens0 table 100',
  'route add ::/0 via 2001:db8::1 dev ens0 metric 50',
  'route add 2001:db8:5::/48 via fe80::1 dev ens0 metric 77',
  'rule add pref 500 iif ens0 lookup 100',
  'rule add pref 501 from 192.0.2.3 lookup 100',
  'neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev ens0 nud permanent',
];

/** What a world is made of. */
export interface NicWorldOptions {
  /** Lines for `ip -batch` on the host. */
  readonly lines?: readonly string[];
  /** Start Open vSwitch on the host. */
  readonly ovs?: boolean;
  /** Files below /etc of the host, by their paths: it has a layer of its own over the machine's /etc then. */
  readonly etc?: Readonly<Record<string, string>>;
}

const layer = `mkdir -p /run/etc && mount -t tmpfs tmpfs /run/etc && mkdir /run/etc/upper /run/etc/work &&
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work /etc`;

/** Gives the host an /etc of its own, with files. */
async function ownEtc(host: LabHost, files: Readonly<Record<string, string>>): Promise<void> {
  await host.run(['sh', '-c', layer]);
  for (const [path, text] of Object.entries(files))
    await host.run(['sh', '-c', 'mkdir -p "$(dirname "$1")" && cat > "$1"', 'sh', path], { input: text });
}

/** Makes a world. */
export async function createNicWorld({ lines = setUp, ovs = false, etc }: NicWorldOptions = {}): Promise<NicWorld> {
  const [host, outside] = await Promise.all([createHost('host'), createHost('outside')]);
  const stateDir = await mkdtemp(join(tmpdir(), 'neutrino-nic-'));
  const close = async () => {
    await Promise.all([host.close(), outside.close()]);
    await rm(stateDir, { recursive: true, force: true });
  };
  try {
    await createWire({ host, device: 'ens0' }, { host: outside, device: 'out0', address: '192.0.2.1/24' });
    const far = 'address add 2001:db8::1/64 dev out0 nodad\naddress add fe80::1/64 dev out0 nodad\n';
    await outside.run(['ip', '-batch', '-'], { input: far });
    if (etc) await ownEtc(host, etc);
    if (lines.length > 0) await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
    await untilSteady(host);
    // The userspace datapath does not fill in checksums that were left to the hardware.
    if (ovs) await outside.run(['ethtool', '-K', 'out0', 'tx', 'off']);
    if (ovs) await startOvs(host);
    return {
      host,
      outside,
      stateDir,
      datapath: ovs ? ['--datapath-type', 'netdev'] : [],
      close,
      async reset() {
        const { stdout } = await host.run(['ip', '-4', 'rule']);
        const mine = stdout.split('\n').filter((line) => line.startsWith('50'));
        const rules = mine.map((line) => `rule del pref ${line.split(':')[0]}`);
        await host.run(['ip', '-batch', '-'], { input: `${['address flush dev ens0', ...rules].join('\n')}\n` });
        await host.run(['ip', '-batch', '-'], { input: 'link set ens0 down\nlink set ens0 up\n' });
        await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
        await untilSteady(host);
      },
      async silenceWhen(device) {
        const seen = async () => (await host.run(['ip', 'link', 'show', device], { mayFail: true })).code === 0;
        for (let attempt = 0; attempt < 3000 && !(await seen()); attempt++) await sleep(10);
        const chain = '{ type filter hook ingress device "out0" priority 0; policy drop; }\n';
        await outside.run(['nft', '-f', '-'], { input: `table netdev deaf { chain in ${chain} }\n` });
        return { lift: async () => void (await outside.run(['nft', 'delete', 'table', 'netdev', 'deaf'])) };
      },
      settled: () => untilSettled(stateDir),
      nic: (...args) => {
        const argv = [...program, 'nic', ...args, '--state-dir', stateDir];
        return host.run(argv, { mayFail: true, timeoutMs: 60_000 });
      },
      async text() {
        const parts = [
          ['addr', 'show'],
          ['-4', 'route', 'show', 'table', 'all'],
          ['-6', 'route', 'show', 'table', 'all'],
          ['-4', 'rule', 'show'],
          ['-6', 'rule', 'show'],
        ];
        const texts = await Promise.all(parts.map(async (part) => (await host.run(['ip', ...part])).stdout));
        return texts.join('\n');
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A ping every 10 ms that runs. */
export interface RunningPing {
  /** Ends it; how many went out and how many were not answered. */
  end(): Promise<{ sent: number; lost: number }>;
}

/** Pings from outside, every 10 ms. */
export function startPing(outside: LabHost, address: string): RunningPing {
  const child = outside.start(['ping', '-n', '-q', '-i', '0.01', '-W', '1', address]);
  let text = '';
  child.stdout?.on('data', (data) => {
    text += data;
  });
  return {
    end: () =>
      new Promise((resolve) => {
        child.once('close', () => {
          const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
          resolve({ sent: Number(sent), lost: Number(sent) - Number(received) });
        });
        outside.kill(child, 'SIGINT');
      }),
  };
}

const echoScript = `require('net').createServer((s) => { s.on('error', () => {}); s.pipe(s); }).listen(7, '::')`;
const streamScript = `
const s = require('net').connect(7, process.argv[1]);
let n = 0, back = 0, last = Date.now(), worst = 0;
s.on('connect', () => { console.log('open'); setInterval(() => s.write(String(n++ % 10)), 10); });
s.on('data', (d) => { back += d.length; worst = Math.max(worst, Date.now() - last); last = Date.now(); });
s.on('error', (e) => { console.log('broken ' + e.code); process.exit(1); });
s.on('close', () => { console.log('closed'); process.exit(1); });
process.on('SIGINT', () => { console.log(JSON.stringify({ sent: n, back, worst })); process.exit(0); });
`;

/** An open TCP stream from outside, a byte every 10 ms and back. */
export interface RunningStream {
  /** Bytes sent and come back, and the longest silence in milliseconds; throws where the stream broke. */
  end(): Promise<{ sent: number; back: number; worst: number }>;
}

/** Opens a stream from outside to an echo on the host. */
export async function startStream({ host, outside }: NicWorld, address: string): Promise<RunningStream> {
  const server: ChildProcess = host.start([process.execPath, '-e', echoScript]);
  for (let attempt = 0; attempt < 200; attempt++) {
    const { stdout } = await host.run(['ss', '-Htln', 'sport', '=', ':7']);
    if (stdout.includes(':7')) break;
    await sleep(20);
  }
  const child = outside.start([process.execPath, '-e', streamScript, address]);
  let text = '';
  child.stdout?.on('data', (data) => {
    text += data;
  });
  for (let attempt = 0; attempt < 500 && !text.includes('open'); attempt++) await sleep(10);
  return {
    end: () =>
      new Promise((resolve, reject) => {
        child.once('close', () => {
          host.kill(server);
          const last = text.trim().split('\n').at(-1) ?? '';
          if (last.startsWith('{')) resolve(JSON.parse(last));
          else reject(new Error(`the stream broke: ${text}`));
        });
        outside.kill(child, 'SIGINT');
      }),
  };
}

/** The journal of the bridge. */
export async function journalOf({ stateDir }: Pick<NicWorld, 'stateDir'>, bridge = 'br-ex'): Promise<Journal> {
  return JSON.parse(await readFile(join(stateDir, 'nic', `${bridge}.json`), 'utf8'));
}

async function untilSettled(stateDir: string): Promise<Journal> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const journal = await journalOf({ stateDir });
    if (journal.phase === 'confirmed' || journal.phase === 'undone') return journal;
    await sleep(100);
  }
  throw new Error('the move was not settled within 30 s');
}

async function untilSteady(host: LabHost): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { stdout } = await host.run(['ip', '-6', 'addr', 'show', 'dev', 'ens0']);
    if (/fe80/.test(stdout) && !/tentative/.test(stdout)) return;
    await sleep(50);
  }
}
