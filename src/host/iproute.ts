/** iproute2 in any namespace, through programs that keep running. */
import type { Namespace } from '../plan/facts.ts';
import { type BatchHelper, batchHelper, type LineResult } from './batch-helper.ts';
import type { HelperKind, HelperPool } from './helper-pool.ts';
import { inNamespace } from './namespaces.ts';

/**
 * Programs that keep running. `links` is an `ip` for `link show`: one that has listed links leaves the addresses out of what it lists
 * afterwards (iproute2 6.1, `do_link` in ipaddress.c is never set back).
 */
export type IprouteProgram = 'ip' | 'links' | 'bridge' | 'tc';

/** Lines for iproute2. */
export interface Iproute {
  /** Gives the result of each line. Throws NoNamespace when there is none of that name. */
  exec(program: IprouteProgram, namespace: Namespace, lines: readonly string[]): Promise<LineResult[]>;
}

/**
 * Milliseconds for which a program in the own namespace is used. iproute2 remembers the index of a name, and there, devices
 * of a name come and go by others' hands. In namespaces of ours the kernel's complaint about a stale index is enough.
 */
const ownAgeMs = 100;
const staleIndex = /^RTNETLINK answers: No such device|^Error: .*No such device/m;

function kind(name: IprouteProgram): HelperKind<BatchHelper> {
  const program = name === 'links' ? 'ip' : name;
  return {
    name,
    // Not `ip -n`: that takes a copy of all mounts, in which removed namespaces could live on as long as the program.
    open: (namespace) => batchHelper(inNamespace(namespace, [program, '-j', '-d'])),
    maximumAgeMs: (namespace) => (namespace === '' ? ownAgeMs : undefined),
  };
}

const kinds: Readonly<Record<IprouteProgram, HelperKind<BatchHelper>>> = {
  ip: kind('ip'),
  links: kind('links'),
  bridge: kind('bridge'),
  tc: kind('tc'),
};

/** iproute2 by the programs of a pool. */
export function iproute(pool: HelperPool): Iproute {
  return {
    async exec(program, namespace, lines) {
      let fresh = false;
      const results = await pool.use(kinds[program], namespace, (helper, started) => {
        fresh = started;
        return helper.exec(lines);
      });
      // From the first line that met a stale index on, one that knows nothing yet does it again: lines may build on each other.
      const stale = fresh ? -1 : results.findIndex(({ output }) => staleIndex.test(output));
      if (stale < 0) return results;
      const again = await pool.use(kinds[program], namespace, (helper) => helper.exec(lines.slice(stale)), true);
      return [...results.slice(0, stale), ...again];
    },
  };
}
