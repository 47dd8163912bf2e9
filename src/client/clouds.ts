/** `clouds.yaml` and the `OS_*` variables, found and read as openstacksdk does (openstack/config/loader.py). */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Credentials } from './identity.ts';

/** A cloud that can be logged in to. */
export interface Cloud extends Credentials {
  readonly name: string;
  /** Where it was found: a file, or `environment`. */
  readonly source: string;
  /** `network_endpoint_override`: takes the place of the catalog's endpoint. */
  readonly networkUrl?: string;
}

export interface CloudsQuery {
  /** The cloud's name; default: `OS_CLOUD`, then the `OS_*` variables, then the only cloud of the file. */
  readonly cloud?: string;
  /** Files to look for, first found wins; default: where openstacksdk looks. */
  readonly files?: readonly string[];
  /** Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** No cloud can be had; the message says where was looked and what was found. */
export class CloudsError extends Error {}

type Env = NonNullable<CloudsQuery['env']>;
type Table = Record<string, unknown>;

/** The files where openstacksdk looks for clouds, in its order. */
export function cloudsFiles(env: Env = process.env): string[] {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  const folders = ['.', join(config, 'openstack'), '/etc/openstack'];
  const found = folders.flatMap((folder) => ['yaml', 'yml', 'json'].map((end) => join(folder, `clouds.${end}`)));
  return env.OS_CLIENT_CONFIG_FILE ? [env.OS_CLIENT_CONFIG_FILE, ...found] : found;
}

const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readTable(file: string): Table | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CloudsError(`${file} cannot be read (${code}); check its owner and mode.`);
  }
  let table: unknown;
  try {
    table = parse(text);
  } catch (error) {
    // Only the first line of the message: the rest quotes the file, which holds passwords.
    throw new CloudsError(`${file} is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  if (!isTable(table) || !isTable(table.clouds))
    throw new CloudsError(`${file}: expected a table "clouds" at its top.`);
  return table.clouds;
}

function merge(under: unknown, over: unknown): unknown {
  if (!isTable(under) || !isTable(over)) return over === undefined ? under : over;
  const result: Table = { ...under };
  for (const [name, value] of Object.entries(over)) result[name] = merge(under[name], value);
  return result;
}

/** The first of the files that is there, with the secrets of the `secure.yaml` beside it. */
function readFirst(files: readonly string[]): { file: string; clouds: Table } | undefined {
  for (const file of files) {
    const clouds = readTable(file);
    if (!clouds) continue;
    const secure = file.replace(/clouds(\.[a-z]+)$/, 'secure$1');
    return { file, clouds: merge(clouds, secure === file ? undefined : readTable(secure)) as Table };
  }
  return undefined;
}

function toCloud(name: string, source: string, entry: Table): Cloud {
  const auth = isTable(entry.auth) ? entry.auth : {};
  const text = (key: string) => {
    const value = auth[key] ?? entry[key];
    return value === undefined || value === null || value === '' ? undefined : String(value);
  };
  const need = (key: string) => {
    const value = text(key);
    if (value === undefined) throw new CloudsError(`${source}: the cloud ${name} has no ${key}.`);
    return value;
  };
  const ca = text('cacert');
  const optional: Partial<Record<keyof Cloud, unknown>> = {
    username: text('username'),
    userId: text('user_id'),
    project: text('project_name') ?? text('tenant_name'),
    projectId: text('project_id') ?? text('tenant_id'),
    domain: text('user_domain_name') ?? text('domain_name'),
    domainId: text('user_domain_id') ?? text('domain_id'),
    projectDomain: text('project_domain_name'),
    projectDomainId: text('project_domain_id'),
    region: text('region_name'),
    interface: text('interface') ?? text('endpoint_type'),
    networkUrl: text('network_endpoint_override'),
    tls:
      ca === undefined && entry.verify !== false
        ? undefined
        : { ...(ca === undefined ? {} : { ca: readCa(ca) }), insecure: entry.verify === false },
  };
  if (optional.username === undefined && optional.userId === undefined) need('username');
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { name, source, authUrl: need('auth_url'), password: need('password'), ...given };
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CloudsError(`The CA file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function fromEnvironment(env: Env): Cloud {
  const entry: Table = {};
  for (const [name, value] of Object.entries(env))
    if (name.startsWith('OS_') && value !== undefined) entry[name.slice(3).toLowerCase()] = value;
  if (entry.insecure !== undefined && /^(1|true|yes|on)$/i.test(String(entry.insecure))) entry.verify = false;
  return toCloud('envvars', 'environment', entry);
}

/**
 * The cloud to use. A name that is given (or `OS_CLOUD`) is looked for in the first of the files that is there; without one, the `OS_*`
 * variables count where `OS_AUTH_URL` is set, and else the file's only cloud. Throws `CloudsError`.
 */
export function readClouds(query: CloudsQuery = {}): Cloud {
  const env = query.env ?? process.env;
  const wanted = query.cloud ?? env.OS_CLOUD;
  if (!wanted && env.OS_AUTH_URL) return fromEnvironment(env);
  const files = query.files ?? cloudsFiles(env);
  const found = readFirst(files);
  if (!found)
    throw new CloudsError(`No clouds.yaml; looked for ${files.join(', ')}. Set OS_CLIENT_CONFIG_FILE to one.`);
  const names = Object.keys(found.clouds);
  const name = wanted || (names.length === 1 ? names[0] : undefined);
  if (name === undefined)
    throw new CloudsError(`${found.file} has ${names.join(', ')}: say which, by OS_CLOUD or --os-cloud.`);
  const entry = found.clouds[name];
  if (!isTable(entry)) throw new CloudsError(`${found.file} has no cloud ${name}; it has ${names.join(', ')}.`);
  return toCloud(name, found.file, entry);
}
