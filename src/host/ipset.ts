/** Reads and fills ipsets. */
import type { Fact, IpFamily, Namespace, SetFact } from '../plan/facts.ts';
import type { StepFailure } from '../plan/steps.ts';
import { failure, type StepOn } from './batch.ts';
import { inNamespace } from './namespaces.ts';
import { CommandError, describe, run } from './run.ts';

const deadlineMs = 30_000;

/** The two halves that stand for all addresses: hash:net takes no prefix of length 0 (Neutron writes it so as well). */
const halves: Readonly<Record<IpFamily, readonly [string, string]>> = {
  4: ['0.0.0.0/1', '128.0.0.0/1'],
  6: ['::/1', '8000::/1'],
};
const everything: Readonly<Record<IpFamily, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

/** Elements as ipset prints them: a single address has no prefix length, all addresses are two halves. */
function written(family: IpFamily, elements: readonly string[]): Set<string> {
  const host = family === 4 ? /\/32$/ : /\/128$/;
  const texts = elements.map((element) => element.replace(host, ''));
  return new Set(texts.flatMap((text) => (text === everything[family] ? halves[family] : [text])));
}

/** What `ipset save` printed: elements by set. */
function parseSave(text: string): Map<string, Set<string>> {
  const sets = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [verb, name = '', element = ''] = line.split(' ');
    if (verb === 'create') sets.set(name, new Set());
    else if (verb === 'add') sets.get(name)?.add(element);
  }
  return sets;
}

async function readSets(namespace: Namespace, names: readonly string[]): Promise<Map<string, Set<string>>> {
  // One set is asked for by its name; where it is missing, the program ends with 1.
  const [only] = names.length === 1 ? names : [];
  const argv = inNamespace(namespace, only === undefined ? ['ipset', 'save'] : ['ipset', 'save', only]);
  try {
    return parseSave((await run(argv, { deadlineMs })).stdout);
  } catch (error) {
    if (error instanceof CommandError && /does not exist/.test(error.stderr)) return new Map();
    throw error;
  }
}

function equal(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((element) => b.has(element));
}

/** Those of the sets that are there, with their present elements. */
export async function readIpsets(namespace: Namespace, facts: readonly SetFact[]): Promise<Fact[]> {
  const sets = await readSets(
    namespace,
    facts.map(({ name }) => name),
  );
  return facts.flatMap((fact) => {
    const elements = sets.get(fact.name);
    if (!elements) return [];
    // Equal sets are told as they were asked for, whatever the writing.
    if (equal(elements, written(fact.family, fact.elements))) return [fact];
    return [{ ...fact, elements: [...elements].sort() }];
  });
}

/** The name under which a set is filled before it takes the place of another; at most 31 characters. */
function temporary(name: string): string {
  return `${name.slice(0, 29)}-n`;
}

function create(name: string, { family, elements }: SetFact): string {
  const most = Math.max(65_536, elements.length * 2);
  return `create ${name} hash:net family ${family === 4 ? 'inet' : 'inet6'} maxelem ${most}`;
}

/** The lines of one step for `ipset restore -exist`; of a change those elements alone that come or go. */
export function linesOf(step: StepOn<SetFact>): string[] {
  const { fact } = step;
  const wanted = written(fact.family, fact.elements);
  if (step.do === 'remove') return [`destroy ${fact.name}`];
  if (step.do === 'change') {
    const was = written(fact.family, step.was.elements);
    return [
      create(fact.name, fact),
      ...[...wanted].filter((element) => !was.has(element)).map((element) => `add ${fact.name} ${element}`),
      ...[...was].filter((element) => !wanted.has(element)).map((element) => `del ${fact.name} ${element}`),
    ];
  }
  // It may be there, with other elements: a new one takes its place at once, rules that use it see no gap.
  const filling = temporary(fact.name);
  return [
    create(fact.name, fact),
    create(filling, fact),
    `flush ${filling}`,
    ...[...wanted].map((element) => `add ${filling} ${element}`),
    `swap ${filling} ${fact.name}`,
    `destroy ${filling}`,
  ];
}

/** Loads steps; gives the error and the step that is to blame when it was refused. What came before that step is done. */
async function load(namespace: Namespace, steps: readonly StepOn<SetFact>[]) {
  const lines = steps.map(linesOf);
  const stdin = `${lines.flat().join('\n')}\n`;
  try {
    await run(inNamespace(namespace, ['ipset', 'restore', '-exist']), { stdin, deadlineMs });
    return undefined;
  } catch (error) {
    const match = error instanceof CommandError ? /Error in line (\d+)/.exec(error.stderr) : null;
    let number = match ? Number(match[1]) : 1;
    const index = lines.findIndex((own) => {
      if (number <= own.length) return true;
      number -= own.length;
      return false;
    });
    return { index: Math.max(index, 0), line: lines[index]?.[number - 1], error };
  }
}

/** Performs steps of one namespace in one load; a step that is refused is left out, the rest goes on. */
export async function performIpsets(namespace: Namespace, steps: readonly StepOn<SetFact>[]): Promise<StepFailure[]> {
  const failures: StepFailure[] = [];
  let rest = steps;
  while (rest.length > 0) {
    const refused = await load(namespace, rest);
    if (!refused) break;
    const culprit = rest[refused.index];
    const gone = culprit?.do === 'remove' && /does not exist/.test(describe(refused.error));
    if (culprit && !gone) failures.push(failure(culprit, `${describe(refused.error)} (${refused.line})`));
    rest = rest.slice(refused.index + 1);
  }
  return failures;
}
