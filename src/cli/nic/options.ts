/** Options that the `nic` commands share, and what follows from them. */
import { CommandError, flag, seconds, text, texts } from '../command.ts';
import { languageOption, stateDirOption } from '../common-options.ts';
import { defaultStateDir } from '../state.ts';

function readDriver(given: string | undefined): 'linuxbridge' | 'openvswitch' | undefined {
  if (given === undefined) return undefined;
  if (given === 'ovs' || given === 'openvswitch') return 'openvswitch';
  if (given === 'linuxbridge') return 'linuxbridge';
  throw new CommandError(`--driver takes ovs or linuxbridge, not ${JSON.stringify(given)}.`, 2);
}

function readDatapath(given: string | undefined): string | undefined {
  if (given === undefined || given === 'system' || given === 'netdev') return given;
  throw new CommandError(`--datapath-type takes system or netdev, not ${JSON.stringify(given)}.`, 2);
}

/** `--driver ovs|linuxbridge`. */
export const driverOption = text(
  '--driver DRIVER',
  'ovs or linuxbridge; default: what the bridge is already, else linuxbridge',
  readDriver,
);

/** What every `nic` command has. */
export const nicOptions = { stateDir: stateDirOption, language: languageOption };

/** How a move is watched. */
export const trialOptions = {
  timeout: seconds('--timeout SECONDS', 'how long it may stay unconfirmed before all is put back.', 120),
  yes: flag('--yes', 'confirm by itself when the checks pass'),
  noCheck: flag('--no-check', 'do not check the gateway after the move'),
  checkTcp: texts(
    '--check-tcp HOST:PORT',
    'a TCP service that must be reached after the move; may stand several times',
  ),
};

/** What an adoption takes. */
export const adoptOptions = {
  bridge: text('--bridge BRIDGE', 'the bridge; default: br-ex', (given) => given ?? 'br-ex'),
  driver: driverOption,
  datapath: text(
    '--datapath-type TYPE',
    'Open vSwitch: system or netdev; default: that of br-int, else system',
    readDatapath,
  ),
};

/** The folder of the journals. */
export function stateOf(given: string | undefined): string {
  return given ?? defaultStateDir();
}

/** This program, as the guard is started by it. */
export function ownProgram(): string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}

/** The `HOST:PORT`s, checked. */
export function tcpTargets(given: readonly string[]): readonly string[] {
  for (const target of given)
    if (!/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/.test(target))
      throw new CommandError(`--check-tcp takes HOST:PORT, not ${JSON.stringify(target)}.`, 2);
  return given;
}
