/** RBAC policies: who may see and use what others own. Neutron: db/rbac_db_mixin.py, db_base_plugin_v2.py, external_net_db.py. */
import {
  duplicateRbacPolicy,
  type Fault,
  invalidActionForType,
  invalidInput,
  invalidSharedSetting,
  rbacPolicyInUse,
  rbacPolicyNotFound,
} from '../model/faults.ts';
import { network, port, rbacPolicy, router } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { ACCESS_EXTERNAL, EVERYBODY } from '../model/resources/rbac-policy.ts';
import { GATEWAY_OWNER } from '../rules/router.ts';
import { actionsOf } from '../rules/sharing.ts';
import type { Condition } from '../store/query.ts';
import type { Context, Operations } from './context.ts';
import { setExternal } from './network-external.ts';
import { consumeQuota, releaseQuota } from './quota.ts';
import { checkUnused, isGranted, namedTargets, type SharedObject, sharings } from './sharing.ts';

type PolicyRow = Row<typeof rbacPolicy>;
type ObjectType = PolicyRow['object_type'];

// Neutron reports whatever is wrong with the object as InvalidInput: its checks run behind callbacks.
const noSuchObject = (type: ObjectType, id: string): Fault => invalidInput(`${type} ${id} could not be found`);

/** The object of a policy; a 400 where the caller does not own it, and neither is an administrator. */
async function ownObject(c: Context, type: ObjectType, id: string): Promise<SharedObject> {
  const sharing = sharings[type];
  const row = sharing && ((await c.t.get(sharing.resource, id)) as SharedObject | undefined);
  if (!row) throw noSuchObject(type, id);
  if (c.caller.isAdmin || row.project_id === c.caller.projectId) return row;
  if (!(await isGranted(c.t, id, c.caller.projectId, actionsOf(type)))) throw noSuchObject(type, id);
  const what = type === 'network' ? 'networks' : 'objects';
  throw invalidInput(`Only admins can manipulate policies on ${what} they do not own`);
}

async function checkNew(c: Context, policy: Omit<PolicyRow, 'id' | 'project_id'>): Promise<void> {
  const { object_id, action, target_tenant } = policy;
  if (await c.t.first(rbacPolicy, { object_id, action, target_tenant })) throw duplicateRbacPolicy();
}

/** A pool in an address scope is shared with those alone who see the scope. Neutron: objects/subnetpool.py. */
async function checkScopeSeen(c: Context, object: SharedObject, target: string): Promise<void> {
  const scope = (object as { address_scope_id?: string | null }).address_scope_id;
  if (!scope || (await isGranted(c.t, scope, target))) return;
  const reason = "target project doesn't have access to associated address scope";
  throw invalidInput(`Failed to create RBAC policy on object ${object.id} because ${reason}`);
}

/** A network shows who it is shared with, so a policy about it is a change of it (Neutron: revises_on_change). */
async function touchObject(c: Context, type: ObjectType, id: string): Promise<void> {
  if (type === 'network') await c.t.touch(network, id);
}

async function createPolicy(c: Context, draft: Draft<typeof rbacPolicy>): Promise<PolicyRow> {
  const { object_type: type = 'network', object_id = '', target_tenant = '', action = '' } = draft;
  if (!actionsOf(type).includes(action)) throw invalidActionForType(action, type, actionsOf(type));
  await checkScopeSeen(c, await ownObject(c, type, object_id), target_tenant);
  await checkNew(c, { object_type: type, object_id, target_tenant, action });
  const projectId = draft.project_id ?? c.caller.projectId;
  await consumeQuota(c, rbacPolicy.name, projectId);
  const values = { object_type: type, object_id, target_tenant, action };
  const row = await c.t.insert(rbacPolicy, { id: c.random.uuid(), project_id: projectId, ...values });
  // A network that is opened as an external one becomes one.
  if (action === ACCESS_EXTERNAL) await setExternal(c, object_id, true);
  await touchObject(c, type, object_id);
  return row;
}

const routersDetails = 'There are routers attached to this network that depend on this policy for access.';

/** Throws RbacPolicyInUse where a router has its gateway on a network that its project would no longer see as external. */
async function checkNoRouters(c: Context, row: PolicyRow, newTarget: string | undefined): Promise<void> {
  const { object_id: id, target_tenant: target } = row;
  const everybody = { object_id: id, action: ACCESS_EXTERNAL, target_tenant: EVERYBODY };
  if (target !== EVERYBODY && (await c.t.first(rbacPolicy, everybody))) return;
  const keep = [...(await namedTargets(c.t, id, ACCESS_EXTERNAL)), ...(newTarget === undefined ? [] : [newTarget])];
  const isOf = (projects: readonly string[]): Condition => ({ op: 'in', column: 'project_id', values: projects });
  const gateways: Condition = {
    op: 'among',
    column: 'gw_port_id',
    record: port.name,
    select: 'id',
    where: {
      op: 'and',
      of: [
        { op: 'in', column: 'network_id', values: [id] },
        { op: 'in', column: 'device_owner', values: [GATEWAY_OWNER] },
      ],
    },
  };
  const losers: Condition = target === EVERYBODY ? { op: 'not', of: isOf(keep) } : isOf([target]);
  const [used] = await c.t.list(router, { op: 'and', of: [gateways, losers] }, { limit: 1 });
  if (used) throw rbacPolicyInUse(id, routersDetails);
}

/** Throws RbacPolicyInUse where somebody depends on the policy; `newTarget`: the project that it is to be about instead. */
async function checkDispensable(c: Context, row: PolicyRow, object: SharedObject, newTarget?: string): Promise<void> {
  if (row.action === ACCESS_EXTERNAL) return checkNoRouters(c, row, newTarget);
  const widens = newTarget === EVERYBODY && row.object_type !== 'network';
  if (widens) return;
  const name = (object as { name?: string }).name ?? object.id;
  const details = row.object_type === 'network' ? invalidSharedSetting(name).message : undefined;
  await checkUnused(c, row.object_type, object, row.target_tenant, details);
}

async function updatePolicy(c: Context, row: PolicyRow, changes: Partial<PolicyRow>): Promise<PolicyRow> {
  const object = await ownObject(c, row.object_type, row.object_id);
  const target = changes.target_tenant;
  if (target === undefined || target === row.target_tenant) return row;
  await checkNew(c, { ...row, target_tenant: target });
  await checkDispensable(c, row, object, target);
  const result = await c.t.update(rbacPolicy, row.id, { target_tenant: target });
  if (!result) throw rbacPolicyNotFound(row.id);
  await touchObject(c, row.object_type, row.object_id);
  return result;
}

async function removePolicy(c: Context, row: PolicyRow): Promise<void> {
  const resource = sharings[row.object_type]?.resource;
  const object = resource && ((await c.t.get(resource, row.object_id)) as SharedObject | undefined);
  if (object) await checkDispensable(c, row, object);
  await c.t.delete(rbacPolicy, row.id);
  await releaseQuota(c, rbacPolicy.name, row.project_id);
  // Without any policy of that kind the network is no external one any more.
  const kind = { object_id: row.object_id, action: ACCESS_EXTERNAL };
  const isLast = row.action === ACCESS_EXTERNAL && !(await c.t.first(rbacPolicy, kind));
  if (isLast && object) await setExternal(c, row.object_id, false);
  await touchObject(c, row.object_type, row.object_id);
}

/** What the API calls. */
export const rbacPolicyOperations: Operations<typeof rbacPolicy> = {
  resource: rbacPolicy,
  notFound: rbacPolicyNotFound,
  create: createPolicy,
  update: updatePolicy,
  remove: removePolicy,
};
