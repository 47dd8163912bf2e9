/** The suite on the simulated machine. */
import { SimulatedMachine } from '../../src/sim/machine.ts';
import { machineSuite } from './machine-suite.ts';

machineSuite('simulated', async () => new SimulatedMachine(), '/state');
