/** Reads and writes kernel settings. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Fact, Namespace, SysctlFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { eachStep, type HostContext, type StepOn } from './batch.ts';
import { shellKind, word } from './shell-helper.ts';

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
export async function readSysctls(
  context: HostContext,
  namespace: Namespace,
  facts: readonly SysctlFact[],
): Promise<Fact[]> {
  if (namespace === '') return (await Promise.all(facts.map(readOwn))).flat();
  const paths = facts.map(({ name }) => settingPath(name));
  // grep ends with 1 or 2 where a file is empty or missing: that is no error here.
  const script = `grep -sH . ${paths.map(word).join(' ')}; :`;
  const output = await context.pool.use(shellKind, namespace, (shell) => shell.run(script));
  const values = new Map<string, string>();
  for (const line of output.split('\n')) {
    const path = paths.find((candidate) => line.startsWith(`${candidate}:`));
    if (path !== undefined && !values.has(path)) values.set(path, line.slice(path.length + 1));
  }
  return facts.flatMap((fact, index) => {
    const value = values.get(paths[index] ?? '');
    return value === undefined ? [] : [withValue(fact, value)];
  });
}

/** Sets each setting; one is never set back, so removing does nothing. */
export async function performSysctls(
  context: HostContext,
  namespace: Namespace,
  steps: readonly StepOn<SysctlFact>[],
): Promise<StepFailure[]> {
  const wanted = steps.filter((step) => step.do !== 'remove');
  if (wanted.length === 0) return [];
  if (namespace === '') return eachStep(wanted, ({ fact }) => writeFile(settingPath(fact.name), fact.value));
  return eachStep(wanted, async ({ fact }) => {
    const script = `printf %s ${word(fact.value)} > ${word(settingPath(fact.name))}`;
    await context.pool.use(shellKind, namespace, (shell) => shell.run(script));
  });
}
