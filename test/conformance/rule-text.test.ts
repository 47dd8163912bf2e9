/** Rendered rules through a real kernel and back. */
import { fileURLToPath } from 'node:url';
import { testInPrivateWorld } from '../support/private-world-tests.ts';

testInPrivateWorld(
  'rendered rules come back from the kernel as they are, in a private world',
  fileURLToPath(new URL('./rule-text-kernel.ts', import.meta.url)),
);
