/** Processes by pid and start time, which together name one for good. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** When a process started, in ticks since boot; '' when there is none, or only its remains. */
export async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}

/** Whether the process is still that one. */
export async function isRunning(pid: number, started: string): Promise<boolean> {
  return started !== '' && (await startOf(pid)) === started;
}

/** The variable that marks what a move starts, so that whoever takes it over can wait for it. */
export const markName = 'NEUTRINO_NIC_MOVE';

async function marked(id: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    if (pid === process.pid) continue;
    const environ = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (environ.split('\0').includes(`${markName}=${id}`)) found.push(pid);
  }
  return found;
}

/** How long what a killed process left may go on, milliseconds. */
const orphanMs = 15_000;

/** Ends a process at once; one that is gone needs no end. */
export function endProcess(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until nothing runs any more that a killed process of the move started; what does not end in time is killed. */
export async function untilAlone(id: string): Promise<void> {
  const start = performance.now();
  for (let left = await marked(id); left.length > 0; left = await marked(id)) {
    const waited = performance.now() - start;
    if (waited > orphanMs) for (const pid of left) endProcess(pid);
    if (waited > 2 * orphanMs) return;
    await sleep(10);
  }
}
