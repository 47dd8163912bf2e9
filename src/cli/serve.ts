/** A server composed: state folder, store, Identity's first users, API, listening. */
import type { AddressInfo } from 'node:net';
import { bootstrapIdentity, ensureAgentToken } from '../api/identity/bootstrap.ts';
import { hashPassword } from '../api/identity/passwords.ts';
import { createApi } from '../api/server.ts';
import type { DatabaseSettings, Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { type Log, structuredLog } from '../lib/log.ts';
import { user } from '../model/index.ts';
import { applyAgentReport, applyStatuses } from '../operations/agent.ts';
import { hostObject, hostObjectKeys } from '../operations/host-view.ts';
import { operations } from '../operations/index.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
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
  readonly log: Log;
}

/** A server that answers. */
export interface RunningServer {
  /** Where it answers on this machine, without a final slash. */
  readonly url: string;
  /** Where others find it, as the catalog says. */
  readonly publicUrl: string;
  readonly cloudsFile: string;
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

/** The first users and the agents' secret. The file comes first: a password that nobody knows helps nobody. */
async function prepareIdentity(store: Store, file: CloudsFile, secret: string, provisionalUrl: string): Promise<void> {
  file.save(`${provisionalUrl}/identity/v3`);
  await renewPasswords(store, file);
  const { admin, demo } = file.passwords;
  await bootstrapIdentity(store, { adminPassword: admin, demoPassword: demo, clock: systemClock });
  await ensureAgentToken(store, secret, systemClock);
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

function composeApi(store: Store, settings: Settings, log: Log, publicUrl: () => string) {
  return createApi({
    store,
    settings: settings.networking,
    clock: systemClock,
    random: systemRandom,
    operations,
    hosts: { hostObject, hostObjectKeys, applyAgentReport, applyStatuses },
    log: structuredLog(log),
    publicUrl,
  });
}

/** Starts a server. Throws a CommandError; then nothing is left running. */
export async function startServer({ state, settings, listen, log }: ServeOptions): Promise<RunningServer> {
  const at = listen ?? { host: settings.server.bindHost, port: settings.server.bindPort };
  const file = openCloudsFile(state.path('clouds.yaml'));
  const agentTokenFile = state.path('agent-token');
  const store = await openStore(state, settings.server.database);
  let publicUrl = httpUrl(reachableHost(at.host), at.port);
  const app = composeApi(store, settings, log, () => publicUrl);
  try {
    const secret = agentSecret(agentTokenFile);
    const loopback = at.host === '0.0.0.0' ? '127.0.0.1' : at.host === '::' ? '::1' : at.host;
    await prepareIdentity(store, file, secret, httpUrl(loopback, at.port));
    await app
      .listen({ ...at, listenTextResolver: (address) => `The API listens at ${address}.` })
      .catch((error) => Promise.reject(listenError(error, at)));
    const { port } = app.server.address() as AddressInfo;
    publicUrl = httpUrl(reachableHost(at.host), port);
    const url = httpUrl(loopback, port);
    file.save(`${url}/identity/v3`);
    const stop = async () => {
      await app.close();
      await store.close();
    };
    return { url, publicUrl, cloudsFile: file.path, agentTokenFile, secret, stop };
  } catch (error) {
    await app.close();
    await store.close();
    throw error;
  }
}
