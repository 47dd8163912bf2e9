import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { token } from '../../model/index.ts';
import { secrets, startTestApi, type TestApi } from '../test-bed.ts';
import { hashToken } from './sessions.ts';
import { boundTokens } from './token-bounds.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(() => api.close());

const count = () => api.store.read((r) => r.count(token));

test('the oldest tokens of a user go when there are too many', async () => {
  for (let i = 0; i < 12; i++) {
    api.clock.advance(1000);
    await api.logIn('demo', secrets.demo, 'demo');
  }
  const newest = await api.logIn('demo', secrets.demo, 'demo');
  const where = { op: 'in', column: 'hash', values: [hashToken(newest)] } as const;
  const [row] = await api.store.read((r) => r.list(token, where));
  const userId = String(row?.user_id);
  const bound = boundTokens(5, 2);
  await api.store.transact((t) => bound(t, userId));
  assert.equal(await api.store.read((r) => r.count(token, { user_id: userId })), 14, 'not counted each time');
  await api.store.transact((t) => bound(t, userId));
  assert.equal(await api.store.read((r) => r.count(token, { user_id: userId })), 5);
  assert.equal((await api.ask(newest, 'GET', '/v2.0/networks')).status, 200);
});

test('tokens that have ended go in batches, faster than new ones come', async () => {
  const [one] = await api.store.read((r) => r.find(token));
  assert.ok(one);
  const rows = Array.from({ length: 1700 }, (_, i) => ({ ...one, hash: String(i).padStart(64, '0'), expires_ms: 5 }));
  await api.store.transact((t) => t.insertMany(token, rows));
  api.clock.advance(61_000);
  const before = await count();
  for (let i = 1; i <= 3; i++) {
    await api.logIn('demo', secrets.demo, 'demo');
    assert.equal(await count(), before - 500 * i + i);
  }
  await api.logIn('demo', secrets.demo, 'demo');
  assert.ok((await count()) < 50);
});
