/**
 * `npm run bench`: measures, prints beside stock Neutron's figures, asserts nothing.
 *
 * Options: `--only api|curve|forwarding|cold-start|connections|lease|members`, `--requests N`, `--ports N`, `--rows TEXT` (only rows whose name has it),
 * `--postgres` (a PostgreSQL of its own in place of the embedded database), `--connection URL` (any other), `--nat iptables|nftables` (one driver alone),
 * `--bundle FILE` (another build of the program), `--profile FOLDER`
 * (a CPU profile of the server), `--json`. The curve (what one create costs from 100 to 100,000 that are there) runs by `--only` alone.
 */
import { parseArgs } from 'node:util';
import { startPostgres } from '../support/postgres.ts';
import { benchAgentStart } from './agent-start.ts';
import { benchApi } from './api.ts';
import { benchColdStart } from './cold-start.ts';
import { benchConnections } from './connections.ts';
import { benchCurve, type Point } from './curve.ts';
import { benchForwarding } from './forwarding.ts';
import { benchLease } from './lease.ts';
import type { Measured } from './load.ts';
import { benchMembers } from './members.ts';
import { startBenchServer } from './server.ts';
import { stock } from './stock.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    requests: { type: 'string', default: '2000' },
    ports: { type: 'string', default: '1000' },
    rows: { type: 'string', default: '' },
    postgres: { type: 'boolean', default: false },
    connection: { type: 'string' },
    nat: { type: 'string' },
    bundle: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const root = new URL('../../', import.meta.url).pathname;
const profile = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
const bundle = values.bundle ?? `${root}dist/neutrino.mjs`;
// As the script `neutrino` starts it.
process.env.MALLOC_MMAP_THRESHOLD_ = '1048576';
const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4'];
const program = [process.execPath, ...flags, ...profile, bundle];
const say = (text: string) => process.stderr.write(`${text}\n`);
const results: unknown[] = [];

const cell = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)).padStart(9);

function show(m: Measured): void {
  const peer = stock[m.name]?.[m.concurrency];
  results.push({ ...m, stock: peer ?? null });
  const ratio = peer ? `${(m.perSecond / peer.perSecond).toFixed(0)} x` : '-';
  const peers = peer ? `${cell(peer.perSecond)} ${cell(peer.p50)}` : `${'-'.padStart(9)} ${'-'.padStart(9)}`;
  const own = `${cell(m.perSecond)} ${cell(m.p50)} ${cell(m.p99)} ${cell(m.serverCpuUs)}`;
  say(`${m.name.padEnd(34)} ${String(m.concurrency).padStart(2)} ${own}  ${peers}  ${ratio.padStart(8)}`);
}

function showPoint({ size, measured, rssBytes }: Point): void {
  results.push({ name: 'curve', size, measured, rssBytes });
  const cells = measured.map((m) => `${cell(m.perSecond)} ${cell(m.p50)} ${cell(m.serverCpuUs)}`);
  say(`${String(size).padStart(8)} ${cells.join('   ')}   ${(rssBytes / 2 ** 20).toFixed(0)} MiB`);
}

const postgres = values.postgres ? await startPostgres() : undefined;
const connection = values.connection ?? (await postgres?.freshDatabase());
const drivers = (['iptables', 'nftables'] as const).filter((name) => !values.nat || values.nat === name);
const wanted = (part: string) => values.only === undefined || values.only === part;

if (wanted('api')) {
  const server = await startBenchServer(program, connection);
  try {
    say(
      `start to first 200: ${server.startMs.toFixed(0)} ms (stock: 6,900 ms); resident at start: ${(server.rss() / 2 ** 20).toFixed(0)} MiB`,
    );
    say(
      `${''.padEnd(37)} ${'per s'.padStart(9)} ${'p50 ms'.padStart(9)} ${'p99 ms'.padStart(9)} ${'CPU us'.padStart(9)}  ${'stock/s'.padStart(9)} ${'its p50'.padStart(9)}  ${'ratio'.padStart(8)}`,
    );
    const sizes = { requests: Number(values.requests), ports: Number(values.ports), rows: values.rows };
    await benchApi(server, sizes, show);
    say(`resident at the end: ${(server.rss() / 2 ** 20).toFixed(0)} MiB`);
    results.push({ name: 'server', startMs: server.startMs, rssBytes: server.rss() });
  } finally {
    await server.stop();
  }
}
if (values.only === 'curve') {
  const server = await startBenchServer(program, connection);
  try {
    const names = ['create port', 'create rule', 'create forwarding'].map((name) => name.padEnd(29));
    say(`${''.padEnd(9)}${names.join('   ')}`);
    say(`${'there'.padStart(8)} ${names.map(() => ' per s/8    p50 ms    CPU us').join('   ')}   resident`);
    await benchCurve(server, [100, 1000, 10_000, 30_000, 100_000], showPoint);
  } finally {
    await server.stop();
  }
}
for (const driver of drivers) {
  if (wanted('forwarding')) results.push(await benchForwarding(program, say, { driver }));
  if (wanted('agent-start')) results.push({ name: 'agent start', ...(await benchAgentStart(say, { driver })) });
  if (wanted('cold-start')) results.push(await benchColdStart(say, { driver }));
}
if (wanted('lease')) results.push(await benchLease(program, say));
if (wanted('members'))
  for (const driver of ['linuxbridge', 'openvswitch'] as const) results.push(await benchMembers(program, driver, say));
if (wanted('connections')) results.push({ name: 'new connections', figures: await benchConnections(say) });
await postgres?.stop();
if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
