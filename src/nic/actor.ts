/** What is done with a move, by whoever holds the lock: bring it about, confirm it, take it back. Each is safe to begin again. */
import { failedChecks } from './checks.ts';
import { backSteps, ends, finishSteps, forwardSteps, lacking } from './decide/steps.ts';
import { endClients, takeOverLeases } from './dhcp.ts';
import { applyFiles, areFilesNew, restoreFiles } from './files-on-disk.ts';
import { writeJournal } from './journal.ts';
import { performAll, performSteps } from './perform.ts';
import { untilAlone } from './process.ts';
import { bootId, takeSnapshot, uptime } from './read.ts';
import type { Finding, Journal, Snapshot } from './types.ts';

/** Why a move is taken back. */
export type Reason = NonNullable<Journal['reason']>;

/** Holds a journal while it acts on it. */
export interface Actor {
  readonly folder: string;
  /** The journal as it was last written. */
  journal(): Journal;
}

/** Who may act: made by whoever holds the lock. */
export function actorOf(folder: string, start: Journal): Actor & { keep(change: Partial<Journal>): Promise<void> } {
  let now = start;
  return {
    folder,
    journal: () => now,
    async keep(change) {
      now = { ...now, ...change };
      await writeJournal(folder, now);
    },
  };
}

type Keeper = ReturnType<typeof actorOf>;

/** Looks at both devices of the move. */
export function look({ move }: Pick<Journal, 'move'>): Promise<Snapshot> {
  return takeSnapshot([move.nic, move.bridge], move.driver === 'openvswitch');
}

const failure = (code: string, text: string): Reason => ({ code, values: { text } });

/** Why the host is not where it should be after the switch; undefined: it is. */
async function whatFailed({ move, before, checks }: Journal): Promise<Reason | undefined> {
  const missing = lacking(move, before, await look({ move }));
  if (missing.length > 0) return failure('incomplete', missing.join('; '));
  const failed: Finding[] = await failedChecks(checks, ends(move).to);
  const [first] = failed;
  return first && { code: first.code, values: first.values };
}

/** Performs the switch and checks it; takes it back where that fails. The trial begins with the switch, not after the checks. */
export async function switchOver(keeper: Keeper): Promise<void> {
  const { move, before, clients, timeoutSeconds } = keeper.journal();
  await keeper.keep({ phase: 'switching' });
  try {
    await performSteps(forwardSteps(move, before, clients, Math.floor((await uptime()) - before.at)));
  } catch (error) {
    return takeBack(keeper, failure('step-failed', (error as Error).message));
  }
  await keeper.keep({ phase: 'trial', deadline: (await uptime()) + timeoutSeconds });
  const why = await whatFailed(keeper.journal());
  if (why) return takeBack(keeper, why);
  await keeper.keep({ checked: true });
  if (keeper.journal().autoConfirm) await confirmMove(keeper);
}

/** Makes the new state last. From the first line on, a loss of power leads forward. */
export async function confirmMove(keeper: Keeper): Promise<void> {
  const { move, persistence } = keeper.journal();
  await keeper.keep({ phase: 'confirming' });
  try {
    await applyFiles(persistence);
    const lease = await takeOverLeases(keeper.journal(), keeper.folder);
    if (persistence.apply.length > 0 || lease) {
      const why = await whatFailed(keeper.journal());
      if (why) return await takeBack(keeper, why);
    }
  } catch (error) {
    return takeBack(keeper, failure('persistence-failed', (error as Error).message));
  }
  await performAll(finishSteps(move, await look({ move })));
  await endClients(keeper.journal().clients);
  await keeper.keep({ phase: 'confirmed' });
}

/** How often the way back is tried until nothing is missing any more. */
const tries = 5;

/** Takes a move back, from wherever it got to. */
export async function takeBack(keeper: Keeper, reason: Reason): Promise<void> {
  const { move, before, clients, persistence } = keeper.journal();
  await keeper.keep({ phase: 'undoing', reason: keeper.journal().reason ?? reason });
  if (await areFilesNew(persistence)) await restoreFiles(persistence);
  for (let attempt = 0; attempt < tries; attempt++) {
    const elapsed = Math.floor((await uptime()) - before.at);
    const steps = backSteps(move, before, await look({ move }), clients, elapsed);
    await performAll(steps);
    if (backSteps(move, before, await look({ move }), [], elapsed).every(({ do: what }) => what === 'settings')) break;
  }
  await keeper.keep({ phase: 'undone' });
}

/**
 * Finishes what a killed process or a loss of power left: what was being confirmed goes forward, all else goes back. In another
 * boot, the kernel's state is gone already, and what is left to do is to make files and OVSDB agree.
 */
export async function recover(keeper: Keeper): Promise<void> {
  const { id, phase, before } = keeper.journal();
  await untilAlone(id);
  const sameBoot = before.bootId === (await bootId());
  if (phase === 'planned') return keeper.keep({ phase: 'undone', reason: { code: 'never-begun', values: {} } });
  if (phase === 'confirming') return sameBoot ? confirmMove(keeper) : keepFiles(keeper);
  return takeBack(keeper, { code: sameBoot ? 'guard-died' : 'rebooted', values: {} });
}

/** After a boot in the middle of a confirmation: the files are made whole, before anything reads them. */
async function keepFiles(keeper: Keeper): Promise<void> {
  await applyFiles({ ...keeper.journal().persistence, apply: [] });
  await keeper.keep({ phase: 'confirmed' });
}
