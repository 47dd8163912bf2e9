/**
 * A PostgreSQL of the tests' own, from Debian's package: data in a temporary folder, a private Unix socket and no other address,
 * fsync on. PostgreSQL refuses to run as root, so root runs it as the package's user `postgres`.
 */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A PostgreSQL that runs. */
export interface TestPostgres {
  /** Makes an empty database and returns its URL. */
  freshDatabase(): Promise<string>;
  /** Ends every server process at once, without a checkpoint, and starts again: what a crash leaves must be enough. */
  crash(): Promise<void>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** The folder of the newest installed server, or `undefined`. */
function binaries(): string | undefined {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return undefined;
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, 'bin')).find((folder) => existsSync(join(folder, 'pg_ctl')));
}

/** Why no PostgreSQL can be started here; `undefined` where one can. */
export function postgresMissing(): string | undefined {
  return binaries() ? undefined : 'PostgreSQL is not installed (apt-get install postgresql)';
}

/** Starts a PostgreSQL; stop it when done. */
export async function startPostgres(): Promise<TestPostgres> {
  const bin = binaries();
  if (!bin) throw new Error(postgresMissing());
  const folder = mkdtempSync(join(tmpdir(), 'neutrino-pg-'));
  const asPostgres = await ownerOf(folder);
  const data = join(folder, 'data');
  const command = (name: string, ...args: string[]) => {
    const [file = '', ...rest] = [...asPostgres, join(bin, name), ...args];
    return run(file, rest, { cwd: folder, timeout: 60_000 });
  };
  const settings = `-c listen_addresses='' -c unix_socket_directories='${folder}' -c fsync=on -c shared_buffers=32MB -c recovery_init_sync_method=syncfs`;
  const start = () => command('pg_ctl', 'start', '-w', '-D', data, '-l', join(folder, 'log'), '-o', settings);
  await command('initdb', '-D', data, '-U', 'neutrino', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8');
  await start();
  // A test process that ends without `stop` leaves no server behind.
  const stopNow = () => {
    const [file = '', ...rest] = [...asPostgres, join(bin, 'pg_ctl'), 'stop', '-m', 'immediate', '-D', data];
    execFileSync(file, rest, { cwd: folder, stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', stopNow);
  let databases = 0;
  return {
    async freshDatabase() {
      const name = `test${++databases}`;
      await command('createdb', '-h', folder, '-U', 'neutrino', name);
      return `postgresql://neutrino@/${name}?host=${encodeURIComponent(folder)}`;
    },
    async crash() {
      await command('pg_ctl', 'stop', '-w', '-m', 'immediate', '-D', data);
      await start();
    },
    async stop() {
      process.off('exit', stopNow);
      await command('pg_ctl', 'stop', '-w', '-m', 'immediate', '-D', data);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// The words in front of a command that runs it as the folder's owner.
async function ownerOf(folder: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const { stdout } = await run('getent', ['passwd', 'postgres']);
  const [, , uid, gid] = stdout.split(':');
  chownSync(folder, Number(uid), Number(gid));
  chmodSync(folder, 0o700);
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}
