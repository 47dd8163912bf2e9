import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ReadContext } from './context.ts';
import {
  consumeQuota,
  defaultQuota,
  deleteQuota,
  listQuotas,
  quotaDetails,
  releaseQuota,
  setQuota,
  showQuota,
} from './quota.ts';
import { admin, type Cloud, openCloud, refused } from './router-testing.ts';

let cloud: Cloud;
before(async () => {
  cloud = await openCloud();
});
after(() => cloud.close());

const set = (project: string, body: Record<string, unknown>) => cloud.act(admin, (c) => setQuota(c, project, body));
const reading = <T>(work: (c: ReadContext) => Promise<T>) => {
  const { settings, clock } = cloud;
  return cloud.read((r) => work({ r, caller: admin, settings, clock }));
};
const consume = (project: string, count: number) => cloud.act(admin, (c) => consumeQuota(c, 'router', project, count));

test('a limit that is set stands until it is deleted; the others are the defaults', async () => {
  const shown = await set('p', { router: 3, network: '-1' });
  assert.deepEqual([shown.router, shown.network, shown.port], [3, -1, 500]);
  await set('p', { router: 4 });
  assert.equal((await reading((c) => showQuota(c, 'p'))).router, 4);
  const all = await reading((c) => listQuotas(c));
  assert.deepEqual(
    all.map((row) => [row.project_id, row.router]),
    [['p', 4]],
  );
  await cloud.act(admin, (c) => deleteQuota(c, 'p'));
  assert.deepEqual(await reading((c) => showQuota(c, 'p')), defaultQuota(cloud));
  await refused(
    cloud.act(admin, (c) => deleteQuota(c, 'p')),
    404,
    'TenantQuotaNotFound',
    /could not be found/,
  );
});

test('what is no limit of a resource is refused, and nothing of the request is kept', async () => {
  await refused(
    set('q', { router: 3, frobnicator: 1 }),
    400,
    'BadRequest',
    /Unrecognized attribute\(s\) 'frobnicator'/,
  );
  await refused(set('q', { router: 3, port: -2 }), 400, 'BadRequest', /port.*integer from -1/);
  assert.deepEqual(await reading((c) => showQuota(c, 'q')), defaultQuota(cloud));
});

test('use is counted up to the limit, and given back; a refused request counts nothing', async () => {
  await set('r', { router: 3 });
  await consume('r', 3);
  await refused(consume('r', 1), 409, 'OverQuota', "Quota exceeded for resources: ['router'].");
  const details = await reading((c) => quotaDetails(c, 'r'));
  assert.deepEqual(details.router, { limit: 3, used: 3, reserved: 0 });
  assert.deepEqual(details.network, { limit: 100, used: 0, reserved: 0 });
  await cloud.act(admin, (c) => releaseQuota(c, 'router', 'r', 2));
  await consume('r', 2);
  await set('r', { router: -1 });
  await consume('r', 1000);
});

test('rows of no project are not counted', async () => {
  await consume('', 1000);
  assert.equal((await reading((c) => quotaDetails(c, ''))).router?.used, 0);
});
