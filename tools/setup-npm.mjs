/** The npm packages of the clone: present and as package-lock.json says. */
import { join } from 'node:path';
import { digest, locked, readIfThere, run, timed, writeWhole } from './setup-steps.mjs';

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
 * `what` it does. No package's scripts are run. A stamp with the lock file's digest makes the next look cheap.
 */
export function ensureNpmPackages(root, folder = root, what = 'installing npm packages') {
  const lockText = readIfThere(join(folder, 'package-lock.json')) ?? '{}';
  const stamp = join(folder, 'node_modules/.neutrino-stamp');
  const wanted = digest(lockText);
  if (readIfThere(stamp) === wanted) return;
  locked(root, () => {
    if (readIfThere(stamp) === wanted) return;
    if (!isInstalled(lockText, readIfThere(join(folder, 'node_modules/.package-lock.json'))))
      timed(what, () => run(['npm', 'ci', '--ignore-scripts', '--loglevel=error'], { cwd: folder }));
    writeWhole(stamp, wanted);
  });
}
