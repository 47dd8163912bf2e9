/** The actions of subnet pools: more prefixes, fewer, and taking subnets in. */
import { formatCidr, parseCidr } from '../lib/ip.ts';
import { invalidInput, malformedBody } from '../model/faults.ts';
import {
  illegalSubnetPoolPrefixUpdate,
  illegalSubnetPoolUpdate,
  onboardNotAuthorized,
} from '../model/faults-addresses.ts';
import { subnet, subnetpool } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { poolPrefixes } from '../model/resources/subnetpool.ts';
import { Problem } from '../model/types.ts';
import { removedPrefixes } from '../rules/subnetpool.ts';
import type { Context } from './context.ts';
import { releasePrefix } from './subnet-allocation.ts';
import { updatePool } from './subnetpool-change.ts';
import { takeSpace } from './subnetpool-space.ts';
import { visibleNetwork } from './visible.ts';

type PoolRow = Row<typeof subnetpool>;
type Body = Readonly<Record<string, unknown>>;

function prefixesIn(body: Body): string[] {
  const prefixes = poolPrefixes.parse(body.prefixes);
  if (prefixes instanceof Problem) {
    const { path, expected, found } = prefixes;
    throw malformedBody(`Invalid input for prefixes${path}. Reason: expected ${expected}, found ${found}.`);
  }
  if (prefixes.length === 0) throw malformedBody('Request body contains invalid data');
  return prefixes;
}

/** `add_prefixes`: answers with all prefixes. */
export async function addPrefixes(c: Context, row: PoolRow, body: Body): Promise<{ prefixes: string[] }> {
  const after = await updatePool(c, row, { prefixes: [...row.prefixes, ...prefixesIn(body)] });
  return { prefixes: after.prefixes };
}

/** `remove_prefixes`: those that a subnet has are refused, others than the pool's passed over. Answers with what is left. */
export async function removePrefixes(c: Context, row: PoolRow, body: Body): Promise<{ prefixes: string[] }> {
  const { left, gone } = removedPrefixes(row, prefixesIn(body));
  if (gone.length === 0) return { prefixes: row.prefixes };
  for (const prefix of gone) {
    if (!(await takeSpace(c, row, prefix)))
      throw illegalSubnetPoolPrefixUpdate('One or more the prefixes to be removed is in use by a subnet.');
  }
  await c.t.update(subnetpool, row.id, { prefixes: left });
  return { prefixes: left };
}

/** The network whose subnets are to come into a pool: its owner's, or an administrator's to say. */
async function ownNetwork(c: Context, body: Body): Promise<string> {
  const id = body.network_id;
  if (typeof id !== 'string' || id === '') throw invalidInput('network_id must be specified.');
  const on = await visibleNetwork(c, id);
  if (!c.caller.isAdmin && on.project_id !== c.caller.projectId) throw onboardNotAuthorized();
  return on.id;
}

/**
 * `onboard_network_subnets`: the network's subnets of the pool's IP version become the pool's, their prefixes with them. One that
 * overlaps a subnet of the pool is refused.
 */
export async function onboardSubnets(c: Context, row: PoolRow, body: Body): Promise<{ id: string; cidr: string }[]> {
  const networkId = await ownNetwork(c, body);
  const coming = await c.t.find(subnet, { network_id: networkId, ip_version: row.ip_version });
  const prefixes = coming.flatMap((each) => parseCidr(each.cidr) ?? []);
  const pool = await updatePool(c, row, { prefixes: [...row.prefixes, ...prefixes.map(formatCidr)] });
  for (const [at, each] of coming.entries()) {
    const prefix = prefixes[at];
    if (!prefix || !(await takeSpace(c, pool, prefix)))
      throw illegalSubnetPoolUpdate(
        `Onboarding subnet ${each.id}: ${each.cidr} conflicts with allocated prefixes in subnet pool ${row.id}`,
      );
    await releasePrefix(c, each);
    await c.t.update(subnet, each.id, { subnetpool_id: pool.id });
  }
  return coming.map(({ id, cidr }) => ({ id, cidr }));
}
