/** Users' passwords, and the projects in which a user has a role. */
import { unauthorized } from '../../model/faults.ts';
import { project, roleAssignment, token, user } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';
import type { Reader, Transactor } from '../../store/store.ts';
import { bodyMember } from '../wire/json-body.ts';
import { identityInvalid, passwordLocked } from './faults.ts';
import type { Identity } from './identity.ts';
import { hashPassword, maxPasswordLength } from './passwords.ts';

/** The enabled projects in which a user has a role. */
export async function projectsOf(r: Reader, userId: string): Promise<Row<typeof project>[]> {
  const assignments = await r.find(roleAssignment, { user_id: userId });
  const ids = [...new Set(assignments.map((assignment) => assignment.project_id))];
  if (ids.length === 0) return [];
  return (await r.find(project, { id: ids })).filter((row) => row.enabled);
}

/** Sets the hash of a user's password and ends the user's tokens. */
export async function storePassword(t: Transactor, userId: string, passwordHash: string): Promise<void> {
  await t.update(user, userId, { password_hash: passwordHash });
  await t.deleteMany(token, { user_id: userId });
}

function passwordAt(given: Record<string, unknown>, name: string): string {
  const value = given[name];
  if (typeof value === 'string' && value.length > 0 && value.length <= maxPasswordLength) return value;
  throw identityInvalid(`user.${name}`, `a text of 1 to ${maxPasswordLength} characters`, 'something else');
}

/** `POST /users/{id}/password`: changes a password by the one that was good so far. Throws 401 where it was not. */
export async function changePassword(identity: Identity, userId: string, body: unknown): Promise<void> {
  const given = bodyMember(body, 'user');
  const [wanted, original] = [passwordAt(given, 'password'), passwordAt(given, 'original_password')];
  const { store } = identity.services;
  const row = await store.read((r) => r.get(user, userId));
  if (!(await identity.logIn.passwords.check(row, original, `id ${userId}`)) || !row) throw unauthorized();
  if (!row.enabled) throw unauthorized();
  if (row.options.lock_password === true) throw passwordLocked();
  const hash = await hashPassword(wanted);
  await store.transact(async (t) => {
    const now = await t.get(user, userId);
    if (now?.password_hash !== row.password_hash) throw unauthorized();
    await storePassword(t, userId, hash);
  });
  identity.sessions.forget();
}
