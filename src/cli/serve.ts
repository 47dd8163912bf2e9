/** A server composed: state folder, store, Identity's first users, API, listening. */
import type { AddressInfo } from 'node:net';
import { bootstrapIdentity, ensureAgentToken } from '../api/identity/bootstrap.ts';
import { hashPassword } from '../api/identity/passwords.ts';
import { createApi } from '../api/server.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { type Log, structuredLog } from '../lib/log.ts';
import { user } from '../model/index.ts';
import { applyAgentReport, applyMetering, applyStatuses } from '../operations/agent.ts';
import { openHostView } from '../operations/host-view.ts';
import { operations } from '../operations/index.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type ChosenAccess, chooseAccess } from './access.ts';
import { type CloudsFile, openCloudsFile } from './clouds-file.ts';
import { CommandError } from './command.ts';
import type { Listen } from './common-options.ts';
import { agentSecret, causeOf, type State } from './state.ts';
import { httpUrl, reachableHost, systemRandom } from './system.ts';

/** What a server is made of. */
export interface ServeOptions {
  readonly state: State;
  readonly settings: Settings;
  /** Goes before the settings. */
  readonly listen: Listen | undefined;
  /** The address, other than the loopback one, on which nobody need say who they are. */
  readonly allowNoauthOn?: string | undefined;
  readonly log: Log;
}

/** A server that answers. */
export interface RunningServer {
  /** Where it answers on this machine, without a final slash. */
  readonly url: string;
  /** Where others find it, as the catalog says. */
  readonly publicUrl: string;
  /** null where the credentials are a Keystone's, or there are none. */
  readonly cloudsFile: string | null;
  /** Where clients log in, where that is elsewhere. */
  readonly authUrl: string | null;
  readonly agentTokenFile: string;
  /** What agents show. */
  readonly secret: string;
  /** Stops answering and closes the store; what was acknowledged is on disk already. */
  stop(): Promise<void>;
}

/** What came of it, or the error in the words of who reads it. */
async function worded<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(`${what}: ${code === undefined ? message : causeOf(error)}`);
  }
}

async function openStore(state: State, database: DatabaseSettings): Promise<Store> {
  if (database.kind === 'sqlite') {
    const path = database.path || state.path('neutrino.db');
    return worded('The database cannot be opened', openSqlite({ path, clock: systemClock }));
  }
  const { openPostgres } = await import('../store/postgres.ts');
  return worded('The PostgreSQL database cannot be opened', openPostgres({ url: database.url, clock: systemClock }));
}

/** A password that the file lost is set anew: who can write the state folder is the administrator. */
async function renewPasswords(store: Store, file: CloudsFile): Promise<void> {
  for (const name of file.made) {
    const row = await store.read((r) => r.first(user, { name }));
    const hash = await hashPassword(file.passwords[name]);
    if (row) await store.transact((t) => t.update(user, row.id, { password_hash: hash }));
  }
}

/** The first users. The file comes first: a password that nobody knows helps nobody. */
async function prepareIdentity(store: Store, file: CloudsFile, provisionalUrl: string): Promise<void> {
  file.save(`${provisionalUrl}/identity/v3`);
  await renewPasswords(store, file);
  const { admin, demo } = file.passwords;
  await bootstrapIdentity(store, { adminPassword: admin, demoPassword: demo, clock: systemClock });
}

const listenCauses: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; stop it, or name another place by --listen HOST:PORT',
  EACCES: 'permission denied; ports below 1024 need root',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'there is no host of this name',
};

function listenError(error: unknown, { host, port }: Listen): CommandError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new CommandError(`The API cannot listen at ${host}:${port}: ${listenCauses[code ?? ''] ?? message}.`);
}

function composeApi(store: Store, settings: Settings, chosen: ChosenAccess, log: Log, publicUrl: () => string) {
  return createApi({
    ...(chosen.access ? { access: chosen.access } : {}),
    store,
    settings: settings.networking,
    clock: systemClock,
    random: systemRandom,
    operations,
    hosts: { ...openHostView(), applyAgentReport, applyMetering, applyStatuses },
    log: structuredLog(log),
    publicUrl,
  });
}

/** Starts a server. Throws a CommandError; then nothing is left running. */
export async function startServer({
  state,
  settings,
  listen,
  allowNoauthOn,
  log,
}: ServeOptions): Promise<RunningServer> {
  const at = listen ?? { host: settings.server.bindHost, port: settings.server.bindPort };
  const chosen = chooseAccess(settings.server, at.host, allowNoauthOn, log);
  const file = chosen.kind === 'embedded' ? openCloudsFile(state.path('clouds.yaml')) : undefined;
  const agentTokenFile = state.path('agent-token');
  const store = await openStore(state, settings.server.database).catch((error) => {
    chosen.close();
    throw error;
  });
  let publicUrl = httpUrl(reachableHost(at.host), at.port);
  const app = composeApi(store, settings, chosen, log, () => publicUrl);
  const stop = async () => {
    await app.close();
    chosen.close();
    await store.close();
  };
  try {
    const secret = agentSecret(agentTokenFile);
    const loopback = at.host === '0.0.0.0' ? '127.0.0.1' : at.host === '::' ? '::1' : at.host;
    if (file) await prepareIdentity(store, file, httpUrl(loopback, at.port));
    await ensureAgentToken(store, secret, systemClock);
    await app
      .listen({ ...at, listenTextResolver: (address) => `The API listens at ${address}.` })
      .catch((error) => Promise.reject(listenError(error, at)));
    const { port } = app.server.address() as AddressInfo;
    publicUrl = httpUrl(reachableHost(at.host), port);
    const url = httpUrl(loopback, port);
    file?.save(`${url}/identity/v3`);
    const { authUrl = null } = chosen;
    return { url, publicUrl, cloudsFile: file?.path ?? null, authUrl, agentTokenFile, secret, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
