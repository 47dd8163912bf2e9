/** Whatever is sent to Identity is answered by itself or by a 4xx, never by a 500, and shows no secret. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { secrets, startTestApi, type TestApi } from '../test-bed.ts';

let api: TestApi;
let userId: string;
before(async () => {
  api = await startTestApi();
  userId = (await api.ask(api.admin, 'GET', '/identity/v3/users?name=demo')).body.users[0].id;
});
after(() => api.close());

const secret = 'do-not-show-me';
const words = fc.constantFrom(
  ...['id', 'name', 'domain', 'default', 'Default', 'password', 'user', 'project', 'admin', 'demo', 'scope', 'methods'],
  ...['token', 'application_credential', 'system', 'all', 'secret', 'roles', 'extra', 'options', 'tags', 'enabled', ''],
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    words,
    fc.constantFrom(null, true, 0, -1, 1e300, 'x'.repeat(5000), '\u0000', '\ud800', '日本'),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(words, tie('any'), { maxKeys: 4 }),
  ),
})).any;
/** What stands where a secret stands: the right form, and wrong ones that hold it. */
const hidden = fc.constantFrom<unknown>(secret, [secret], { secret }, '', null, 7, secret.repeat(400));
const user = fc.record({ id: value, name: value, domain: value, password: hidden }, { requiredKeys: [] });
const logIn = fc.record({
  auth: fc.record(
    {
      identity: fc.record(
        {
          methods: fc.oneof(value, fc.subarray(['password', 'token', 'application_credential'])),
          password: fc.record({ user: fc.oneof(value, user) }),
          token: fc.record({ id: hidden }),
          application_credential: fc.record({ id: value, name: value, user, secret: hidden }, { requiredKeys: [] }),
        },
        { requiredKeys: [] },
      ),
      scope: value,
    },
    { requiredKeys: [] },
  ),
});

async function refusedOrDone(method: string, url: string, body: unknown): Promise<void> {
  const answer = await api.ask(api.admin, method, url, body);
  assert.ok(answer.status < 500, `${method} ${url}: ${answer.status} ${answer.text}`);
  if (answer.status < 400) return;
  assert.equal(typeof answer.body.error.message, 'string');
  assert.doesNotMatch(answer.text, new RegExp(`${secret}|${secrets.admin}`));
}

test('log-ins of any shape', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(logIn, value), (body) => refusedOrDone('POST', '/identity/v3/auth/tokens', body)),
    { numRuns: 150 },
  );
});

const members = ['name', 'description', 'enabled', 'password', 'options', 'tags', 'default_project_id', 'domain_id'];
const anyMember = fc.dictionary(fc.oneof(fc.constantFrom(...members), words), value, { maxKeys: 5 });
const secretOf: Readonly<Record<string, string>> = { user: 'password', application_credential: 'secret' };
for (const kind of ['user', 'project', 'role', 'application_credential']) {
  test(`a ${kind} of any shape`, async () => {
    const paths: Record<string, string> = { application_credential: `users/${userId}/application_credentials` };
    const path = `/identity/v3/${paths[kind] ?? `${kind}s`}`;
    const name = secretOf[kind];
    const more = name === undefined ? fc.constant({}) : fc.record({ [name]: hidden }, { requiredKeys: [] });
    const one = fc.tuple(anyMember, more).map(([given, beside]) => ({ [kind]: { ...given, ...beside } }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(one, value), async (body) => {
        await refusedOrDone('POST', path, body);
        if (kind !== 'application_credential') await refusedOrDone('PATCH', `${path}/${userId}`, body);
      }),
      { numRuns: 60 },
    );
  });
}

test('a body that is cut off shows nothing of itself', async () => {
  for (const body of [`{"auth": {"password": "${secret}`, `"${secret}`, secret, `{"password": "${secret}" x`]) {
    const answer = await api.ask('', 'POST', '/identity/v3/auth/tokens', Buffer.from(body));
    assert.equal(answer.status, 400);
    assert.doesNotMatch(answer.text, /do-not|show-me/);
  }
});

test('queries of any shape', async () => {
  const paths = ['users', 'projects', 'roles', 'role_assignments', 'domains', 'services', 'endpoints', 'groups'];
  const names = [
    'name',
    'enabled',
    'domain_id',
    'tags',
    'not-tags-any',
    'user.id',
    'effective',
    'limit',
    'name__contains',
  ];
  const query = fc.array(fc.tuple(fc.constantFrom(...names), fc.string({ unit: 'grapheme' })), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), query, (path, pairs) =>
      refusedOrDone('GET', `/identity/v3/${path}?${new URLSearchParams(pairs)}`, undefined),
    ),
    { numRuns: 150 },
  );
});
