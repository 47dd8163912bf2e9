/** `neutrino up` and `neutrino server`: the API, with this host's agent or without. */
import type { Settings } from '../config/settings.ts';
import type { Log } from '../lib/log.ts';
import { type Cli, command, type ExitCode, flag, type Given, text } from './command.ts';
import { readSettings, serverOptions, stateDirOf } from './common-options.ts';
import { daemonLog, type Stoppable, stopAll, untilTold } from './daemon.ts';
import type { RunningServer } from './serve.ts';
import { openState } from './state.ts';
import { syncOnSignal } from './sync.ts';
import { hostName, requireAgentRights } from './system.ts';

/** Where a client finds its credentials, and what it asks with. */
function howToAsk({ url, cloudsFile, authUrl }: RunningServer): { readonly where: string[]; readonly ask: string[] } {
  if (cloudsFile !== null)
    return {
      where: [`clouds.yaml  ${cloudsFile}`],
      ask: [`try          OS_CLIENT_CONFIG_FILE=${cloudsFile} openstack --os-cloud neutrino network list`],
    };
  if (authUrl !== null) return { where: [`Identity     ${authUrl}; its catalog leads here`], ask: [] };
  return { where: [], ask: [`try          openstack --os-auth-type none --os-endpoint ${url} network list`] };
}

/** What is told once it answers. */
function greeting(server: RunningServer, agentHost: string | undefined): string {
  const agent = agentHost === undefined ? 'none in this process' : agentHost;
  const { where, ask } = howToAsk(server);
  return [`API          ${server.url}`, ...where, `agent        ${agent}`, ...ask, ''].join('\n');
}

function announce(cli: Cli, server: RunningServer, agentHost: string | undefined): void {
  const told = { api: server.url, clouds: server.cloudsFile, agent: agentHost ?? null, pid: process.pid };
  if (cli.json) cli.write(`${JSON.stringify(told)}\n`);
  else cli.write(greeting(server, agentHost));
}

/** Starts the agent in this process; it speaks to the server as any other agent does. */
async function addAgent(parts: Stoppable[], server: RunningServer, dir: string, settings: Settings, log: Log) {
  const { startHostAgent } = await import('./host-agent.ts');
  const { url, secret } = server;
  const host = hostName(settings.host);
  const state = openState(dir, 'agent');
  parts.push({ name: "agent's state", stop: async () => state.release() });
  const { agent, stop } = await startHostAgent({ state, settings: settings.agent, host, url, secret, log });
  parts.push({ name: 'agent', stop });
  return { host, agent };
}

/** The settings with the NIC's bridge as the physical network `public`, unless the files map it otherwise. */
async function withNic(nic: string | undefined, settings: Settings, stateDir: string, cli: Cli): Promise<Settings> {
  if (nic === undefined) return settings;
  const { adoptFor } = await import('./nic/move.ts');
  const bridge = await adoptFor(nic, { stateDir, driver: settings.agent.driver }, cli);
  const { bridgeMappings } = settings.agent;
  if (Object.values(bridgeMappings).includes(bridge)) return settings;
  return { ...settings, agent: { ...settings.agent, bridgeMappings: { public: bridge, ...bridgeMappings } } };
}

async function serve(
  given: Given<typeof serverOptions> & { readonly nic?: string | undefined },
  cli: Cli,
  withAgent: boolean,
): Promise<ExitCode> {
  if (withAgent) requireAgentRights('or start without it: --no-agent');
  const warnings: string[] = [];
  const read = readSettings(given, (line) => void warnings.push(line));
  const log = daemonLog(given.logJson, read.debug);
  for (const warning of warnings) log.warn(warning);
  const dir = stateDirOf(given.stateDir, read);
  const settings = await withNic(given.nic, read, dir, cli);
  const parts: Stoppable[] = [];
  try {
    const state = openState(dir, 'server');
    parts.push({ name: 'state', stop: async () => state.release() });
    const { startServer } = await import('./serve.ts');
    const server = await startServer({
      state,
      settings,
      listen: given.listen,
      allowNoauthOn: given.allowNoauthOn,
      log,
    });
    parts.push({ name: 'server', stop: server.stop });
    const added = withAgent ? await addAgent(parts, server, dir, settings, log) : undefined;
    announce(cli, server, added?.host);
    if (added) syncOnSignal(dir, () => added.agent.sync(), log);
    await untilTold(cli);
    log.info(withAgent ? 'Stopping; the networks of this host go on carrying traffic.' : 'Stopping.');
    return 0;
  } finally {
    await stopAll(parts, log);
  }
}

/** `neutrino up`. */
export const upCommand = command({
  name: 'up',
  summary: 'Start Neutrino on this host: the API and the agent, on an embedded database.',
  detail:
    'Prints where the API answers and where the clouds.yaml is, then logs to stderr. Ctrl-C stops it; the networks go on\ncarrying traffic, and the next start takes them over.',
  options: {
    ...serverOptions,
    noAgent: flag('--no-agent', 'only the API; needs no root'),
    nic: text(
      '--nic NIC',
      'first move this NIC into br-ex, as `neutrino nic adopt --yes` does, and map it as the physical network public',
    ),
  },
  examples: [
    'neutrino up',
    'neutrino up --nic ens0',
    'neutrino up --state-dir ~/cloud --listen 127.0.0.1:19696 --no-agent',
    'neutrino up --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/l3_agent.ini',
  ],
  run: (given, cli) => serve(given, cli, !given.noAgent),
});

/** `neutrino server`. */
export const serverCommand = command({
  name: 'server',
  summary: 'Start the API alone; agents of hosts come to it.',
  detail: 'Agents show the secret of the file agent-token in the state folder.',
  options: serverOptions,
  examples: ['neutrino server --listen 0.0.0.0:9696', 'neutrino server --config-dir /etc/neutron'],
  run: (given, cli) => serve(given, cli, false),
});
