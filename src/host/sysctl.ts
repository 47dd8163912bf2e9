/** Reads and writes kernel settings. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Fact, Namespace, SysctlFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { eachStep, type HostContext, type StepOn } from './batch.ts';
import { shellKind, word } from './shell-helper.ts';

/** The file of a setting: dots separate, and a slash stands for a dot within a name (as sysctl has it). */
export function settingPath(name: string): string {
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

/** Those of the own namespace's settings that the kernel has, with their present values. */
export async function readSysctls(facts: readonly SysctlFact[]): Promise<Fact[]> {
  return (await Promise.all(facts.map(readOwn))).flat();
}

/** What `grep -H . FILE …` printed: the first line of each file, by its path. */
export function parseSettings(output: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of output.split('\n')) {
    const [, path, value] = /^(\/proc\/sys\/[^:]+):(.*)$/.exec(line) ?? [];
    if (path !== undefined && value !== undefined && !values.has(path)) values.set(path, value);
  }
  return values;
}

/** Those of the settings that have a value, by the file's path. */
export function presentSysctls(facts: readonly SysctlFact[], values: ReadonlyMap<string, string>): Fact[] {
  return facts.flatMap((fact) => {
    const value = values.get(settingPath(fact.name));
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
