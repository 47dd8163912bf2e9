/** What is done with a move, by whoever holds the lock: bring it about, confirm it, take it back. Each is safe to begin again. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeBootHook } from './boot-hook.ts';
import { failedChecks } from './checks.ts';
import { carry, deviceOf, isLasting } from './decide/carry.ts';
import { backSteps, bootSteps, ends, finishSteps, forwardSteps, lacking } from './decide/steps.ts';
import { addressName } from './decide/words.ts';
import { endClients, findClients, takeOverLeases } from './dhcp.ts';
import { applyFiles, backUp, filesNotAs, holdManager, liftHold, restoreFiles, writeFiles } from './files-on-disk.ts';
import { keepAdoption, settled, writeJournal } from './journal.ts';
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
      if (settled.has(now.phase)) await removeBootHook();
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
async function whatFailed(journal: Journal): Promise<Reason | undefined> {
  const { move, checks } = journal;
  const missing = lacking(journal, await look({ move }));
  if (missing.length > 0) return failure('incomplete', missing.join('; '));
  const failed: Finding[] = await failedChecks(checks, ends(move).to);
  const [first] = failed;
  return first && { code: first.code, values: first.values };
}

/** How long the program in charge may take to follow its new files, milliseconds. */
const followMs = 30_000;

/** Why the host is not where it should be after the handover; undefined: the addresses are there, and the checks pass. */
async function whatFailedAfter({ move, before, supplement, checks }: Journal): Promise<Reason | undefined> {
  const { from, to } = ends(move);
  const wanted = carry(before, from, to, supplement).addresses.filter((address) => isLasting(address));
  const deadline = performance.now() + followMs;
  for (;;) {
    const there = deviceOf(await look({ move }), to)?.addresses ?? [];
    const missing = wanted.filter(({ local }) => !there.some((address) => address.local === local));
    const late = performance.now() > deadline;
    if (missing.length > 0 && late) return failure('incomplete', missing.map(addressName).join('; '));
    const [first] = missing.length > 0 ? [] : await failedChecks(checks, to);
    if (missing.length === 0 && (!first || late)) return first && { code: first.code, values: first.values };
    await sleep(200);
  }
}

/** Performs the switch and checks it; takes it back where that fails. The trial begins with the switch, not after the checks. */
export async function switchOver(keeper: Keeper): Promise<void> {
  const { before, persistence, timeoutSeconds } = keeper.journal();
  await keeper.keep({ phase: 'switching' });
  try {
    await holdManager(persistence);
    await performSteps(forwardSteps(keeper.journal(), Math.floor((await uptime()) - before.at)));
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
    await backUp(persistence, join(keeper.folder, 'backup', move.bridge));
    if (persistence.hold) await writeFiles(persistence).then(() => liftHold(persistence));
    await applyFiles(persistence);
    const lease = await takeOverLeases(keeper.journal(), keeper.folder);
    if (persistence.apply.length > 0 || lease) {
      const why = await whatFailedAfter(keeper.journal());
      if (why) return await takeBack(keeper, why);
    }
  } catch (error) {
    return takeBack(keeper, failure('persistence-failed', (error as Error).message));
  }
  await performAll(finishSteps(move, await look({ move })));
  await endClients(keeper.journal().clients);
  await settle(keeper);
}

/** The adoption is remembered until its release, which needs the files as they were before. */
async function settle(keeper: Keeper): Promise<void> {
  const confirmed: Journal = { ...keeper.journal(), phase: 'confirmed' };
  await keepAdoption(keeper.folder, confirmed);
  await keeper.keep({ phase: 'confirmed' });
}

/** How often the way back is tried until nothing is missing any more. */
const tries = 5;

/** Puts the kernel and OVSDB back; gives what could not be. */
async function putKernelBack({ move, before, clients }: Journal): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    const elapsed = Math.floor((await uptime()) - before.at);
    const failed = await performAll(backSteps(move, before, await look({ move }), clients, elapsed));
    const left = backSteps(move, before, await look({ move }), [], elapsed).filter(
      ({ do: what }) => what !== 'settings' && what !== 'shield',
    );
    if (left.length === 0) return [];
    if (attempt === tries) return [...failed, ...left.flatMap((step) => ('lines' in step ? step.lines : [step.do]))];
  }
}

/** Takes a move back, from wherever it got to. */
export async function takeBack(keeper: Keeper, reason: Reason): Promise<void> {
  const { persistence, move } = keeper.journal();
  await keeper.keep({ phase: 'undoing', reason: keeper.journal().reason ?? reason });
  await endClients(await findClients(ends(move).to));
  if ((await filesNotAs(persistence, 'before')).length > 0) await restoreFiles(persistence);
  if (persistence.hold) await liftHold(persistence);
  await keeper.keep({ left: await putKernelBack(keeper.journal()) });
  await keeper.keep({ phase: 'undone' });
}

/**
 * Finishes what a killed process or a loss of power left: what was being confirmed goes forward, all else goes back. In another
 * boot, the kernel's state is gone already, and what is left to do is to make files and OVSDB agree.
 */
export async function recover(keeper: Keeper): Promise<void> {
  const { id, phase, before } = keeper.journal();
  await untilAlone(id);
  if (phase === 'planned') return keeper.keep({ phase: 'undone', reason: { code: 'never-begun', values: {} } });
  if (before.bootId !== (await bootId())) return recoverAtBoot(keeper);
  if (phase === 'confirming') return confirmMove(keeper);
  return takeBack(keeper, { code: 'guard-died', values: {} });
}

async function recoverAtBoot(keeper: Keeper): Promise<void> {
  const { phase, persistence, move, before } = keeper.journal();
  if (phase === 'confirming') {
    await applyFiles({ ...persistence, apply: [] });
    if (move.kind === 'release') await performAll(finishSteps(move, await look({ move })));
    return settle(keeper);
  }
  if ((await filesNotAs(persistence, 'before')).length > 0)
    await restoreFiles({ ...persistence, revert: persistence.check });
  await performAll(bootSteps(move, before, await look({ move })));
  return keeper.keep({ phase: 'undone', reason: { code: 'rebooted', values: {} } });
}
