/**
 * What RBAC policies let projects see, as conditions. A policy names an object, a target (a project, or '*') and an action; the
 * table is read by target first, so that a list costs what is shared with the caller and not what there is.
 */
import type { Resource } from '../model/language.ts';
import {
  ACCESS_EXTERNAL,
  ACCESS_SHARED,
  EVERYBODY,
  type RbacObjectType,
  rbacPolicy,
} from '../model/resources/rbac-policy.ts';
import type { Condition, Scalar } from '../store/query.ts';
import type { Subject } from './policy.ts';

// QoS policies are called `policy` in bodies.
const types: Readonly<Record<string, RbacObjectType>> = {
  address_group: 'address_group',
  address_scope: 'address_scope',
  network: 'network',
  policy: 'qos_policy',
  security_group: 'security_group',
  subnetpool: 'subnetpool',
};

/** What RBAC policies call the objects of this resource; throws where none can be about them. */
export function rbacTypeOf(resource: Pick<Resource, 'name'>): RbacObjectType {
  const type = types[resource.name];
  if (!type) throw new Error(`A ${resource.name} cannot be shared.`);
  return type;
}

/** The actions that a policy about this type may have. */
export function actionsOf(type: RbacObjectType): readonly string[] {
  return type === 'network' ? [ACCESS_SHARED, ACCESS_EXTERNAL] : [ACCESS_SHARED];
}

/** The targets that stand for a project: itself and everybody. A caller of no project has the latter only. */
export function targetsOf(projectId: string): readonly string[] {
  return projectId === '' ? [EVERYBODY] : [projectId, EVERYBODY];
}

const isOneOf = (column: string, values: readonly Scalar[]): Condition => ({ op: 'in', column, values });

/** The rows that policies with one of these actions open to a project; `column` holds the id of the shared object. */
export function granted(
  resource: Pick<Resource, 'name'>,
  projectId: string,
  actions: readonly string[],
  column = 'id',
): Condition {
  const where: Condition = {
    op: 'and',
    of: [
      isOneOf('target_tenant', targetsOf(projectId)),
      isOneOf('object_type', [rbacTypeOf(resource)]),
      isOneOf('action', actions),
    ],
  };
  return { op: 'among', column, record: rbacPolicy.name, select: 'object_id', where };
}

/**
 * The filter `shared`: rows that are shared with the caller or with everybody, or the others. On subnets it is about their
 * network; `undefined` where a resource has no such filter.
 */
export function sharedIs(resource: Resource, subject: Subject, wanted: readonly boolean[]): Condition | undefined {
  const ofNetwork = resource.specialFilters.includes('shared');
  if (!ofNetwork && !resource.sight.includes('shared')) return undefined;
  const object = ofNetwork ? { name: 'network' } : resource;
  const shared = granted(object, subject.projectId, [ACCESS_SHARED], ofNetwork ? 'network_id' : 'id');
  return { op: 'or', of: wanted.map((value): Condition => (value ? shared : { op: 'not', of: shared })) };
}
