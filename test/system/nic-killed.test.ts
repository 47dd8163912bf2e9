/**
 * Kills the command, the guard, or both, at random moments of adopting, confirming and taking back. What is left is the old state or the
 * new one, and the host has its address at every moment. `NEUTRINO_NIC_KILLS=200` asks for more than the usual few; the seed is told.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNicWorld, journalOf, type NicWorld, startPing } from './support/nic-world.ts';
import { skip } from './support/small-cloud.ts';

const kills = Number(process.env.NEUTRINO_NIC_KILLS ?? 12);
const seed = Number(process.env.NEUTRINO_NIC_SEED ?? Date.now() % 1_000_000);
const side = 2;

/** Small and repeatable (mulberry32). */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The pids, as this machine numbers them, of processes of the world whose command line holds the words. */
function pidsOf(world: NicWorld, words: string): number[] {
  const all = execFileSync('ps', ['-e', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return all
    .filter((line) => line.includes(words) && line.includes(world.stateDir) && !line.includes('nsenter'))
    .map((line) => Number(line.trim().split(' ')[0]));
}

function killAll(pids: readonly number[]): number {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
  return pids.length;
}

/** Watches the address: tells of every moment at which no device had it. */
function watchAddress({ host }: NicWorld, address: string) {
  const monitor = host.start(['ip', '-o', '-4', 'monitor', 'address']);
  const has = new Set(['ens0']);
  const gaps: string[] = [];
  let rest = '';
  monitor.stdout?.on('data', (data) => {
    const lines = (rest + data).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((text) => text.includes(` ${address}/`))) {
      const device = /\d+: (\S+)/.exec(line)?.[1] ?? '';
      if (line.startsWith('Deleted')) has.delete(device);
      else has.add(device);
      if (has.size === 0) gaps.push(line);
    }
  });
  return {
    /** The moments without it so far. */
    gaps,
    /** Forgets them: the test itself made the NIC anew. */
    forget() {
      gaps.length = 0;
      has.clear();
      has.add('ens0');
    },
  };
}

/** The text without what differs between two bridges of one name: their numbers, and the device that Open vSwitch makes with its first. */
const steady = (text: string): string =>
  text.replace(/^\d+: br-ex/gm, 'N: br-ex').replace(/^\d+: ovs-netdev.*\n.*\n/gm, '');

type Act = 'adopt' | 'confirm' | 'rollback';

const acts: readonly Act[] = ['adopt', 'adopt', 'confirm', 'rollback'];

async function phaseOf(world: NicWorld): Promise<string> {
  return journalOf(world).then(
    // The release of an earlier turn: this turn's move was not even planned.
    ({ phase, move }) => (move.kind === 'release' ? 'none' : phase),
    () => 'none',
  );
}

/** Waits until nobody acts any more, or the move is on trial, watched, and nobody has asked for its end. */
async function quiet(world: NicWorld): Promise<void> {
  for (let at = 0; at < 400; at++) {
    const phase = await phaseOf(world);
    const running = pidsOf(world, ' nic ').length;
    if (running === 0) return;
    const checked = phase === 'trial' && (await journalOf(world)).checked === true;
    const isAsked = existsSync(join(world.stateDir, 'nic', 'br-ex.request'));
    if (checked && !isAsked && pidsOf(world, ' nic adopt').length === 0) return;
    await sleep(50);
  }
  throw new Error('someone still acts after 20 s');
}

describe('a move whose processes are killed', { skip, timeout: 3_600_000, concurrency: 2 }, () => {
  const each = Math.ceil(kills / side);
  for (const [index, driver] of (['linuxbridge', 'ovs'] as const).entries())
    test(`${each} kills, ${driver}, seed ${seed + index}`, async (t) => {
      const random = randomOf(seed + index);
      const world = await createNicWorld({ ovs: driver === 'ovs' });
      try {
        const adopt = ['adopt', 'ens0', '--driver', driver, ...world.datapath, '--timeout', '600', '--no-check'];
        const old = await world.text();
        const from = performance.now();
        await world.nic(...adopt);
        const adoptMs = performance.now() - from;
        const trial = steady(await world.text());
        await world.nic('rollback');
        const endMs = performance.now() - from - adoptMs;
        const watched = watchAddress(world, '192.0.2.2');
        const seen: Record<string, number> = {};
        for (let at = 0; at < each; at++) {
          const act = acts[Math.floor(random() * acts.length)] ?? 'adopt';
          const victims = (['command', 'guard', 'both'] as const)[Math.floor(random() * 3)] ?? 'both';
          const ping = startPing(world.outside, '192.0.2.2');
          if (act !== 'adopt') await world.nic(...adopt);
          const started = performance.now();
          const command = act === 'adopt' ? world.nic(...adopt) : world.nic(act);
          await sleep(random() * (act === 'adopt' ? adoptMs : endMs));
          const moment = `${act}, ${victims} after ${Math.round(performance.now() - started)} ms (${await phaseOf(world)})`;
          if (victims !== 'guard') killAll(pidsOf(world, ` nic ${act}`));
          if (victims !== 'command') killAll(pidsOf(world, ' nic guard'));
          await command;
          await quiet(world);
          // What the next boot, or the next person, would do.
          if (pidsOf(world, ' nic guard').length === 0) await world.nic('recover');
          const phase = await phaseOf(world);
          const text = await world.text();
          const lost = await ping.end();
          seen[phase] = (seen[phase] ?? 0) + 1;
          if (phase === 'trial') assert.equal(steady(text), trial, moment);
          else if (phase === 'undone' || phase === 'none') assert.equal(text, old, moment);
          else assert.equal(phase, 'confirmed', moment);
          assert.ok(lost.lost <= 100, `${moment}: ${lost.lost} of ${lost.sent} pings lost`);
          assert.deepEqual(watched.gaps, [], moment);
          if (phase === 'trial') await world.nic('rollback');
          if (phase !== 'confirmed') continue;
          assert.match(text, /inet 192\.0\.2\.2\/24 brd 192\.0\.2\.255 scope global br-ex/, moment);
          await world.nic('release', 'br-ex', '--yes', '--no-check');
          await world.reset();
          await sleep(100);
          watched.forget();
          assert.equal(await world.text(), old, moment);
        }
        t.diagnostic(JSON.stringify(seen));
        assert.equal(
          Object.values(seen).reduce((sum, n) => sum + n, 0),
          each,
        );
      } finally {
        await world.close();
      }
    });
});
