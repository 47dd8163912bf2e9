/**
 * The watchdog: a process of its own session that does the whole move, waits for the confirmation, and takes the move back when
 * none comes. The command that started it only watches; it goes on where the guard was killed.
 */
import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { orMissing } from '../host/files.ts';
import { run } from '../host/run.ts';
import { actorOf, confirmMove, recover, switchOver, takeBack } from './actor.ts';
import { hasSystemd } from './boot-hook.ts';
import { type Lock, readJournal, removeDurably, settled, takeLock, writeDurably } from './journal.ts';
import { isRunning, markName, startOf } from './process.ts';
import { uptime } from './read.ts';
import type { Journal } from './types.ts';

/** What a person asks of a trial. */
export type Request = 'confirm' | 'rollback';

const requestPath = (folder: string, bridge: string): string => join(folder, `${bridge}.request`);

/** Asks the guard of the bridge. */
export function ask(folder: string, bridge: string, request: Request): Promise<void> {
  return writeDurably(requestPath(folder, bridge), request, 0o600);
}

/** Forgets what was asked before. */
export function forgetRequest(folder: string, bridge: string): Promise<void> {
  return removeDurably(requestPath(folder, bridge));
}

async function askedFor(folder: string, { move }: Journal): Promise<Request | undefined> {
  const text = await orMissing(readFile(requestPath(folder, move.bridge), 'utf8'));
  return text === 'confirm' || text === 'rollback' ? text : undefined;
}

/** Milliseconds between two looks at requests and clock. */
const lookMs = 100;

/** Is the guard of a bridge to its end: the move is confirmed or undone when it resolves. Throws when another process acts. */
export async function guard(folder: string, bridge: string): Promise<void> {
  const lock = takeLock(folder);
  if (!lock) throw new Error('another process is at work on a move');
  try {
    const journal = await readJournal(folder, bridge);
    if (!journal || settled.has(journal.phase)) return;
    const keeper = actorOf(folder, journal);
    if (journal.phase === 'planned') {
      await keeper.keep({ guard: { pid: process.pid, started: await startOf(process.pid) } });
      await switchOver(keeper);
    } else if (journal.phase === 'trial') {
      await keeper.keep({ guard: { pid: process.pid, started: await startOf(process.pid) } });
    } else {
      await recover(keeper);
    }
    await watch(folder, keeper);
  } finally {
    await forgetRequest(folder, bridge);
    lock.release();
  }
}

async function watch(folder: string, keeper: ReturnType<typeof actorOf>): Promise<void> {
  while (keeper.journal().phase === 'trial') {
    const request = await askedFor(folder, keeper.journal());
    if (request === 'confirm') return confirmMove(keeper);
    if (request === 'rollback') return takeBack(keeper, { code: 'asked', values: {} });
    if ((await uptime()) >= (keeper.journal().deadline ?? 0))
      return takeBack(keeper, { code: 'not-confirmed', values: { seconds: String(keeper.journal().timeoutSeconds) } });
    await sleep(lookMs);
  }
}

/** Starts the guard as a process that nothing here can take along: by systemd where it runs, else in a session of its own. */
export async function startGuard(program: readonly string[], folder: string, journal: Journal): Promise<void> {
  const argv = [...program, 'nic', 'guard', journal.move.bridge, '--state-dir', join(folder, '..')];
  const mark = `${markName}=${journal.id}`;
  if (hasSystemd()) {
    const kept = Object.entries(process.env).filter(([name]) => /^(OVS_|PATH$|NODE_)/.test(name));
    const unit = ['--unit', `neutrino-nic-${journal.id}`, '--collect', '--quiet', '-p', 'Restart=on-failure'];
    const env = [mark, ...kept.map(([name, value]) => `${name}=${value}`)].map((pair) => `--setenv=${pair}`);
    const started = await run(['systemd-run', ...unit, '-p', 'RestartSec=100ms', ...env, '--', ...argv]).then(
      () => true,
      () => false,
    );
    if (started) return;
  }
  const log = await open(join(folder, `${journal.move.bridge}.log`), 'a', 0o600);
  const [file = '', ...args] = argv;
  const env = { ...process.env, [markName]: journal.id };
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: '/', env });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
  await log.close();
}

/** Milliseconds that a guard has to take the move up. */
const startMs = 60_000;

/** Whether the journal's guard still runs. */
export async function isGuarded({ guard: at }: Journal): Promise<boolean> {
  return at !== undefined && (await isRunning(at.pid, at.started));
}

/** Follows the journal of a move until `done`; takes the move up where its guard was killed. */
export async function follow(folder: string, bridge: string, done: (journal: Journal) => boolean): Promise<Journal> {
  const start = performance.now();
  for (;;) {
    const journal = await readJournal(folder, bridge);
    if (!journal) throw new Error(`the journal of ${bridge} is gone`);
    if (done(journal) || settled.has(journal.phase)) return journal;
    const late = journal.guard === undefined && performance.now() - start > startMs;
    if (late || (journal.guard !== undefined && !(await isGuarded(journal)))) {
      const lock: Lock | undefined = takeLock(folder);
      if (lock) {
        try {
          await takeUp(folder, bridge);
        } finally {
          lock.release();
        }
      }
    }
    await sleep(lookMs);
  }
}

/** Finishes what a guard that was killed left; the caller holds the lock. */
export async function takeUp(folder: string, bridge: string): Promise<void> {
  const journal = await readJournal(folder, bridge);
  if (!journal || settled.has(journal.phase)) return;
  process.env[markName] = journal.id;
  try {
    await recover(actorOf(folder, journal));
  } finally {
    delete process.env[markName];
  }
}
