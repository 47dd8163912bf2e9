/** Performs steps, one after another. */
import { readFile, writeFile } from 'node:fs/promises';
import { orMissing } from '../host/files.ts';
import { run } from '../host/run.ts';
import type { NicStep } from './decide/steps.ts';
import { performOvs } from './ovs.ts';
import { isRunning } from './process.ts';
import type { DhcpClient } from './types.ts';

async function performIp(lines: readonly string[], strict: boolean, family?: 4 | 6): Promise<void> {
  const argv = ['ip', ...(family === undefined ? [] : [`-${family}`]), ...(strict ? [] : ['-force']), '-batch', '-'];
  try {
    await run(argv, { stdin: `${lines.join('\n')}\n`, codes: strict ? [0] : [0, 1] });
  } catch (error) {
    // The line is the only thing that tells what failed.
    const at = Number(/Command failed -:(\d+)/.exec(String(error))?.[1]);
    throw new Error(`${(error as Error).message.trim()} (${lines[at - 1] ?? 'no line'})`);
  }
}

async function performSettings(device: string, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    const path = `/proc/sys/net/${name.replace('DEV', device)}`;
    const now = await readFile(path, 'utf8').catch(() => undefined);
    // A setting that the kernel does not take for this device stays as the kernel has it.
    if (now !== undefined && now.trim() !== value) await writeFile(path, value).catch(() => undefined);
  }
}

/** The table of the shield; one for each NIC. */
const shieldTable = (device: string): string => `neutrino_nic_${device.replace(/\W/g, '_')}`;

async function performShield(device: string, on: boolean): Promise<void> {
  const table = `netdev ${shieldTable(device)}`;
  const chain = `type filter hook ingress device "${device}" priority 0; policy drop;`;
  const make = `add table ${table}\nadd chain ${table} ingress { ${chain} }\n`;
  const text = on ? make : `add table ${table}\ndelete table ${table}\n`;
  await run(['nft', '-f', '-'], { stdin: text });
}

/** A resolver that does not answer keeps nobody from moving: whoever manages the device tells it again. */
async function performDns(device: string, servers: readonly string[], domains: readonly string[]): Promise<void> {
  const tell = (words: readonly string[]) => run(['resolvectl', ...words]).catch(() => undefined);
  if (servers.length > 0) await tell(['dns', device, ...servers]);
  if (domains.length > 0) await tell(['domain', device, ...domains]);
}

async function signal({ pid, started }: DhcpClient, name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  if (await isRunning(pid, started)) process.kill(pid, name);
}

/** Performs one step. Throws when a strict one fails. */
export async function performStep(step: NicStep): Promise<void> {
  switch (step.do) {
    case 'ip':
      return performIp(step.lines, step.strict, step.family);
    case 'settings':
      return performSettings(step.device, step.values);
    case 'ovs':
      return performOvs(step.argv, step.ready);
    case 'shield':
      return performShield(step.device, step.on);
    case 'dns':
      return performDns(step.device, step.servers, step.domains);
    case 'pause':
      return signal(step.client, 'SIGSTOP');
    case 'resume':
      return signal(step.client, 'SIGCONT');
  }
}

/** Performs steps in order; the first that fails ends it. */
export async function performSteps(steps: readonly NicStep[]): Promise<void> {
  for (const step of steps) await performStep(step);
}

/** Performs steps in order, whatever becomes of each; gives what failed. */
export async function performAll(steps: readonly NicStep[]): Promise<string[]> {
  const failed: string[] = [];
  for (const step of steps) await performStep(step).catch((error: Error) => failed.push(error.message));
  return failed;
}

/** The text of a file, or undefined where there is none. */
export function readIfThere(path: string): Promise<string | undefined> {
  return orMissing(readFile(path, 'utf8'));
}
