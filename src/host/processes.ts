/**
 * Runs daemons that outlive the agent. The program daemonises itself and writes its pid; what it was started for stands beside
 * that in `<pid file>.state`. A pid alone proves nothing: a process is ours only when its command line is the one we gave.
 */
import { mkdir, readFile, readlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fact, Namespace, ProcessFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { eachStep, type HostContext, type StepOn } from './batch.ts';
import { orMissing, removeWhole, writeWhole } from './files.ts';
import { seedLeases, strangersOf, tryRelease } from './leases.ts';
import { inNamespace, namespaceId } from './namespaces.ts';
import { run } from './run.ts';

/** How long a program may take to daemonise, to write its pid, and to end when asked to. */
const startMs = 10_000;
const pidMs = 2_000;
const stopMs = 5_000;

/** What is remembered of a start. */
interface Remembered {
  readonly restartOn: string;
  readonly reloadOn: string;
}

interface Running {
  readonly pid: number;
  /** Clock ticks since boot when it started: tells a process from a later one of the same pid. */
  readonly started: string;
  readonly argv: readonly string[];
  /** Whether it is in the namespace asked about. */
  readonly inside: boolean;
}

function statePath(fact: ProcessFact): string {
  return `${fact.pidFile}.state`;
}

async function remembered(fact: ProcessFact): Promise<Remembered> {
  const text = await orMissing(readFile(statePath(fact), 'utf8'));
  try {
    const { restartOn, reloadOn } = JSON.parse(text ?? '{}') as Partial<Remembered>;
    return { restartOn: restartOn ?? '', reloadOn: reloadOn ?? '' };
  } catch {
    return { restartOn: '', reloadOn: '' };
  }
}

function remember(fact: ProcessFact): Promise<void> {
  return writeWhole(statePath(fact), JSON.stringify({ restartOn: fact.restartOn, reloadOn: fact.reloadOn }), 0o644);
}

/** A file of /proc, or undefined when the process is gone; it may go between opening and reading. */
async function procFile(pid: number, name: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${name}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** When the process started, or undefined when there is none, or only the remains of one. */
async function startTime(pid: number): Promise<string | undefined> {
  const text = await procFile(pid, 'stat');
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && fields[0] !== 'Z' && fields[0] !== 'X' ? fields[19] : undefined;
}

/** Whether it is in the namespace, and the root that it has for its own is still there. */
async function isInside(pid: number, namespace: Namespace): Promise<boolean> {
  const link = await orMissing(readlink(`/proc/${pid}/ns/net`));
  const root = await orMissing(readlink(`/proc/${pid}/root`));
  const id = await namespaceId(namespace);
  return id !== undefined && link === `net:[${id.split(':')[1]}]` && !root?.endsWith(' (deleted)');
}

/** The process of the fact's pid file, where it runs the fact's program. */
async function find(fact: ProcessFact): Promise<Running | undefined> {
  const pid = Number((await orMissing(readFile(fact.pidFile, 'utf8')))?.trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const started = await startTime(pid);
  const argv = (await procFile(pid, 'cmdline'))?.replace(/\0$/, '').split('\0');
  if (started === undefined || argv === undefined || argv[0] !== fact.argv[0]) return undefined;
  // The program alone is not enough: one that others run may have got the pid. It has to know our pid file, or our arguments.
  const ours = argv.some((word) => word.includes(fact.pidFile)) || sameWords(argv, fact.argv);
  return ours ? { pid, started, argv, inside: await isInside(pid, fact.namespace) } : undefined;
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}

async function observedLeases({ leases }: ProcessFact): Promise<Pick<ProcessFact, 'leases'>> {
  const strangers = leases ? await strangersOf(leases) : [];
  return leases && strangers.length > 0 ? { leases: { ...leases, strangers } } : {};
}

/** Those of the processes that run. One that runs elsewhere, or was started for something else, tells so by `restartOn`. */
export async function readProcesses({ daemons }: HostContext, facts: readonly ProcessFact[]): Promise<Fact[]> {
  const found: Fact[] = [];
  for (const fact of facts) {
    const running = await find(fact);
    if (!running) continue;
    daemons.runs(fact, running.pid);
    const { restartOn, reloadOn } = await remembered(fact);
    const leases = await observedLeases(fact);
    const place = running.inside ? restartOn : 'another place';
    found.push({ ...fact, argv: running.argv, restartOn: place, reloadOn, ...leases });
  }
  return found;
}

async function start({ daemons }: HostContext, fact: ProcessFact): Promise<void> {
  for (const path of [fact.pidFile, ...(fact.ownFiles ?? [])])
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if (fact.leases) await seedLeases(fact.leases);
  await run(inNamespace(fact.namespace, fact.argv), { deadlineMs: startMs });
  const deadline = Date.now() + pidMs;
  for (;;) {
    const running = await find(fact);
    if (running) {
      daemons.runs(fact, running.pid);
      break;
    }
    if (Date.now() > deadline)
      throw new Error(`${fact.argv.join(' ')}: ended well, but no such process is named in ${fact.pidFile}`);
    await sleep(5);
  }
  await remember(fact);
}

/** Sends a signal; a process that is gone needs none. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function gone({ pid, started }: Running, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while ((await startTime(pid)) === started) {
    if (Date.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}

async function stop({ daemons }: HostContext, fact: ProcessFact): Promise<void> {
  daemons.forget(fact);
  const running = await find(fact);
  if (!running) return;
  signal(running.pid, 'SIGTERM');
  if (await gone(running, stopMs)) return;
  signal(running.pid, 'SIGKILL');
  if (!(await gone(running, stopMs))) throw new Error(`${fact.name}: process ${running.pid} does not end`);
}

async function restart(context: HostContext, fact: ProcessFact): Promise<void> {
  await stop(context, fact);
  await start(context, fact);
}

/** Brings a process to its wanted state from whatever is there. */
async function ensure(context: HostContext, fact: ProcessFact): Promise<void> {
  const running = await find(fact);
  if (!running) return start(context, fact);
  const known = await remembered(fact);
  if (!running.inside || known.restartOn !== fact.restartOn || !sameWords(running.argv, fact.argv))
    return restart(context, fact);
  context.daemons.runs(fact, running.pid);
  if (known.reloadOn !== fact.reloadOn) {
    signal(running.pid, 'SIGHUP');
    await remember(fact);
  }
  // Its file is put right before every start.
  if (fact.leases && !(await tryRelease(fact.leases, fact.namespace, context.log))) await restart(context, fact);
}

async function remove(context: HostContext, fact: ProcessFact): Promise<void> {
  await stop(context, fact);
  for (const path of [fact.pidFile, statePath(fact), ...(fact.ownFiles ?? [])]) await removeWhole(path);
}

/** Performs steps about processes. */
export function performProcesses(context: HostContext, steps: readonly StepOn<ProcessFact>[]): Promise<StepFailure[]> {
  return eachStep(steps, (step) => (step.do === 'remove' ? remove(context, step.fact) : ensure(context, step.fact)));
}
