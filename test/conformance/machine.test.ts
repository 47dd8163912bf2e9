/** One suite for every machine. */
import { fileURLToPath } from 'node:url';
import { SimulatedMachine } from '../../src/sim/machine.ts';
import { testInPrivateWorld } from '../support/private-world-tests.ts';
import { machineSuite } from './machine-suite.ts';

testInPrivateWorld(
  'the Linux machine, in a private world',
  fileURLToPath(new URL('./machine-real.ts', import.meta.url)),
);

machineSuite('simulated', async () => new SimulatedMachine(), '/tmp/neutrino-machine');
