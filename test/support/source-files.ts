/** The sources of the project, read once, for the tests of their tidiness. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** One file: its path below the root, and its lines. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** Every file of the project that is not ignored, below the folders given. */
export function sourceFiles(folders: readonly string[], pattern: RegExp): SourceFile[] {
  const argv = ['ls-files', '--cached', '--others', '--exclude-standard', '-z', '--', ...folders];
  const listed = execFileSync('git', argv, { encoding: 'utf8' }).split('\0');
  return listed
    .filter((path) => pattern.test(path) && existsSync(path))
    .map((path) => {
      const text = readFileSync(path, 'utf8');
      return { path, text, lines: text.split('\n') };
    });
}

/** One import or re-export that remains when types are erased. */
export interface ValueImport {
  readonly line: number;
  readonly from: string;
}

const statement = /^(?:import|export)\s+(?!type\b)(?:([^'";]*?)\s*from\s*)?['"]([^'"]+)['"]/gm;
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Whether a clause such as `{ type A, type B }` names types only. */
function isTypesOnly(clause: string | undefined): boolean {
  const names = /^\{([^}]*)\}$/
    .exec(clause?.trim() ?? '')?.[1]
    ?.split(',')
    .filter((name) => name.trim() !== '');
  return names?.every((name) => /^\s*type\s/.test(name)) ?? false;
}

/** The imports of values of a file. */
export function valueImports(file: SourceFile): ValueImport[] {
  const lineAt = (index: number) => file.text.slice(0, index).split('\n').length;
  const plain = [...file.text.matchAll(statement)]
    .filter((match) => !isTypesOnly(match[1]))
    .map((match) => ({ line: lineAt(match.index), from: match[2] ?? '' }));
  const late = [...file.text.matchAll(dynamic)].map((match) => ({ line: lineAt(match.index), from: match[1] ?? '' }));
  return [...plain, ...late];
}
