/** `neutrino nic plan`, `nic adopt`, `nic release`: a NIC into its bridge and back. */

import { languageOf } from '../../lib/catalogue.ts';
import { nicFolder } from '../../nic/journal.ts';
import { type MovePlan, type MoveRequest, performMove, planMove } from '../../nic/move.ts';
import type { Finding, NicDriver } from '../../nic/types.ts';
import { type Cli, CommandError, command, type ExitCode, type Given } from '../command.ts';
import { type NicSay, nicSpeaker } from './messages.ts';
import { adoptOptions, nicOptions, ownProgram, stateOf, tcpTargets, trialOptions } from './options.ts';
import { findingWords, outcomeWords, planWords } from './words.ts';

const refused = (findings: readonly Finding[]): boolean => findings.some(({ level }) => level === 'refusal');

/** What `neutrino up --nic` knows of the host. */
export interface AdoptFor {
  readonly stateDir: string;
  readonly driver: NicDriver;
}

interface Watched {
  readonly timeout: number;
  readonly yes: boolean;
  readonly noCheck: boolean;
  readonly checkTcp: readonly string[];
}

function watchedBy({ timeout, yes, noCheck, checkTcp }: Watched) {
  return {
    timeoutSeconds: timeout,
    check: !noCheck,
    tcp: tcpTargets(checkTcp),
    autoConfirm: yes,
  };
}

function adoption(nic: string, given: Given<typeof adoptOptions> & Watched): MoveRequest {
  const { bridge, driver, datapath } = given;
  return { kind: 'adopt', nic, bridge, driver, datapath, ...watchedBy(given) };
}

/** Performs a plan and tells what became of it. */
async function carryOut(plan: MovePlan, folder: string, yes: boolean, say: NicSay, cli: Cli): Promise<ExitCode> {
  const { findings, move, autoConfirm } = plan.journal;
  const words = findingWords(findings, say);
  if (refused(findings)) {
    cli.answer({ outcome: 'refused', move, findings }, () => words);
    return 2;
  }
  if (words !== '') cli.tell(words.trimEnd());
  const end = await cli.during(`${move.kind} ${move.nic}`, performMove(plan, folder, ownProgram()));
  cli.answer({ outcome: end.phase, move, findings, reason: end.reason ?? null }, () => outcomeWords(end, say));
  if (end.phase === 'undone') return 2;
  if (yes && !autoConfirm) cli.tell(say('notConfirmedByItself'));
  return end.phase === 'trial' && yes ? 1 : 0;
}

/** Brings a NIC into br-ex for `neutrino up --nic`: done when it is there already, else confirmed by its checks; throws otherwise. */
export async function adoptFor(nic: string, given: AdoptFor, cli: Cli): Promise<string> {
  const bridge = 'br-ex';
  const how = {
    bridge,
    driver: given.driver,
    datapath: undefined,
    timeout: 120,
    yes: true,
    noCheck: false,
    checkTcp: [],
  };
  const say = nicSpeaker(languageOf(undefined, process.env));
  const folder = nicFolder(given.stateDir);
  const plan = await planMove(adoption(nic, how), folder);
  if (plan.done) return bridge;
  const words = findingWords(plan.journal.findings, say);
  if (refused(plan.journal.findings)) throw new CommandError(words.trimEnd());
  if (words !== '') cli.tell(words.trimEnd());
  if (!plan.journal.autoConfirm) throw new CommandError(say('confirmFirst', { nic, bridge }));
  const end = await cli.during(`adopt ${nic}`, performMove(plan, folder, ownProgram()));
  if (end.phase !== 'confirmed') throw new CommandError(outcomeWords(end, say).trimEnd());
  cli.tell(outcomeWords(end, say).trimEnd());
  return bridge;
}

