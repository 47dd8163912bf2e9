/** Unified diffs of small files, for people. */

/** Lines of context around a change. */
const context = 3;

interface Edit {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

const linesOf = (text: string | null): string[] =>
  text === null || text === '' ? [] : text.replace(/\n$/, '').split('\n');

/** The longest common subsequence, as edits: files of configuration are small. */
function edits(before: readonly string[], after: readonly string[]): Edit[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row) row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const found: Edit[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      found.push({ mark: ' ', text: before[i++] ?? '' });
      j++;
    } else if (i < before.length && (j === after.length || at(i + 1, j) >= at(i, j + 1))) {
      found.push({ mark: '-', text: before[i++] ?? '' });
    } else found.push({ mark: '+', text: after[j++] ?? '' });
  }
  return found;
}

/** The hunks: changes with their context, and where they are. */
function hunks(all: readonly Edit[]): string[] {
  const near = all.map((_, at) =>
    all.slice(Math.max(0, at - context), at + context + 1).some(({ mark }) => mark !== ' '),
  );
  const lines: string[] = [];
  let old = 1;
  let now = 1;
  for (const [at, { mark, text }] of all.entries()) {
    if (near[at]) {
      if (!near[at - 1]) lines.push(`@@ -${old} +${now} @@`);
      lines.push(`${mark}${text}`);
    }
    if (mark !== '+') old += 1;
    if (mark !== '-') now += 1;
  }
  return lines;
}

/** A unified diff; null: the file is not there. */
export function unifiedDiff(path: string, before: string | null, after: string | null): string {
  const head = [`--- ${before === null ? '/dev/null' : path}`, `+++ ${after === null ? '/dev/null' : path}`];
  return [...head, ...hunks(edits(linesOf(before), linesOf(after)))].join('\n');
}
