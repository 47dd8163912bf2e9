/**
 * Sharing: RBAC policies about rows of any resource whose `sight` has 'shared'. `shareable(operations)` makes `shared` work on a
 * resource: setting it makes the policy for everybody, it shows what the policies say, and policies go with their object.
 * Neutron: objects/rbac_db.py.
 */
import { together } from '../lib/together.ts';
import { rbacPolicyInUse } from '../model/faults.ts';
import {
  addressGroup,
  addressScope,
  floatingip,
  network,
  port,
  portSecurityGroup,
  qosPolicy,
  rbacPolicy,
  router,
  securityGroup,
  securityGroupRule,
  subnet,
  subnetpool,
} from '../model/index.ts';
import type { Record_, Resource, Row } from '../model/language.ts';
import { ACCESS_SHARED, EVERYBODY, type RbacObjectType } from '../model/resources/rbac-policy.ts';
import { rbacTypeOf, targetsOf } from '../rules/sharing.ts';
import type { Condition } from '../store/query.ts';
import type { Reader } from '../store/store.ts';
import type { Context, Operations, ReadContext } from './context.ts';
import { consumeQuota, releaseQuota } from './quota.ts';

/** An object that may be shared. */
export type SharedObject = Readonly<{ id: string; project_id: string }>;

/** Rows that use an object: their table, and the condition on those that use the object with this id. */
interface Use {
  readonly record: Record_;
  readonly of: (objectId: string) => Condition;
}

const by = (record: Record_, column: string): Use => ({ record, of: (id) => ({ op: 'in', column, values: [id] }) });

const memberPorts: Use = {
  record: port,
  of: (id) => ({
    op: 'among',
    column: 'id',
    record: portSecurityGroup.name,
    select: 'port_id',
    where: { op: 'in', column: 'security_group_id', values: [id] },
  }),
};

/** What can be shared, with whatever uses it: a policy that a user of another project depends on stays. */
export const sharings: Partial<Record<RbacObjectType, { readonly resource: Resource; readonly uses: readonly Use[] }>> =
  {
    address_group: { resource: addressGroup, uses: [by(securityGroupRule, 'remote_address_group_id')] },
    address_scope: { resource: addressScope, uses: [by(subnetpool, 'address_scope_id')] },
    network: { resource: network, uses: [by(port, 'network_id')] },
    qos_policy: {
      resource: qosPolicy,
      uses: [
        by(network, 'qos_policy_id'),
        by(port, 'qos_policy_id'),
        by(floatingip, 'qos_policy_id'),
        by(router, 'gw_qos_policy_id'),
      ],
    },
    security_group: { resource: securityGroup, uses: [memberPorts] },
    subnetpool: { resource: subnetpool, uses: [by(subnet, 'subnetpool_id')] },
  };

const sharingOf = (type: RbacObjectType) => {
  const sharing = sharings[type];
  if (!sharing) throw new Error(`It is not said what uses a ${type}.`);
  return sharing;
};

/** Whether a policy with one of these actions opens the object to the project. */
export async function isGranted(
  r: Reader,
  objectId: string,
  projectId: string,
  actions: readonly string[] = [ACCESS_SHARED],
): Promise<boolean> {
  const match = { object_id: objectId, action: actions, target_tenant: targetsOf(projectId) };
  return (await r.first(rbacPolicy, match)) !== undefined;
}

/** Writes a policy for everybody, as `shared` and `router:external` of a request do: never refused for want of quota. */
export async function openToAll(
  c: Context,
  type: RbacObjectType,
  object: SharedObject,
  action: string = ACCESS_SHARED,
): Promise<void> {
  if (await c.t.first(rbacPolicy, { object_id: object.id, action, target_tenant: EVERYBODY })) return;
  await consumeQuota(c, rbacPolicy.name, object.project_id, 1, { enforce: false });
  await c.t.insert(rbacPolicy, {
    id: c.random.uuid(),
    project_id: object.project_id,
    object_type: type,
    object_id: object.id,
    target_tenant: EVERYBODY,
    action,
  });
}

/** Removes the policies about an object that match, with their quota. */
export async function closeTo(
  c: Context,
  objectId: string,
  match: { readonly action?: string; readonly target_tenant?: string } = {},
): Promise<void> {
  const all = { object_id: objectId, ...match };
  const policies = await c.t.find(rbacPolicy, all);
  if (policies.length === 0) return;
  await c.t.deleteMany(rbacPolicy, all);
  for (const policy of policies) await releaseQuota(c, rbacPolicy.name, policy.project_id);
}

