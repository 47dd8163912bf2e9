/** What `npm test` consists of, in its order. */
import { existsSync, globSync } from 'node:fs';

/** One run of node's test runner. */
export interface TestPhase {
  readonly name: string;
  /** Globs below the root. */
  readonly files: readonly string[];
  /** One process for all files, or one for each, one after another: what boots processes and makes namespaces. */
  readonly isolation: 'none' | 'process';
  readonly deadlineMs: number;
}

/** A program that says by its exit code whether all is well: one test. */
export interface CheckPhase {
  readonly name: string;
  readonly argv: readonly string[];
}

const minutes = (n: number): number => n * 60_000;

/** The checks of the text. */
export const checks: readonly CheckPhase[] = [
  { name: 'types (tsc)', argv: ['node_modules/.bin/tsc', '-p', '.'] },
  {
    name: 'lint and format (biome)',
    argv: ['node_modules/.bin/biome', 'ci', '--colors=off', '--max-diagnostics=50', '.'],
  },
];

/** The tests. */
export const phases: readonly TestPhase[] = [
  { name: 'unit', files: ['src/**/*.test.ts', 'tools/*.test.ts'], isolation: 'none', deadlineMs: minutes(10) },
  { name: 'conformance', files: ['test/conformance/**/*.test.ts'], isolation: 'none', deadlineMs: minutes(10) },
  { name: 'scenarios', files: ['test/scenarios/**/*.test.ts'], isolation: 'none', deadlineMs: minutes(10) },
  { name: 'tidy', files: ['test/*.test.ts'], isolation: 'none', deadlineMs: minutes(2) },
  { name: 'system', files: ['test/system/**/*.test.ts'], isolation: 'process', deadlineMs: minutes(70) },
];

/** The files of a phase, by name, of those that match `only` (parts of paths) where any are given. */
export function filesOf(phase: TestPhase, root: string, only: readonly string[]): string[] {
  const files = phase.files.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
  return files.filter((file) => existsSync(file) && (only.length === 0 || only.some((part) => file.includes(part))));
}
