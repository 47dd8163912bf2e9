/** Further projects with a user each, for tests of what one project sees of another. */
import assert from 'node:assert/strict';
import type { TestApi } from './test-bed.ts';

/** A project, and the token of a user with the role in it. */
export interface Tenant {
  readonly projectId: string;
  readonly token: string;
}

/** Makes a project and a user of the same name with this role in it, through the Identity API. */
export async function addTenant(api: TestApi, name: string, role = 'member'): Promise<Tenant> {
  const ask = async (method: string, url: string, body?: unknown) => {
    const answer = await api.ask(api.admin, method, `/identity/v3/${url}`, body);
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };
  const password = `password of ${name}`;
  const project = (await ask('POST', 'projects', { project: { name } })).project;
  const user = (await ask('POST', 'users', { user: { name, password } })).user;
  const [found] = (await ask('GET', `roles?name=${role}`)).roles;
  await ask('PUT', `projects/${project.id}/users/${user.id}/roles/${found.id}`);
  return { projectId: project.id, token: await api.logIn(name, password, name) };
}
