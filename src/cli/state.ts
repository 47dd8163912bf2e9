/** The state folder: one process at a time has it; it holds the database, the credentials and the agents' secret. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CommandError } from './command.ts';

/** The folder when none is named: /var/lib/neutrino for root, else the XDG state folder. */
export function defaultStateDir(env: NodeJS.ProcessEnv = process.env): string {
  if (process.getuid?.() === 0) return '/var/lib/neutrino';
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local/state'), 'neutrino');
}

/** A state folder that this process has. */
export interface State {
  readonly dir: string;
  /** The path of a file in it. */
  path(name: string): string;
  /** Lets others have it. */
  release(): void;
}

const causes: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'it is no folder',
};

/** Why a file or folder cannot be written, in words. */
export function causeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return causes[code ?? ''] ?? message;
}

/**
 * Takes the folder for a server or an agent, making it when it is missing. Who has it is told by a lock of the kernel on
 * `server.lock` or `agent.lock`, which ends with the
 * process, however it ends. Others may enter the folder (dnsmasq drops its privileges and reads its files there); what is secret
 * has a mode of its own. Throws a CommandError: another process has it, or it cannot be written.
 */
export function openState(dir: string, owner: 'server' | 'agent'): State {
  const folder = resolve(dir);
  const path = (name: string) => join(folder, name);
  const mine = path(`${owner}.pid.${process.pid}`);
  let lock: DatabaseSync;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    // SQLite may open a file that it cannot write; this one tells the difference.
    writeFileSync(mine, '', { mode: 0o600 });
    lock = new DatabaseSync(path(`${owner}.lock`), { timeout: 0 });
  } catch (error) {
    throw new CommandError(
      `The state folder ${folder} cannot be written: ${causeOf(error)}; name another by --state-dir.`,
    );
  }
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    rmSync(mine, { force: true });
    const pid = existsSync(path(`${owner}.pid`)) ? readFileSync(path(`${owner}.pid`), 'utf8').trim() : '';
    const who = pid === '' ? 'Another process' : `Process ${pid}`;
    throw new CommandError(`${who} has the state folder ${folder}: stop it, or name another folder by --state-dir.`);
  }
  writeFileSync(mine, `${process.pid}\n`, { mode: 0o600 });
  renameSync(mine, path(`${owner}.pid`));
  const release = () => {
    rmSync(path(`${owner}.pid`), { force: true });
    lock.close();
  };
  return { dir: folder, path, release };
}

/** Writes a file that only its owner reads, whole or not at all. */
export function writeSecret(path: string, content: string): void {
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  try {
    writeFileSync(temporary, content, { mode: 0o600, flush: true });
    chmodSync(temporary, 0o600);
    renameSync(temporary, path);
  } catch (error) {
    throw new CommandError(`${path} cannot be written: ${causeOf(error)}.`);
  }
}

/** A secret of 192 random bits, in letters that no shell and no YAML minds. */
export function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

/** The agents' secret in the file, made when there is none; only its owner reads it. */
export function agentSecret(path: string): string {
  const before = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (before !== '') {
    chmodSync(path, 0o600);
    return before;
  }
  const secret = newSecret();
  writeSecret(path, `${secret}\n`);
  return secret;
}

/** The process that has the folder as server or agent, or undefined. */
export function ownerOf(dir: string, owner: 'server' | 'agent'): number | undefined {
  const file = join(resolve(dir), `${owner}.pid`);
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  return pid > 0 && existsSync(`/proc/${pid}`) ? pid : undefined;
}
