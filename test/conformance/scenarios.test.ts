/** The scenarios of test/scenarios on a real kernel. */
import { fileURLToPath } from 'node:url';
import { testInPrivateWorld } from '../support/private-world-tests.ts';

testInPrivateWorld(
  'the scenarios on the kernel, in a private world',
  fileURLToPath(new URL('./scenarios-kernel.ts', import.meta.url)),
  // Each of them by both NAT drivers, on a machine that may be busy.
  { deadlineMs: 400_000 },
);
