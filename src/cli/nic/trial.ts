/** `neutrino nic confirm`, `nic rollback`, `nic recover`, `nic guard`: the end of a trial, however it comes about. */

import type { Language } from '../../lib/catalogue.ts';
import { actorOf, confirmMove, takeBack } from '../../nic/actor.ts';
import { ask, follow, guard, isGuarded, type Request, takeUp } from '../../nic/guard.ts';
import { nicFolder, readJournals, settled, takeLock } from '../../nic/journal.ts';
import type { Journal } from '../../nic/types.ts';
import { type Cli, CommandError, command, type ExitCode } from '../command.ts';
import { nicSpeaker } from './messages.ts';
import { nicOptions, stateOf } from './options.ts';
import { outcomeWords } from './words.ts';

async function pendingIn(folder: string): Promise<Journal | undefined> {
  return (await readJournals(folder)).find(({ phase }) => !settled.has(phase));
}

/** Does what is asked of a trial whose guard is gone. */
async function doIt(folder: string, journal: Journal, request: Request): Promise<void> {
  const lock = takeLock(folder);
  if (!lock) throw new CommandError('Another process is at work on the move: try again in a moment.');
  try {
    const keeper = actorOf(folder, journal);
    if (journal.phase !== 'trial') await takeUp(folder, journal.move.bridge);
    else if (request === 'confirm') await confirmMove(keeper);
    else await takeBack(keeper, { code: 'asked', values: {} });
  } finally {
    lock.release();
  }
}

async function end(
  request: Request,
  given: { stateDir: string | undefined; language: Language },
  cli: Cli,
): Promise<ExitCode> {
  const say = nicSpeaker(given.language);
  const folder = nicFolder(stateOf(given.stateDir));
  const journal = await pendingIn(folder);
  if (!journal) {
    cli.answer({ outcome: 'nothing' }, () => `${say('nothingPending')}\n`);
    return 1;
  }
  const { bridge } = journal.move;
  if (await isGuarded(journal)) await ask(folder, bridge, request);
  else await doIt(folder, journal, request);
  const last = await cli.during(
    request,
    follow(folder, bridge, () => false),
  );
  cli.answer({ outcome: last.phase, move: last.move, reason: last.reason ?? null }, () => outcomeWords(last, say));
  return (last.phase === 'confirmed') === (request === 'confirm') ? 0 : 2;
}

/** `neutrino nic confirm`. */
export const nicConfirmCommand = command({
  name: 'nic confirm',
  summary: 'Confirm the move that is on trial: it stays, also after a boot.',
  options: nicOptions,
  examples: ['neutrino nic confirm'],
  run: (given, cli) => end('confirm', given, cli),
});

/** `neutrino nic rollback`. */
export const nicRollbackCommand = command({
  name: 'nic rollback',
  summary: 'Put everything back now instead of waiting for the end of the trial.',
  options: nicOptions,
  examples: ['neutrino nic rollback'],
  run: (given, cli) => end('rollback', given, cli),
});

/** `neutrino nic recover`. */
export const nicRecoverCommand = command({
  name: 'nic recover',
  summary: 'Finish what a killed process or a loss of power left of a move; a unit runs it at boot.',
  options: nicOptions,
  examples: ['neutrino nic recover'],
  async run(given, cli) {
    const say = nicSpeaker(given.language);
    const folder = nicFolder(stateOf(given.stateDir));
    const journal = await pendingIn(folder);
    if (!journal || (await isGuarded(journal))) {
      cli.answer({ outcome: 'nothing' }, () => `${say('nothingPending')}\n`);
      return 0;
    }
    const lock = takeLock(folder);
    if (!lock) throw new CommandError('Another process is at work on the move: try again in a moment.');
    try {
      await takeUp(folder, journal.move.bridge);
    } finally {
      lock.release();
    }
    const last = await follow(folder, journal.move.bridge, () => false);
    cli.answer({ outcome: last.phase, move: last.move, reason: last.reason ?? null }, () => outcomeWords(last, say));
    return 0;
  },
});

/** `neutrino nic guard`. */
export const nicGuardCommand = command({
  name: 'nic guard',
  summary: 'Be the process that does a planned move and watches over it; `nic adopt` starts it.',
  arguments: [{ name: 'BRIDGE', doc: 'the bridge of the move' }],
  options: { stateDir: nicOptions.stateDir },
  examples: ['neutrino nic guard br-ex'],
  async run({ stateDir }, _cli, bridge = '') {
    await guard(nicFolder(stateOf(stateDir)), bridge);
    return 0;
  },
});
