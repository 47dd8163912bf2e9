/** The agent of this host composed: its state, the machine, the way to the server. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Agent, agentFolder, agentReport, type FixedEnvironment, startAgent } from '../agent/index.ts';
import { agentClient } from '../client/index.ts';
import type { AgentSettings, OvsSettings } from '../config/settings.ts';
import { type HostOptions, hasProgram, openHost } from '../host/linux.ts';
import { apiTimestamp, systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { Instances, type MetadataService, startMetadataService } from '../metadata/index.ts';
import type { MetadataEnvironment, OvsEnvironment } from '../plan/render/index.ts';
import { CommandError } from './command.ts';
import { causeOf, type State } from './state.ts';

/** What an agent is made of. */
export interface HostAgentOptions {
  readonly state: State;
  readonly settings: AgentSettings;
  /** What this host is called in bindings. */
  readonly host: string;
  readonly url: string;
  readonly secret: string;
  readonly log: Log;
}

/** An agent that runs. */
export interface RunningAgent {
  readonly agent: Agent;
  /** Ends after the step under way; networks go on carrying traffic. */
  stop(): Promise<void>;
}

/** What an agent notes of itself, so that `agent plan` needs no options. */
export interface AgentNote {
  readonly host: string;
  readonly env: FixedEnvironment;
  /** Where the database of Open vSwitch answers; left out by a driver that has none. */
  readonly ovsdb?: string;
}

const noteFile = (stateDir: string): string => join(agentFolder(stateDir), 'environment.json');

const withoutConnection = ({ connection: _, ...rest }: OvsSettings): OvsEnvironment => rest;

/** The switch that this host's agent follows, as opening the host takes it. */
export function switchOf(settings: Pick<AgentSettings, 'driver' | 'ovs'>): Pick<HostOptions, 'ovs'> {
  const { connection, integrationBridge } = settings.ovs;
  return settings.driver === 'openvswitch' ? { ovs: { connection, integrationBridge } } : {};
}

/** What rendering needs to know of this host. */
export function environmentOf(
  stateDir: string,
  settings: AgentSettings,
  metadata?: MetadataEnvironment,
): FixedEnvironment {
  return {
    stateDir,
    localIp: settings.localIp,
    arpResponder: settings.arpResponder,
    bridgeMappings: settings.bridgeMappings,
    driver: settings.driver,
    ...(settings.driver === 'openvswitch' ? { ovs: withoutConnection(settings.ovs) } : {}),
    interfaceMappings: settings.interfaceMappings,
    natDriver: settings.natDriver,
    clampsMss: settings.clampsMss,
    advertisementSeconds: settings.advertisementSeconds,
    forwardsPorts: settings.l3Extensions.includes('port_forwarding'),
    dhcp: settings.dhcp,
    ...(metadata ? { metadata } : {}),
  };
}

/** By which doors instances reach the metadata service: by none where the proxy that stands there is missing. */
function metadataDoors({ metadata }: AgentSettings, log: Log): MetadataEnvironment | undefined {
  const { port, routers, isolated, force } = metadata;
  if (!routers && !isolated && !force) return undefined;
  if (hasProgram('haproxy')) return { port, routers, isolated, force };
  log.warn(
    'haproxy is missing, so instances get no metadata; on Debian: apt install haproxy, then start the agent anew.',
  );
  return undefined;
}

/** What the agent of this state folder noted; a CommandError where none ever ran. */
export function readNote(stateDir: string): AgentNote {
  try {
    return JSON.parse(readFileSync(noteFile(stateDir), 'utf8'));
  } catch {
    throw new CommandError(`No agent has run on ${stateDir} yet: name its folder by --state-dir, or start it.`);
  }
}

/** Opens the machine and starts the agent on it. */
export async function startHostAgent(options: HostAgentOptions): Promise<RunningAgent> {
  const { state, settings, host, url, secret, log } = options;
  const env = environmentOf(state.dir, settings, metadataDoors(settings, log));
  const machine = await openHost({ log: (line) => log.warn(line), ...switchOf(settings) }).catch((error: Error) => {
    throw new CommandError(error.message);
  });
  const client = agentClient({ url, secret, host });
  const instances = new Instances();
  let metadata: MetadataService | undefined;
  const close = async () => {
    client.close();
    await metadata?.stop();
    await machine.close();
  };
  try {
    const ovsdb = settings.ovs.connection;
    mkdirSync(dirname(noteFile(state.dir)), { recursive: true });
    writeFileSync(noteFile(state.dir), `${JSON.stringify({ host, env, ovsdb } satisfies AgentNote)}\n`);
    const { nova } = settings.metadata;
    if (env.metadata)
      metadata = await startMetadataService({
        stateDir: state.dir,
        instances,
        zone: settings.availabilityZone,
        nova,
        log,
      }).catch((error: Error) => {
        // Networks do without: instances are told to come again.
        log.error(`The metadata service of this host cannot start: ${error.message}.`);
        return undefined;
      });
    const reportIntervalMs = settings.reportIntervalSeconds * 1000;
    const metering = {
      run: randomUUID(),
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      intervalMs: settings.meteringIntervalSeconds * 1000,
    };
    const report = {
      ...agentReport(env, apiTimestamp(systemClock.now()), metering),
      availability_zone: settings.availabilityZone,
    };
    const agent = startAgent({
      report,
      metering,
      client,
      machine,
      env,
      stateDir: state.dir,
      log,
      clock: systemClock,
      reportIntervalMs,
      resyncIntervalMs: settings.resyncIntervalSeconds * 1000,
      told: (key, object) => instances.told(key, object),
    });
    const stop = async () => {
      await agent.stop();
      await close();
    };
    return { agent, stop };
  } catch (error) {
    await close();
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined
      ? error
      : new CommandError(`The agent cannot keep its state in ${state.dir}: ${causeOf(error)}.`);
  }
}
