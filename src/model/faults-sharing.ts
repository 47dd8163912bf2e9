/** The errors of sharing (neutron/extensions/rbac.py, neutron/db/rbac_db_models.py). */
import { fault, lookUp } from './fault.ts';

export const rbacPolicyNotFound = fault(
  'RbacPolicyNotFound',
  404,
  (id: string) => `RBAC policy of type unknown with ID ${id} not found`,
  lookUp,
);
export const rbacPolicyInUse = fault(
  'RbacPolicyInUse',
  409,
  (objectId: string, details: string) =>
    `RBAC policy on object ${objectId} cannot be removed because other objects depend on it.\nDetails: ${details}`,
  'Delete what the target project has of the object first, or share the object with it by another policy.',
);
export const duplicateRbacPolicy = fault(
  'DuplicateRbacPolicy',
  409,
  () => 'An RBAC policy already exists with those values.',
  'Nothing is to be done: the object is shared that way.',
);
export const invalidActionForType = fault(
  'InvalidActionForType',
  400,
  (action: string, objectType: string, valid: readonly string[]) =>
    `Invalid action '${action}' for object type '${objectType}'. Valid actions: ${valid.join(', ')}`,
  'Give access_as_shared, or for a network access_as_external.',
);
