/** What the steps of the set-up share: telling, running, locking. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A step that cannot be done: its message is one sentence that says why and what to do. */
export class SetupError extends Error {}

/** One line to the person, on stderr: answers of commands have stdout for themselves. */
export function say(line) {
  process.stderr.write(`neutrino: ${line}\n`);
}

/** Runs a program to its end, quietly; when it fails, the error holds the end of what it said. */
export function run(argv, options = {}) {
  const [program, ...args] = argv;
  const result = spawnSync(program, args, { encoding: 'utf8', timeout: 900_000, maxBuffer: 64 << 20, ...options });
  if (result.status === 0) return result.stdout;
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
  const why = result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit code ${result.status}`);
  throw new SetupError(`\`${argv.join(' ')}\` failed (${why})${output ? `:\n${output}` : ''}`);
}

/** Does `work`, telling what it is and how long it took. */
export function timed(what, work) {
  say(`${what} …`);
  const start = Date.now();
  const result = work();
  const tell = () => say(`${what}: done in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  if (!(result instanceof Promise)) {
    tell();
    return result;
  }
  return result.then((value) => {
    tell();
    return value;
  });
}

/** The content of a file, or undefined when there is none. */
export function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new SetupError(`cannot read ${path}: ${error.message}`);
  }
}

/** Writes a file whole or not at all. */
export function writeWhole(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

/** SHA-256 of a text or bytes, hexadecimal. */
export function digest(content) {
  return createHash('sha256').update(content).digest('hex');
}

/** When the process started, in ticks since boot; a number used again for another process has another one. */
function startOf(pid) {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** Whether the lock's owner is gone: its process ended, or it never came to write its name. */
function isStale(lock) {
  const owner = readIfThere(join(lock, 'owner'));
  if (owner !== undefined) {
    const [pid, start] = owner.split(' ');
    return startOf(pid) !== start;
  }
  try {
    return Date.now() - statSync(lock).mtimeMs > 5_000;
  } catch {
    return false;
  }
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Removes a lock whose owner is gone. Of several who find it so, one does; while it does, the lock cannot be taken anew. */
function breakLock(lock) {
  const breaker = `${lock}.break`;
  try {
    mkdirSync(breaker);
  } catch {
    // Another one is at it, or ended in the middle of it.
    if (Date.now() - (statSync(breaker, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 5_000)
      rmSync(breaker, { recursive: true, force: true });
    sleep(10);
    return;
  }
  if (isStale(lock)) rmSync(lock, { recursive: true, force: true });
  rmSync(breaker, { recursive: true, force: true });
}

/** Takes the clone's lock, waiting for who has it (at most 15 minutes); returns how to give it back. */
function takeLock(lock) {
  const deadline = Date.now() + 900_000;
  let told = false;
  for (;;) {
    try {
      mkdirSync(dirname(lock), { recursive: true });
      mkdirSync(lock);
      writeFileSync(join(lock, 'owner'), `${process.pid} ${startOf(process.pid)}`);
      return () => rmSync(lock, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw new SetupError(`the clone cannot be set up: ${error.message}`);
    }
    if (isStale(lock)) {
      breakLock(lock);
      continue;
    }
    if (Date.now() > deadline)
      throw new SetupError(`another start is setting this clone up for 15 minutes; if it is not: rm -r ${lock}`);
    if (!told) say('another start is setting this clone up; waiting for it');
    told = true;
    sleep(100);
  }
}

/** Does `work` while no other start of this clone does any; `work` looks again whether it is still needed. */
export function locked(root, work) {
  const release = takeLock(join(root, '.cache/setup.lock'));
  let result;
  try {
    result = work();
  } catch (error) {
    release();
    throw error;
  }
  if (result instanceof Promise) return result.finally(release);
  release();
  return result;
}