/** `neutrino nic plan`. */
export const nicPlanCommand = command({
  name: 'nic plan',
  summary: 'Show what moving a NIC into its bridge would do, changing nothing.',
  detail: 'Exit code 1: there is something to mind; 2: it would be refused.',
  arguments: [{ name: 'NIC', doc: 'the device that carries the host, for example ens0' }],
  options: { ...nicOptions, ...adoptOptions, checkTcp: trialOptions.checkTcp },
  examples: ['neutrino nic plan ens0', 'neutrino nic plan ens0 --bridge br-ex --driver ovs'],
  async run(given, cli, nic = '') {
    const say = nicSpeaker(given.language);
    const request = adoption(nic, { ...given, timeout: 120, yes: false, noCheck: false });
    const plan = await planMove(request, nicFolder(stateOf(given.stateDir)));
    const { move, findings, persistence, checks, before, clients } = plan.journal;
    const { done, steps } = plan;
    cli.answer({ done, move, before, clients, steps, persistence, checks, findings }, () => planWords(plan, say));
    if (refused(findings)) return 2;
    return findings.some(({ level }) => level === 'danger') ? 1 : 0;
  },
});

/** `neutrino nic adopt`. */
export const nicAdoptCommand = command({
  name: 'nic adopt',
  summary: 'Move a NIC with all that it carries into its bridge; put all back unless it is confirmed in time.',
  detail:
    'A process of its own does it, waits for `neutrino nic confirm` from any shell, and puts everything back when none comes or\nwhen the gateway does not answer any more. The SSH session through that NIC goes on. Exit code 2: refused or taken back.',
  arguments: [{ name: 'NIC', doc: 'the device that carries the host, for example ens0' }],
  options: { ...nicOptions, ...adoptOptions, ...trialOptions },
  examples: [
    'neutrino nic adopt ens0',
    'neutrino nic adopt ens0 --bridge br-ex --driver ovs --timeout 60 --check-tcp 192.0.2.10:443',
    'neutrino nic adopt ens0 --yes',
  ],
  async run(given, cli, nic = '') {
    const say = nicSpeaker(given.language);
    const folder = nicFolder(stateOf(given.stateDir));
    const plan = await planMove(adoption(nic, given), folder);
    if (plan.done) {
      const { bridge } = plan.journal.move;
      cli.answer({ outcome: 'already', move: plan.journal.move }, () => `${say('already', { nic, bridge })}\n`);
      return 0;
    }
    return carryOut(plan, folder, given.yes, say, cli);
  },
});

/** `neutrino nic release`. */
export const nicReleaseCommand = command({
  name: 'nic release',
  summary: 'Give a NIC with all that it carries back from its bridge, as safely as it was moved in.',
  arguments: [{ name: 'BRIDGE', doc: 'the bridge, for example br-ex' }],
  options: { ...nicOptions, ...trialOptions },
  examples: ['neutrino nic release br-ex', 'neutrino nic release br-ex --yes'],
  async run(given, cli, bridge = '') {
    const say = nicSpeaker(given.language);
    const folder = nicFolder(stateOf(given.stateDir));
    const how = { driver: undefined, datapath: undefined, ...watchedBy(given) };
    const request: MoveRequest = { kind: 'release', nic: '', bridge, ...how };
    return carryOut(await planMove(request, folder), folder, given.yes, say, cli);
  },
});

/** `neutrino nic repair`. */
export const nicRepairCommand = command({
  name: 'nic repair',
  summary: 'Finish a move of a NIC into its bridge that was done by hand and half failed.',
  detail:
    'Says what is wrong (the address still on the NIC, addresses or the default route lost, files that would undo it at the next boot) and\nputs it right, watched like an adoption. What the kernel has lost is taken from the configuration files.',
  arguments: [{ name: 'NIC', doc: 'the device that carries the host, for example ens0' }],
  options: { ...nicOptions, ...adoptOptions, ...trialOptions },
  examples: ['neutrino nic repair ens0', 'neutrino nic repair ens0 --bridge br-ex --yes'],
  async run(given, cli, nic = '') {
    const say = nicSpeaker(given.language);
    const folder = nicFolder(stateOf(given.stateDir));
    const plan = await planMove({ ...adoption(nic, given), repair: true }, folder);
    if (plan.done) {
      const { bridge } = plan.journal.move;
      cli.answer({ outcome: 'already', move: plan.journal.move }, () => `${say('nothingWrong', { nic, bridge })}\n`);
      return 0;
    }
    return carryOut(plan, folder, given.yes, say, cli);
  },
});
