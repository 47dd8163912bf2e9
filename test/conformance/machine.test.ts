/** One suite for every machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SimulatedMachine } from '../../src/sim/machine.ts';
import { noPrivateWorld, runInPrivateWorld } from '../support/private-world.ts';
import { machineSuite } from './machine-suite.ts';

const suite = fileURLToPath(new URL('./machine-real.ts', import.meta.url));
const noWorld = noPrivateWorld();

test('the Linux machine, in a private world', { skip: noWorld ?? false }, async (t) => {
  const argv = [process.execPath, '--test', '--test-isolation=none', '--test-reporter=tap', suite];
  const { code, stdout, stderr } = await runInPrivateWorld(argv);
  const verdicts = [...stdout.matchAll(/^(not ok|ok) \d+ - (.*)$/gm)];
  for (const [at, verdict] of verdicts.entries()) {
    const end = verdicts[at + 1]?.index ?? stdout.length;
    await t.test(verdict[2] ?? '', () => assert.equal(verdict[1], 'ok', stdout.slice(verdict.index, end)));
  }
  assert.ok(verdicts.length > 0, `no test ran: ${stdout}${stderr}`);
  assert.equal(code, 0, stderr);
});

machineSuite('simulated', async () => new SimulatedMachine(), '/tmp/neutrino-machine');
