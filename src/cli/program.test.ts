import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Cli, CommandError, command, flag, seconds, text, texts } from './command.ts';
import { commands } from './commands.ts';
import { runProgram } from './program.ts';
import { commandsPage } from './reference.ts';
import { terminal } from './terminal.ts';

const quiet = (json: boolean): Cli => ({
  ...terminal(json, new AbortController().signal),
  write: () => undefined,
  answer: () => undefined,
});

/** Runs a command `noun verb` and gives what its code was given. */
async function given(...args: string[]): Promise<Record<string, unknown>> {
  let seen: Record<string, unknown> = {};
  const outer = command({
    name: 'noun',
    summary: 'The noun.',
    options: { place: text('--place DIR', 'a place') },
    examples: [],
    run: async () => 0,
  });
  const inner = command({
    name: 'noun verb',
    summary: 'The verb.',
    arguments: [{ name: 'THING', doc: 'a thing' }],
    options: {
      place: text('--place DIR', 'a place'),
      files: texts('--file FILE', 'files'),
      noAgent: flag('--no-agent', 'without'),
      keep: flag('--keep', 'keep'),
      wait: seconds('--wait SECONDS', 'wait.', 10),
    },
    examples: [],
    async run(options, cli, thing) {
      seen = { ...options, thing, json: cli.json };
      return 0;
    },
  });
  assert.equal(await runProgram([outer, inner], args, quiet), 0);
  return seen;
}

test('options reach the command that they stand behind', async () => {
  const nothing = { place: undefined, files: [], noAgent: false, keep: false, wait: 10, thing: 'x', json: false };
  assert.deepEqual(await given('noun', 'verb', 'x'), nothing);
  assert.deepEqual(
    await given(
      'noun',
      'verb',
      'x',
      '--place',
      'a',
      '--place',
      'b',
      '--file',
      '1',
      '--file',
      '2',
      '--no-agent',
      '--keep',
      '--wait=0.5',
      '--json',
    ),
    { place: 'b', files: ['1', '2'], noAgent: true, keep: true, wait: 0.5, thing: 'x', json: true },
  );
});

test("exit codes: the command's own, 1 for an error, 2 for a wrong call", async () => {
  const failing = (error: unknown) =>
    command({ name: 'it', summary: 'It.', options: {}, examples: [], run: () => Promise.reject(error) });
  const { write } = process.stderr;
  process.stderr.write = () => true;
  try {
    assert.equal(await runProgram([failing(new CommandError('no'))], ['it'], quiet), 1);
    assert.equal(await runProgram([failing(new CommandError('no', 2))], ['it'], quiet), 2);
    assert.equal(await runProgram([failing(new Error('a defect'))], ['it'], quiet), 1);
    assert.equal(await runProgram([failing(null)], ['it', '--what'], quiet), 2);
  } finally {
    process.stderr.write = write;
  }
});

test('every command has a sentence, an example, and options that say what they are', () => {
  for (const { name, summary, examples, options } of commands) {
    assert.match(summary, /^[A-Z].*\.$/, name);
    assert.ok(examples.length > 0, name);
    for (const example of examples) assert.ok(example.startsWith(`neutrino ${name}`), example);
    for (const { flags, doc } of Object.values(options)) assert.ok(doc.length > 3, flags);
  }
});

test('the reference page is current (npm run docs writes it)', () => {
  assert.equal(readFileSync('docs/reference/commands.md', 'utf8'), commandsPage(commands));
});

test('a reader that leaves before the end does not end the command', async () => {
  const main = new URL('./main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.deepEqual([code, said], [0, '']);
});
