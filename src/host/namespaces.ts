/** Named network namespaces, as iproute2 keeps them. '' is the one that this process is in. */
import { stat, statfs } from 'node:fs/promises';
import type { Namespace } from '../plan/facts.ts';

/** The file system that namespace files belong to (NSFS_MAGIC). */
const nsfsMagic = 0x6e736673;

/** Where iproute2 keeps the names. */
export const namespaceFolder = '/run/netns';

/** The file that stands for a namespace. */
export function namespacePath(namespace: Namespace): string {
  return namespace === '' ? '/proc/self/ns/net' : `${namespaceFolder}/${namespace}`;
}

/** The identity of a namespace, or undefined where there is none of the name (a plain file of the name is none). */
export async function namespaceId(namespace: Namespace): Promise<string | undefined> {
  const path = namespacePath(namespace);
  try {
    if (namespace !== '' && (await statfs(path)).type !== nsfsMagic) return undefined;
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The command line that runs `argv` in a namespace. */
export function inNamespace(namespace: Namespace, argv: readonly string[]): string[] {
  return namespace === '' ? [...argv] : ['nsenter', `--net=${namespacePath(namespace)}`, ...argv];
}
