/** The suite on this machine's kernel. Runs inside a private world, started by machine.test.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { after } from 'node:test';
import { openHost } from '../../src/host/linux.ts';
import { lacking } from '../support/kernel.ts';
import { kernelSuite } from './machine-kernel.ts';
import { machineSuite } from './machine-suite.ts';

const folder = mkdtempSync('/tmp/neutrino-machine-');
const host = await openHost();
after(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

machineSuite('Linux', async () => host, folder, await lacking());
kernelSuite(host, folder);
