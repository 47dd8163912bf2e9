/** What the embedded Identity has from its first start: domain Default, projects and users admin and demo, three roles. */
import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { agentToken, project, role, roleAssignment, systemAssignment, user } from '../../model/index.ts';
import type { Store, Transactor } from '../../store/store.ts';
import { hashPassword } from './passwords.ts';
import { hashToken } from './sessions.ts';

/** The one domain. It has no row. */
export const defaultDomain = { id: 'default', name: 'Default' } as const;

/** An identifier as Keystone makes them: 32 hexadecimal digits. */
export function newId(): string {
  return randomBytes(16).toString('hex');
}

async function ensureProject(t: Transactor, name: string, description: string): Promise<string> {
  const found = await t.first(project, { name });
  return (found ?? (await t.insert(project, { id: newId(), name, description, enabled: true, tags: [], extra: {} })))
    .id;
}

async function ensureRole(t: Transactor, name: string): Promise<string> {
  const found = await t.first(role, { name });
  return (found ?? (await t.insert(role, { id: newId(), name, description: null }))).id;
}

/** Inserts the user; false where one of the name is there. */
async function addUser(
  t: Transactor,
  name: string,
  passwordHash: string,
  projectId: string,
): Promise<string | undefined> {
  if (await t.first(user, { name })) return undefined;
  const row = { id: newId(), name, enabled: true, default_project_id: projectId, password_hash: passwordHash };
  return (await t.insert(user, { ...row, options: {}, extra: {} })).id;
}

/**
 * Makes what is missing, and changes nothing that is there: a password set before stays. Without `demoPassword` nobody can
 * log in as demo until an administrator sets one.
 */
export async function bootstrapIdentity(
  store: Store,
  options: { readonly adminPassword: string; readonly demoPassword?: string; readonly clock?: Clock },
): Promise<void> {
  const users = await store.read((r) => r.find(user, { name: ['admin', 'demo'] }));
  if (users.length === 2) return;
  const adminHash = await hashPassword(options.adminPassword);
  const demoHash = await hashPassword(options.demoPassword ?? randomBytes(32).toString('base64url'));
  await store.transact(async (t) => {
    const adminProject = await ensureProject(t, 'admin', 'The project of the administrator.');
    const demoProject = await ensureProject(t, 'demo', 'A project to try things in.');
    const [adminRole, memberRole] = [await ensureRole(t, 'admin'), await ensureRole(t, 'member')];
    await ensureRole(t, 'reader');
    const admin = await addUser(t, 'admin', adminHash, adminProject);
    const demo = await addUser(t, 'demo', demoHash, demoProject);
    if (admin !== undefined) {
      for (const projectId of [adminProject, demoProject])
        await t.insert(roleAssignment, { user_id: admin, project_id: projectId, role_id: adminRole });
      await t.insert(systemAssignment, { user_id: admin, role_id: adminRole });
    }
    if (demo !== undefined)
      await t.insert(roleAssignment, { user_id: demo, project_id: demoProject, role_id: memberRole });
  });
}

/** Lets agents in that show this secret. Doing it again changes nothing. */
export async function ensureAgentToken(store: Store, secret: string, clock: Clock = systemClock): Promise<void> {
  const hash = hashToken(secret);
  await store.transact(async (t) => {
    if (!(await t.first(agentToken, { hash }))) await t.insert(agentToken, { hash, created_ms: clock.now() });
  });
}
