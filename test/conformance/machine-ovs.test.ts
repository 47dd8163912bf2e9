/** Bridges, ports and flows: one suite for a real switch and the simulated one. */
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noOvs } from '../../src/lab/ovs.ts';
import { SimulatedMachine } from '../../src/sim/machine.ts';
import { testInPrivateWorld } from '../support/private-world-tests.ts';
import { switchSamples } from './machine-samples-ovs.ts';
import { sampleSuite } from './machine-suite.ts';

const file = fileURLToPath(new URL('./machine-ovs-real.ts', import.meta.url));
const missing = noOvs();
if (missing) test('a private Open vSwitch', { skip: missing });
else testInPrivateWorld('a private Open vSwitch', file);

sampleSuite('simulated', async () => new SimulatedMachine(), switchSamples);
