/**
 * Runs a command in a world of its own: network, mount and process namespaces that disappear with it. It sees the machine's
 * files, but no device, no rule, no named namespace of the machine's, and what it makes of these cannot outlive it.
 */
import { spawn } from 'node:child_process';
import { existsSync, rmdirSync } from 'node:fs';

export interface PrivateWorldOptions {
  /** Milliseconds after which everything in the world is killed; 120,000 by default. */
  readonly deadlineMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

export interface PrivateWorldResult {
  /** The exit code, or null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why no private world can be made here, or undefined where one can. */
export function noPrivateWorld(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'needs root: namespaces cannot be made';
}

const enter = [
  'set -e',
  'mount --make-rprivate /',
  'mkdir -p /run/netns',
  'mount -t tmpfs tmpfs /run/netns',
  'mount -t sysfs sysfs /sys',
  'ip link set lo up',
  'exec "$@"',
].join('\n');

/** Runs `argv` as the first process of a private world, and gives its output. Never throws for what the command does. */
export function runInPrivateWorld(
  argv: readonly string[],
  options: PrivateWorldOptions = {},
): Promise<PrivateWorldResult> {
  // The folder is made by the first `ip netns add` on a machine; where we were the first, it goes with us.
  const folder = '/run/netns';
  const existed = existsSync(folder);
  const unshare = ['--net', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', [...unshare, 'sh', '-c', enter, 'sh', ...argv], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), options.deadlineMs ?? 120_000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      if (!existed) tryRemove(folder);
      resolve({ code, ...output });
    });
  });
}

/** Removes a folder that nobody else has begun to use. */
function tryRemove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Someone made namespaces meanwhile: it stays.
  }
}
