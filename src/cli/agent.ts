/** `neutrino agent`, `neutrino agent plan`, `neutrino agent sync`: what makes the networks of one host. */
import { existsSync, readFileSync } from 'node:fs';
import { describeStep } from '../plan/describe.ts';
import type { Step } from '../plan/steps.ts';
import { type Cli, CommandError, command, type ExitCode, type Given, text } from './command.ts';
import { daemonOptions, readSettings, stateDirOf } from './common-options.ts';
import { daemonLog, type Stoppable, stopAll, untilTold } from './daemon.ts';
import { causeOf, defaultStateDir, openState, ownerOf } from './state.ts';
import { requestSync, syncOnSignal } from './sync.ts';
import { hostName, requireAgentRights } from './system.ts';

function readServer(given: string | undefined): string {
  const url = given ?? 'http://127.0.0.1:9696';
  if (/^https?:\/\/[^/\s]+\/?$/.test(url)) return url.replace(/\/$/, '');
  throw new CommandError(`--server takes a URL such as http://10.0.0.1:9696, not ${JSON.stringify(given)}.`, 2);
}

const agentOptions = {
  server: text('--server URL', 'the server; default: http://127.0.0.1:9696', readServer),
  host: text('--host NAME', "what this host is called in bindings; default: the machine's name"),
  tokenFile: text(
    '--token-file FILE',
    "the server's file agent-token, or a copy; default: the one in the state folder",
  ),
  ...daemonOptions,
};

function readToken(path: string): string {
  let secret: string;
  try {
    secret = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const why = existsSync(path) ? causeOf(error) : 'it does not exist';
    throw new CommandError(
      `The token file ${path} cannot be read: ${why}; copy agent-token from the server's state folder.`,
    );
  }
  if (/^\S+$/.test(secret)) return secret;
  throw new CommandError(`The token file ${path} holds no secret: expected one word.`);
}

async function runAgent(given: Given<typeof agentOptions>, cli: Cli): Promise<ExitCode> {
  requireAgentRights('there is nothing to do without');
  const warnings: string[] = [];
  const settings = readSettings(given, (line) => void warnings.push(line));
  const log = daemonLog(given.logJson, settings.debug);
  for (const warning of warnings) log.warn(warning);
  const dir = stateDirOf(given.stateDir, settings);
  const secret = readToken(given.tokenFile ?? `${dir}/agent-token`);
  const host = hostName(given.host ?? settings.host);
  const parts: Stoppable[] = [];
  try {
    const state = openState(dir, 'agent');
    parts.push({ name: 'state', stop: async () => state.release() });
    const { startHostAgent } = await import('./host-agent.ts');
    const { agent, stop } = await startHostAgent({
      state,
      settings: settings.agent,
      host,
      url: given.server,
      secret,
      log,
    });
    parts.push({ name: 'agent', stop });
    log.info(`The agent of ${host} runs, for ${given.server}, with its state in ${dir}.`);
    syncOnSignal(dir, () => agent.sync(), log);
    await untilTold(cli);
    log.info('Stopping; the networks of this host go on carrying traffic.');
    return 0;
  } finally {
    await stopAll(parts, log);
  }
}

/** `neutrino agent`. */
export const agentCommand = command({
  name: 'agent',
  summary: 'Make the networks of this host as a server says.',
  options: agentOptions,
  examples: ['neutrino agent --server http://10.0.0.1:9696 --token-file /etc/neutrino/agent-token'],
  run: runAgent,
});

/** A step as one line, with its reason. */
const stepLine = (step: Step): string => `${describeStep(step)}  — ${step.why}`;

/** `neutrino agent plan`. */
export const agentPlanCommand = command({
  name: 'agent plan',
  summary: 'Tell what the agent of this host would change now, changing nothing.',
  detail: 'Works from what the agent has on disk, whether it runs or not. Exit code 1: there is something to change.',
  options: { stateDir: daemonOptions.stateDir },
  examples: ['neutrino agent plan', 'neutrino agent plan --json'],
  async run({ stateDir }, cli) {
    requireAgentRights('it cannot look at the host otherwise');
    const dir = stateDir ?? defaultStateDir();
    const { readNote } = await import('./host-agent.ts');
    const { agentFolder, planHost } = await import('../agent/index.ts');
    const { openHost } = await import('../host/linux.ts');
    const { env, ovsdb = '' } = readNote(dir);
    const { ovs } = env;
    const machine = await openHost(ovs ? { ovs: { ...ovs, connection: ovsdb } } : {});
    try {
      const steps = await cli.during('looking at the host', planHost(machine, env, agentFolder(dir)));
      cli.answer(steps, (all) =>
        all.length === 0 ? 'Nothing: the host is as it should be.\n' : `${all.map(stepLine).join('\n')}\n`,
      );
      return steps.length === 0 ? 0 : 1;
    } finally {
      await machine.close();
    }
  },
});

/** `neutrino agent sync`. */
export const agentSyncCommand = command({
  name: 'agent sync',
  summary: 'Have the running agent of this host look at everything and repair it now, and wait until it has.',
  options: { stateDir: daemonOptions.stateDir },
  examples: ['neutrino agent sync'],
  async run({ stateDir }, cli) {
    const dir = stateDir ?? defaultStateDir();
    const pid = ownerOf(dir, 'agent');
    if (pid === undefined)
      throw new CommandError(`No agent runs on ${dir}: start it, or name its folder by --state-dir.`);
    try {
      await cli.during('the agent looks at everything', requestSync(dir, pid, 120_000));
    } catch (error) {
      throw new CommandError(`The agent (process ${pid}) could not do it: ${causeOf(error)}.`);
    }
    cli.answer({ pid }, () => 'Done: the agent has looked at everything and repaired what it found.\n');
    return 0;
  },
});
