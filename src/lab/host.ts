/**
 * An emulated host: a process that holds network, mount and PID namespaces of its own. Its named namespaces, its /run and its
 * processes are private, so nothing on the machine is touched, and all of it vanishes with the holder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** What a command printed and how it ended. */
export interface Outcome {
  /** null: it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and how a command runs in an emulated host. */
export interface RunOptions {
  /** A named namespace of the host; left out: the host's own. */
  readonly netns?: string;
  readonly input?: string;
  /** Milliseconds until it is killed; default 15,000. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Do not throw when it ends with a code other than 0. */
  readonly mayFail?: boolean;
}

/** Where a command is started, and what becomes of its output. */
export interface StartOptions extends Pick<RunOptions, 'netns' | 'env'> {
  /** A file descriptor for stdout and stderr; left out: pipes to this process. */
  readonly output?: number;
  /** Whether this process will write to its stdin; otherwise it is empty. */
  readonly input?: boolean;
}

/** A place where commands run: an emulated host, or a guest with a kernel of its own. */
export interface CommandHost {
  readonly name: string;
  /** The arguments that put a command into the host (and a namespace of it): `nsenter …`. */
  enter(netns?: string): string[];
  /** Runs a command to its end. Throws with its output when it fails, unless it may. */
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Starts a command that goes on; it is killed with the host at the latest. */
  start(argv: readonly string[], options?: StartOptions): ChildProcess;
  /** Sends a signal to a started command: to the program itself, not only to the `nsenter` in front of it. */
  kill(child: ChildProcess, signal?: NodeJS.Signals): void;
  /** Lets go of all that was started, so that this process can end and leave it running. */
  leave(): void;
  /** Ends the host and everything in it. */
  close(): Promise<void>;
}

/** An emulated host. */
export interface LabHost extends CommandHost {
  /** The process that holds the namespaces, as the machine numbers it. */
  readonly pid: number;
}

/** How many times as slow as a usual machine this one is: an emulated processor sets NEUTRINO_PATIENCE. */
const patience = Math.max(1, Number(process.env.NEUTRINO_PATIENCE ?? 1) || 1);

/** A deadline of so many milliseconds on a usual machine, as it is here. */
export const patient = (ms: number): number => ms * patience;

// The first process of the host: makes /run and /sys private, then waits for its input to end, which it does when the
// process that made the host dies however it dies. bash, since it also reaps what daemons leave behind.
const init = `
mount -t tmpfs tmpfs /run && mkdir /run/netns && mount -t sysfs sysfs /sys && ip link set lo up || exit 1
echo ready
exec 3<&0
cat <&3 >/dev/null & wait $!
`;
const keptInit = init.replace('cat <&3 >/dev/null', 'sleep infinity');

const waitMs = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

// `nsenter -p` forks, since only a child can be in the PID namespace; when that child ends, nsenter does.
function killStarted(child: ChildProcess, signal: NodeJS.Signals): void {
  const programs = child.pid === undefined ? [] : childrenOf(child.pid);
  for (const pid of programs) process.kill(pid, signal);
  if (programs.length === 0) child.kill(signal);
}

function firstChild(pid: number): number {
  const [child] = childrenOf(pid);
  if (!child) throw new Error(`the holder ${pid} has no process in its namespaces`);
  return child;
}

async function untilReady(holder: ChildProcess): Promise<void> {
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the emulated host did not start in time: ${printed}`)),
      patient(10_000),
    );
    holder.stderr?.on('data', (data) => {
      printed += data;
    });
    holder.stdout?.on('data', (data) => {
      printed += data;
      if (!printed.includes('ready')) return;
      clearTimeout(timer);
      resolve();
    });
    holder.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the emulated host ended with ${code}: ${printed.trim()} (namespaces need root)`));
    });
  });
}

/** Collects what a process prints until it ends, or kills it at its deadline. */
export async function collect(child: ChildProcess, timeoutMs: number, input?: string): Promise<Outcome> {
  const out = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => {
    out.stdout += data;
  });
  child.stderr?.on('data', (data) => {
    out.stderr += data;
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(input ?? '');
  const timer = setTimeout(() => killStarted(child, 'SIGKILL'), timeoutMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  return { code, ...out };
}

/**
 * A place where commands run, reached by the arguments `into` in front of them. When what they start forks, as `nsenter` does, the
 * child gets the signals; otherwise it gets them itself and hands them on.
 */
export function commandHost(name: string, into: readonly string[], close: () => Promise<void>): CommandHost {
  const enter = (netns?: string) => [...into, ...(netns ? ['nsenter', `--net=/run/netns/${netns}`, '--'] : [])];
  const started = new Set<ChildProcess>();
  const launch = (argv: readonly string[], options: StartOptions, stdin: 'pipe' | 'ignore') => {
    const [program = '', ...args] = [...enter(options.netns), ...argv];
    const env = { ...process.env, LC_ALL: 'C', ...options.env };
    const output = options.output ?? 'pipe';
    return spawn(program, args, { stdio: [stdin, output, output], env, cwd: '/' });
  };
  return {
    name,
    enter,
    close,
    kill: (child, signal = 'SIGKILL') => killStarted(child, signal),
    async run(argv, options = {}) {
      const outcome = await collect(
        launch(argv, place(options), 'pipe'),
        patient(options.timeoutMs ?? 15_000),
        options.input,
      );
      if (outcome.code !== 0 && !options.mayFail) {
        const text = `${outcome.stderr}${outcome.stdout}`.trim();
        throw new Error(`on ${name}: ${argv.join(' ')} ended with ${outcome.code ?? 'a signal'}: ${text}`);
      }
      return outcome;
    },
    start(argv, options = {}) {
      const child = launch(argv, options, options.input ? 'pipe' : 'ignore');
      started.add(child);
      child.once('exit', () => started.delete(child));
      return child;
    },
    leave() {
      for (const child of started) {
        child.unref();
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      }
    },
  };
}

/** A handle on a host whose holder runs already, by the PID of its first process. */
export function attachHost(name: string, pid: number, holder?: ChildProcess): LabHost {
  const close = async () => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      return;
    }
    for (let i = 0; i < 200; i++) {
      if (holder ? holder.exitCode !== null || holder.signalCode !== null : !(await alive(pid))) return;
      await waitMs(10);
    }
    throw new Error(`the emulated host ${name} (process ${pid}) did not end within 2 s`);
  };
  return { ...commandHost(name, ['nsenter', '-t', String(pid), '-n', '-m', '-p', '--'], close), pid };
}

const place = ({ netns, env }: RunOptions): StartOptions => ({
  ...(netns ? { netns } : {}),
  ...(env ? { env } : {}),
});

async function alive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z /.test(stat);
}

/** Makes an emulated host. `kept`: it outlives this process, until its holder is killed. */
export async function createHost(name: string, options: { kept?: boolean } = {}): Promise<LabHost> {
  const isolate = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', '--propagation', 'private'];
  const holder = spawn('unshare', [...isolate, 'bash', '-c', options.kept ? keptInit : init], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.kept ?? false,
    cwd: '/',
  });
  holder.stdin?.on('error', () => {});
  await untilReady(holder);
  const pid = firstChild(holder.pid as number);
  if (options.kept) {
    for (const stream of [holder.stdin, holder.stdout, holder.stderr]) stream?.destroy();
    holder.unref();
  }
  return attachHost(name, pid, holder);
}
