/** `neutrino nic status`: which NIC is where, what is on trial, and whether it still is as it was confirmed. */
import { look } from '../../nic/actor.ts';
import { isPort } from '../../nic/decide/steps.ts';
import { filesNotAs } from '../../nic/files-on-disk.ts';
import { isGuarded } from '../../nic/guard.ts';
import { nicFolder, readAdoptions, readJournals, settled } from '../../nic/journal.ts';
import { uptime } from '../../nic/read.ts';
import type { Journal } from '../../nic/types.ts';
import { command, type ExitCode } from '../command.ts';
import { type NicSay, nicSpeaker } from './messages.ts';
import { nicOptions, stateOf } from './options.ts';

/** How a NIC stands. */
interface NicStatus {
  readonly nic: string;
  readonly bridge: string;
  readonly driver: string;
  readonly kind: string;
  readonly phase: string;
  readonly manager: string;
  /** Seconds of the trial that are left. */
  readonly secondsLeft: number | null;
  readonly guarded: boolean;
  /** A confirmed adoption: the NIC is in the bridge. */
  readonly inPlace: boolean | null;
  /** Files that others changed since. */
  readonly changedFiles: readonly string[];
}

async function pendingStatus(journal: Journal): Promise<NicStatus> {
  const { move, phase, deadline, persistence } = journal;
  const left = deadline === undefined ? null : Math.max(0, Math.round(deadline - (await uptime())));
  return {
    ...{ nic: move.nic, bridge: move.bridge, driver: move.driver, kind: move.kind, phase, secondsLeft: left },
    ...{ manager: persistence.manager, guarded: await isGuarded(journal), inPlace: null, changedFiles: [] },
  };
}

async function adoptedStatus({ move, phase, persistence }: Journal): Promise<NicStatus> {
  return {
    ...{ nic: move.nic, bridge: move.bridge, driver: move.driver, kind: move.kind, phase, secondsLeft: null },
    ...{ manager: persistence.manager, guarded: false, inPlace: isPort(await look({ move }), move) },
    changedFiles: await filesNotAs(persistence, 'after'),
  };
}

function stateWords(status: NicStatus, say: NicSay): string {
  const { nic, bridge, phase, secondsLeft, guarded, inPlace, changedFiles } = status;
  if (phase === 'trial' && guarded) return say('stateTrial', { seconds: secondsLeft ?? 0 });
  if (phase !== 'confirmed') return guarded ? say('statePhase', { phase }) : say('stateUnwatched', { phase });
  if (inPlace === false) return say('stateBroken', { nic, bridge });
  return changedFiles.length > 0 ? say('stateFiles', { files: changedFiles.join(', ') }) : say('stateHolds');
}

function words(all: readonly NicStatus[], say: NicSay): string {
  if (all.length === 0) return `${say('statusNone')}\n`;
  const line = (one: NicStatus) => {
    const { nic, bridge, driver, manager } = one;
    return say('statusLine', { nic, bridge, driver, manager, state: stateWords(one, say) });
  };
  return `${all.map(line).join('\n')}\n`;
}

function exitCodeOf(all: readonly NicStatus[]): ExitCode {
  if (all.some(({ phase, guarded, inPlace }) => inPlace === false || (phase !== 'confirmed' && !guarded))) return 2;
  return all.some(({ phase, changedFiles }) => phase !== 'confirmed' || changedFiles.length > 0) ? 1 : 0;
}

/** `neutrino nic status`. */
export const nicStatusCommand = command({
  name: 'nic status',
  summary: 'Tell which NIC was moved where, and what is on trial.',
  detail: 'Exit code 1: something is on trial, or files were changed by others; 2: something is not as it should be.',
  options: nicOptions,
  examples: ['neutrino nic status', 'neutrino nic status --json'],
  async run(given, cli) {
    const folder = nicFolder(stateOf(given.stateDir));
    const pending = (await readJournals(folder)).filter(({ phase }) => !settled.has(phase));
    const busy = new Set(pending.map(({ move }) => move.bridge));
    const adopted = (await readAdoptions(folder)).filter(({ move }) => !busy.has(move.bridge));
    const all = [
      ...(await Promise.all(pending.map(pendingStatus))),
      ...(await Promise.all(adopted.map(adoptedStatus))),
    ];
    cli.answer(all, () => words(all, nicSpeaker(given.language)));
    return exitCodeOf(all);
  },
});
