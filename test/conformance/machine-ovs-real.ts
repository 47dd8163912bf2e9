/** The suite of Open vSwitch with a private one. Runs inside a private world, started by machine-ovs.test.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { after } from 'node:test';
import { openHost } from '../../src/host/linux.ts';
import { run } from '../../src/host/run.ts';
import { ovsEnvironment, startDatabaseScript, startSwitchScript } from '../../src/lab/ovs.ts';
import { switchKernelSuite } from './machine-ovs-kernel.ts';
import { switchSamples } from './machine-samples-ovs.ts';
import { sampleSuite } from './machine-suite.ts';

const folder = mkdtempSync('/tmp/neutrino-ovs-');
Object.assign(process.env, ovsEnvironment(folder));
const startSwitch = async () => void (await run(['sh', '-c', startSwitchScript(folder)]));
await run(['sh', '-c', startDatabaseScript(folder)]);
await startSwitch();
const host = await openHost({ ovs: { connection: '', integrationBridge: 'br-int' } });
after(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

sampleSuite('Open vSwitch', async () => host, switchSamples);
switchKernelSuite(host, folder, startSwitch);
