/** The npm packages of the clone: present and as package-lock.json says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { digest, locked, readIfThere, run, SetupError, timed, writeWhole } from './setup-steps.mjs';

/** Whether node_modules holds what the lock file asks for, by npm's own record of what it installed. */
function isInstalled(lockText, recordText) {
  if (recordText === undefined) return false;
  const wanted = JSON.parse(lockText).packages;
  const there = JSON.parse(recordText).packages;
  const same = Object.entries(there).every(([path, entry]) => wanted[path]?.version === entry.version);
  return same && Object.entries(wanted).every(([path, entry]) => path === '' || entry.optional || path in there);
}

/**
 * Installs the packages of `folder` (a part of the clone at `root`) when they are missing or other than its lock file's, saying
 * `what` it does. No package's scripts are run. A stamp with the lock file's digest makes the next look cheap. `needed` is a file
 * that must be there afterwards: an optional package that cannot be fetched is no error to npm.
 */
export function ensureNpmPackages(root, { folder = root, what = 'installing npm packages', needed } = {}) {
  const lacksNeeded = () => needed !== undefined && !existsSync(needed);
  const lockText = readIfThere(join(folder, 'package-lock.json')) ?? '{}';
  const stamp = join(folder, 'node_modules/.neutrino-stamp');
  const wanted = digest(lockText);
  const settled = () => readIfThere(stamp) === wanted && !lacksNeeded();
  if (settled()) return;
  locked(root, () => {
    if (settled()) return;
    if (lacksNeeded() || !isInstalled(lockText, readIfThere(join(folder, 'node_modules/.package-lock.json'))))
      timed(what, () => run(['npm', 'ci', '--ignore-scripts', '--loglevel=error'], { cwd: folder }));
    if (lacksNeeded())
      throw new SetupError(
        `npm did not install ${needed}: is the npm registry reached? \`npm ci\` in ${folder} tells more`,
      );
    writeWhole(stamp, wanted);
  });
}