/** The projects that policies with this action name, everybody aside. */
export async function namedTargets(r: Reader, objectId: string, action: string): Promise<string[]> {
  const policies = await r.find(rbacPolicy, { object_id: objectId, action });
  return policies.map((policy) => policy.target_tenant).filter((target) => target !== EVERYBODY);
}

/** The users whose project would lose sight of an object, were it no longer shared with `target`. */
async function losers(c: Context, type: RbacObjectType, object: SharedObject, target: string): Promise<Condition> {
  if (target !== EVERYBODY) return { op: 'in', column: 'project_id', values: [target] };
  // What is of no project is the system's. An owner's own use keeps the policy for everybody, as in Neutron, but on networks.
  const owner = type === 'network' ? [object.project_id] : [];
  const keep = ['', ...owner, ...(await namedTargets(c.t, object.id, ACCESS_SHARED))];
  return { op: 'not', of: { op: 'in', column: 'project_id', values: keep } };
}

/** Throws RbacPolicyInUse where somebody uses the object who sees it only because it is shared with `target`. */
export async function checkUnused(
  c: Context,
  type: RbacObjectType,
  object: SharedObject,
  target: string,
  details = `project_id=${target}`,
): Promise<void> {
  if (target === object.project_id) return;
  const everybody = { object_id: object.id, action: ACCESS_SHARED, target_tenant: EVERYBODY };
  if (target !== EVERYBODY && (await c.t.first(rbacPolicy, everybody))) return;
  const lost = await losers(c, type, object, target);
  for (const use of sharingOf(type).uses) {
    const [user] = await c.t.list(use.record, { op: 'and', of: [use.of(object.id), lost] }, { limit: 1 });
    if (user) throw rbacPolicyInUse(object.id, details);
  }
}

/** How a resource differs from the usual. */
export interface ShareableOptions {
  /** Throws where others use a row that a request unshares; default: RbacPolicyInUse by the uses of its type. */
  readonly checkUnshare?: (c: Context, row: SharedObject) => Promise<void>;
}

async function setShared(c: Context, type: RbacObjectType, row: SharedObject, shared: boolean, check: () => unknown) {
  if (shared) return openToAll(c, type, row);
  const everybody = { action: ACCESS_SHARED, target_tenant: EVERYBODY };
  if (!(await c.t.first(rbacPolicy, { object_id: row.id, ...everybody }))) return;
  await check();
  await closeTo(c, row.id, everybody);
}

async function sharedIds(c: ReadContext, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const target_tenant = targetsOf(c.caller.projectId);
  const policies = await c.r.find(rbacPolicy, { object_id: ids, action: ACCESS_SHARED, target_tenant });
  return new Set(policies.map((policy) => policy.object_id));
}

/** The operations of a resource with a `sharedField`, with sharing added. */
export function shareable<R extends Resource>(
  operations: Operations<R>,
  options: ShareableOptions = {},
): Operations<R> {
  const type = rbacTypeOf(operations.resource);
  const checkUnshare = options.checkUnshare ?? ((c, row) => checkUnused(c, type, row, EVERYBODY));
  const objectOf = (row: Row<R>) => row as unknown as SharedObject;
  const wanted = (given: object) => (given as { shared?: boolean }).shared;
  const { create, update, remove, compute } = operations;
  return {
    ...operations,
    ...(create && {
      async create(c, draft, parent) {
        const row = await create(c, draft, parent);
        if (wanted(draft) === true) await openToAll(c, type, objectOf(row));
        return row;
      },
    }),
    ...(update && {
      async update(c, row, changes, parent) {
        const shared = wanted(changes);
        if (shared !== undefined) await setShared(c, type, objectOf(row), shared, () => checkUnshare(c, objectOf(row)));
        return update(c, row, changes, parent);
      },
    }),
    ...(remove && {
      async remove(c, row, parent) {
        await remove(c, row, parent);
        await closeTo(c, objectOf(row).id);
      },
    }),
    async compute(c, rows) {
      const ids = rows.map((row) => objectOf(row).id);
      const [shared, others] = await together(sharedIds(c, ids), compute ? compute(c, rows) : Promise.resolve([]));
      return rows.map((row, at) => ({ ...others[at], shared: shared.has(objectOf(row).id) }) as Partial<Row<R>>);
    },
  };
}
