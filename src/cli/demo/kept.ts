/** The note of a demo that was left up, so that a later command can take it down. */
import { readFile, rm, writeFile } from 'node:fs/promises';

const path = '/run/neutrino-demo.json';

/** What is needed to end a kept demo: its folder and the first process of each of its hosts. */
export interface KeptDemo {
  readonly folder: string;
  readonly pids: readonly { readonly pid: number; readonly startTime: string }[];
}

/** When a process started, in ticks since boot: with its PID it names the process for good; '' when it is gone. */
export async function startTimeOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Notes a demo that stays up. */
export async function noteKept(demo: KeptDemo): Promise<void> {
  await writeFile(path, `${JSON.stringify(demo)}\n`, { mode: 0o600 });
}

/** The demo that is up, if any of its processes still runs. */
export async function readKept(): Promise<KeptDemo | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as KeptDemo);
}

/** Ends a kept demo: kills the first process of each host, with which everything in it goes, and removes its folder. */
export async function takeDown(demo: KeptDemo): Promise<void> {
  for (const { pid, startTime } of demo.pids) {
    if ((await startTimeOf(pid)) !== startTime) continue;
    process.kill(pid, 'SIGKILL');
    for (let i = 0; i < 200 && (await startTimeOf(pid)) === startTime; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  await rm(demo.folder, { recursive: true, force: true });
  await rm(path, { force: true });
}
