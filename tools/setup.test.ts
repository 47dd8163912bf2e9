import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const steps = pathToFileURL(resolve(import.meta.dirname, 'setup-steps.mjs')).href;
const { isUsableNode } = await import(pathToFileURL(resolve(import.meta.dirname, 'setup-node.mjs')).href);

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'neutrino-setup-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a script that has `locked` at hand. */
async function runScript(body: string): Promise<number | null> {
  const script = `import { locked } from ${JSON.stringify(steps)}; import * as fs from 'node:fs'; ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  return code;
}

/** Adds 1 to a number in a file, slowly enough for others to come in between. */
const addOne = (root: string): string => `locked(${JSON.stringify(root)}, () => {
  const file = ${JSON.stringify(join(root, 'count'))};
  const n = Number(fs.readFileSync(file, 'utf8'));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
  fs.writeFileSync(file, String(n + 1));
});`;

test('starts at the same time set the clone up one after another', async (t) => {
  const root = folderFor(t);
  writeFileSync(join(root, 'count'), '0');
  const codes = await Promise.all(Array.from({ length: 5 }, () => runScript(addOne(root))));
  assert.deepEqual(codes, [0, 0, 0, 0, 0]);
  assert.equal(readFileSync(join(root, 'count'), 'utf8'), '5');
});

test('a lock whose process is gone does not hold anyone up, not even several at once', async (t) => {
  const root = folderFor(t);
  writeFileSync(join(root, 'count'), '0');
  mkdirSync(join(root, '.cache/setup.lock'), { recursive: true });
  // The number of a process that lives, with another start: the number was used again.
  writeFileSync(join(root, '.cache/setup.lock/owner'), `${process.pid} 1`);
  await Promise.all([runScript(addOne(root)), runScript(addOne(root)), runScript(addOne(root))]);
  assert.equal(readFileSync(join(root, 'count'), 'utf8'), '3');
});

test('22.18 is the oldest Node that runs it', () => {
  const usable = ['18.20.0', '20.20.2', '22.17.1', '22.18.0', '24.0.0', '26.1.0'].filter((version) =>
    isUsableNode(version),
  );
  assert.deepEqual(usable, ['22.18.0', '24.0.0', '26.1.0']);
});
