/** The Node that everything runs on: the running one where it is new enough, else the one pinned in tools/node. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { ensureNpmPackages } from './setup-npm.mjs';
import { SetupError } from './setup-steps.mjs';

/** Whether a Node of this version can run Neutrino (package.json says 22.18 or newer: type stripping, node:sqlite). */
export function isUsableNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** The path of the pinned Node, installed when it is not there. */
export function ensureNode(root) {
  const folder = join(root, 'tools/node');
  const what = `Node ${process.versions.node} is older than 22.18; installing Node 24 into tools/node`;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch))
    throw new SetupError(`no Node is pinned for ${process.platform} ${process.arch}; install Node 22.18 or newer`);
  const node = join(folder, 'node_modules/.bin/node');
  ensureNpmPackages(root, { folder, what, needed: node });
  return realpathSync(node);
}
