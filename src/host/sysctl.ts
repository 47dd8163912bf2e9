/** Reads and writes kernel settings. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Fact, Namespace, SysctlFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { eachStep, type StepOn } from './batch.ts';
import { inNamespace } from './namespaces.ts';
import { run } from './run.ts';

/** The file of a setting: dots separate, and a slash stands for a dot within a name (as sysctl has it). */
function settingPath(name: string): string {
  const path = name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'));
  if (!/^[\w.:@-]+(\/[\w.:@-]+)+$/.test(path) || path.split('/').includes('..'))
    throw new Error(`not a kernel setting: ${JSON.stringify(name)}`);
  return `/proc/sys/${path}`;
}

function normal(value: string): string {
  return value.trim().replace(/\s+/g, ' ');
}

/** A value as it was asked for where it is equal but for white space. */
function withValue(fact: SysctlFact, value: string): SysctlFact {
  return normal(value) === normal(fact.value) ? fact : { ...fact, value: normal(value) };
}

async function readOwn(fact: SysctlFact): Promise<SysctlFact[]> {
  try {
    return [withValue(fact, await readFile(settingPath(fact.name), 'utf8'))];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Those of the settings that the kernel has, with their present values. */
export async function readSysctls(namespace: Namespace, facts: readonly SysctlFact[]): Promise<Fact[]> {
  if (namespace === '') return (await Promise.all(facts.map(readOwn))).flat();
  const argv = inNamespace(namespace, ['sysctl', '-e', ...facts.map(({ name }) => name)]);
  const { stdout } = await run(argv, { codes: [0, 1, 255] });
  const values = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const at = line.indexOf(' =');
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 2));
  }
  return facts.flatMap((fact) => {
    const value = values.get(fact.name);
    return value === undefined ? [] : [withValue(fact, value)];
  });
}

/** Sets each setting; one is never set back, so removing does nothing. */
export async function performSysctls(
  namespace: Namespace,
  steps: readonly StepOn<SysctlFact>[],
): Promise<StepFailure[]> {
  const wanted = steps.filter((step) => step.do !== 'remove');
  if (wanted.length === 0) return [];
  if (namespace === '') return eachStep(wanted, ({ fact }) => writeFile(settingPath(fact.name), fact.value));
  const set = (facts: readonly SysctlFact[]) =>
    run(inNamespace(namespace, ['sysctl', '-q', '-w', ...facts.map(({ name, value }) => `${name}=${value}`)]));
  try {
    await set(wanted.map(({ fact }) => fact));
    return [];
  } catch {
    // Which one was refused: each on its own.
    return eachStep(wanted, async ({ fact }) => void (await set([fact])));
  }
}
