/** Which roles a user has where. As Keystone's bootstrap has it, admin implies member, and member implies reader. */
import { role, roleAssignment, systemAssignment } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { Reader } from '../../store/store.ts';

type Role = Row<typeof role>;

/** The roles that a role brings with it at once, by name. */
export const impliedBy: Readonly<Record<string, string>> = { admin: 'member', member: 'reader' };

/** The names that come with a name, in the order of the chain: member, reader for admin. */
export function namesImplied(name: string): string[] {
  const next = impliedBy[name.toLowerCase()];
  return next === undefined ? [] : [next, ...namesImplied(next)];
}

/** The roles, and those that they imply, each once. */
export async function withImplied(r: Reader, roles: readonly Role[]): Promise<Role[]> {
  const present = new Set(roles.map((one) => one.name));
  const missing = [...new Set(roles.flatMap((one) => namesImplied(one.name)))].filter((name) => !present.has(name));
  return missing.length === 0 ? [...roles] : [...roles, ...(await r.find(role, { name: missing }))];
}

/** The roles assigned to a user in a project, without what they imply. */
export async function assignedIn(r: Reader, userId: string, projectId: string): Promise<Role[]> {
  const assignments = await r.find(roleAssignment, { user_id: userId, project_id: projectId });
  if (assignments.length === 0) return [];
  return r.find(role, { id: assignments.map((assignment) => assignment.role_id) });
}

/** The roles of a user in a project, implied ones with them. */
export async function rolesIn(r: Reader, userId: string, projectId: string): Promise<Role[]> {
  return withImplied(r, await assignedIn(r, userId, projectId));
}

/** The roles assigned to a user in the whole system, without what they imply. */
export async function assignedInSystem(r: Reader, userId: string): Promise<Role[]> {
  const assignments = await r.find(systemAssignment, { user_id: userId });
  if (assignments.length === 0) return [];
  return r.find(role, { id: assignments.map((assignment) => assignment.role_id) });
}
