/** The firewall's flows on a real switch. */
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noOvs } from '../../src/lab/ovs.ts';
import { testInPrivateWorld } from '../support/private-world-tests.ts';

const missing = noOvs();
if (missing) test('the firewall on Open vSwitch', { skip: missing });
else
  testInPrivateWorld('the firewall on Open vSwitch', fileURLToPath(new URL('./ovs-firewall-real.ts', import.meta.url)));
