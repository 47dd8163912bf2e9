/**
 * How lists, bulk creates, revisions, tags and faults work, on every resource with a name: the search criteria tests of Neutron's
 * tempest plugin (neutron_tempest_plugin/api/base.py, BaseSearchCriteriaTest), and what its API reference says beside them.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { resources } from '../../model/index.ts';
import type { Resource } from '../../model/language.ts';
import { extensions } from '../../rules/extensions.ts';
import { behindNdpProxies, type Json, startTestApi, type TestApi } from '../test-bed.ts';
import { addTenant, type Tenant } from '../test-tenants.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
  readonly revision_number: number;
}

const named = resources.filter(({ fields, parent, rowsOf }) => fields.name?.sort && !parent && !rowsOf);
const everything = [...new Set(extensions.flatMap((extension) => extension.needs))];
// Two rows have one name, and the order of creation is not that of names.
const names = ['test1', 'abc1', 'test10', '123test', 'test1'];
const ours = [...new Set(names)].map((name) => `name=${name}`).join('&');
const missing = '00000000-0000-4000-8000-000000000000';

let api: TestApi;
let other: Tenant;
let networkId: string;
const rows = new Map<string, Row[]>();

const pathOf = (resource: Resource) => `/v2.0${resource.path}`;

/** Where NDP proxies can be made. */
let proxied: Awaited<ReturnType<typeof behindNdpProxies>> | undefined;

/** What a body of each resource must have beside its name; `at` is different each time. */
const needs: Readonly<Record<string, (at: number) => Promise<object> | object>> = {
  address_scope: () => ({ ip_version: 4 }),
  flavor: () => ({ service_type: 'L3_ROUTER_NAT' }),
  local_ip: () => ({ network_id: networkId }),
  ndp_proxy: async () => {
    proxied ??= await behindNdpProxies(api);
    const { router_id, network_id } = proxied;
    return { router_id, port_id: (await make('ports', 'port', { network_id })).id };
  },
  network_segment_range: (at) => ({
    shared: false,
    network_type: 'vxlan',
    minimum: 9000 + 10 * at,
    maximum: 9005 + 10 * at,
  }),
  port: () => ({ network_id: networkId }),
  segment: () => ({ network_id: networkId, network_type: 'vxlan' }),
  subnet: (at) => ({ network_id: networkId, ip_version: 4, cidr: `10.${at}.0.0/24` }),
  subnetpool: (at) => ({ prefixes: [`172.16.${at}.0/24`] }),
  trunk: async () => ({ port_id: (await make('ports', 'port', { network_id: networkId })).id }),
};

async function make(path: string, name: string, body: object): Promise<Json> {
  const answer = await api.ask(api.admin, 'POST', `/v2.0/${path}`, { [name]: body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body[name];
}

let count = 0;
async function bodyOf(resource: Resource, name: string): Promise<object> {
  return { name, ...(await needs[resource.name]?.(count++)) };
}

async function list(resource: Resource, query: string, token = api.admin): Promise<{ rows: Row[]; links: Json }> {
  const url = query.startsWith('/') ? query : `${pathOf(resource)}?${query}`;
  const answer = await api.ask(token, 'GET', url);
  assert.equal(answer.status, 200, `${url}: ${answer.text}`);
  const links = Object.fromEntries(
    (answer.body[`${resource.plural}_links`] ?? []).map(({ rel, href }: Json) => [
      rel,
      href.replace('http://cloud.test:9696', ''),
    ]),
  );
  return { rows: answer.body[resource.plural], links };
}

const namesOf = (some: readonly Row[]) => some.map(({ name }) => name);
const idsOf = (some: readonly Row[]) => some.map(({ id }) => id);

async function refused(token: string, method: string, url: string, body: unknown, status: number, headers = {}) {
  const answer = await api.ask(token, method, url, body, headers);
  assert.equal(answer.status, status, `${method} ${url}: ${answer.text}`);
  const { type, message, detail } = answer.body.NeutronError;
  assert.ok(typeof type === 'string' && typeof message === 'string' && typeof detail === 'string');
  return { type, message } as { type: string; message: string };
}

before(async () => {
  const quotas = Object.fromEntries(resources.map((resource) => [resource.name, -1]));
  api = await startTestApi({ quotas, servicePlugins: everything, extensionDrivers: everything });
  other = await addTenant(api, 'other');
  networkId = (await make('networks', 'network', { name: 'apart' })).id;
  for (const resource of named) {
    const made: Row[] = [];
    for (const name of names) {
      const body = await bodyOf(resource, name);
      made.push(await make(resource.path.slice(1), resource.name, body));
    }
    rows.set(resource.name, made);
  }
});
after(() => api.close());

for (const resource of named) {
  describe(resource.plural, () => {
    const sorted = `${ours}&sort_key=name&sort_dir=asc`;
    const own = () => rows.get(resource.name) ?? [];

    test('sorts both ways, by several keys', async () => {
      const expected = [...names].sort();
      assert.deepEqual(namesOf((await list(resource, sorted)).rows), expected);
      const down = await list(resource, `${ours}&sort_key=name&sort_dir=desc`);
      assert.deepEqual(namesOf(down.rows), expected.reverse());
      const both = await list(resource, `name=test1&sort_key=name&sort_dir=desc&sort_key=id&sort_dir=desc`);
      assert.deepEqual(idsOf(both.rows), idsOf(both.rows).sort().reverse());
    });

    test('refuses what cannot be sorted by', async () => {
      const url = pathOf(resource);
      const bad: [string, RegExp][] = [
        ['sort_key=name', /number of sort_keys and sort_dirs must be same/],
        ['sort_key=name&sort_dir=up', /\['up'\] is invalid value for sort_dirs, valid value is 'asc' and 'desc'/],
        ['sort_key=nothing&sort_dir=asc', /\['nothing'\] is invalid attribute for sort_keys/],
        ['limit=-1', /Limit must be an integer 0 or greater and not '-1'/],
        ['nothing=1', /\['nothing'\] is invalid attribute for filtering/],
      ];
      for (const [query, sentence] of bad) {
        const { message } = await refused(api.admin, 'GET', `${url}?${query}`, undefined, 400);
        assert.match(message, sentence);
      }
      await refused(api.admin, 'GET', `${url}?limit=1&marker=${missing}`, undefined, 404);
    });

    test('cuts to a limit; 0 is none', async () => {
      for (let limit = 1; limit <= names.length; limit++)
        assert.equal((await list(resource, `${ours}&limit=${limit}`)).rows.length, limit);
      const all = await list(resource, `${ours}&limit=0`);
      assert.equal(all.rows.length, names.length);
      assert.deepEqual(all.links, {}, 'a list that is not paged has no links');
    });

    test('is walked by markers, row by row', async () => {
      const expected = idsOf((await list(resource, sorted)).rows);
      const seen: string[] = [];
      for (let at = 0; at <= names.length; at++) {
        const marker = at === 0 ? '' : `&marker=${seen.at(-1)}`;
        seen.push(...idsOf((await list(resource, `${sorted}&limit=1${marker}`)).rows));
      }
      assert.deepEqual(seen, expected);
    });

    test('is walked by links, there and back', async () => {
      const expected = idsOf((await list(resource, sorted)).rows);
      const there: string[] = [];
      let page = await list(resource, `${sorted}&limit=1`);
      for (; page.links.next; page = await list(resource, page.links.next)) there.push(...idsOf(page.rows));
      assert.deepEqual([page.rows, there], [[], expected]);
      const back: string[] = [];
      for (let at = 0; at < names.length; at++) {
        page = await list(resource, page.links.previous);
        back.push(...idsOf(page.rows));
      }
      assert.deepEqual(back.reverse(), expected);
    });

    test('is walked backwards from its end', async () => {
      for (const direction of ['asc', 'desc']) {
        const query = `${ours}&sort_key=name&sort_dir=${direction}`;
        const expected = idsOf((await list(resource, query)).rows);
        const seen: string[] = [];
        let page = await list(resource, `${query}&limit=2&page_reverse=True`);
        for (; page.rows.length > 0; page = await list(resource, page.links.previous)) {
          assert.ok(page.rows.length <= 2);
          seen.unshift(...idsOf(page.rows));
          if (!page.links.previous) break;
        }
        assert.deepEqual(seen, expected);
        const marker = expected[2];
        const before_ = await list(resource, `${query}&limit=2&marker=${marker}&page_reverse=True`);
        assert.deepEqual(idsOf(before_.rows), expected.slice(0, 2));
      }
    });

    test('is cut to fields, and shows nothing else', async () => {
      const [row] = (await list(resource, `${ours}&fields=name&fields=id`)).rows;
      assert.deepEqual(Object.keys(row ?? {}).sort(), ['id', 'name']);
      const one = await api.ask(api.admin, 'GET', `${pathOf(resource)}/${own()[0]?.id}?fields=name`);
      assert.deepEqual(one.body[resource.name], { name: names[0] });
    });

    test('filters: any of the values of one, all of them together, by tenant_id, by the empty text', async () => {
      const [first, second] = own();
      const some = await list(resource, `id=${first?.id}&id=${second?.id}&name=${second?.name}`);
      assert.deepEqual(idsOf(some.rows), [second?.id]);
      assert.equal((await list(resource, `${ours}&id=${missing}`)).rows.length, 0);
      const empty = await list(resource, 'name=');
      assert.ok(empty.rows.every(({ name }) => name === '' || name === null));
      if (!resource.fields.project_id || resource.fields.project_id.hidden) return;
      const mine = await list(resource, `${ours}&tenant_id=${first?.project_id}`);
      assert.equal(mine.rows.length, names.length);
      assert.equal((await list(resource, `${ours}&project_id=${other.projectId}`)).rows.length, 0);
    });

    test('many are created at once, or none', async () => {
      if (!resource.policy.create) return;
      const url = pathOf(resource);
      const some = await Promise.all([1, 2, 3].map(() => bodyOf(resource, 'bulk')));
      const made = await api.ask(api.admin, 'POST', url, { [resource.plural]: some });
      assert.equal(made.status, 201, made.text);
      assert.equal(made.body[resource.plural].length, 3);
      const wrong = [await bodyOf(resource, 'never'), { ...(await bodyOf(resource, 'never')), nothing: 1 }];
      const { message } = await refused(api.admin, 'POST', url, { [resource.plural]: wrong }, 400);
      assert.match(message, /Unrecognized attribute\(s\) 'nothing'/);
      await refused(api.admin, 'POST', url, { [resource.plural]: [] }, 400);
      assert.equal((await list(resource, 'name=never')).rows.length, 0);
      for (const { id } of made.body[resource.plural])
        assert.equal((await api.ask(api.admin, 'DELETE', `${url}/${id}`)).status, 204);
    });

    test('a change and a deletion may demand a revision', async () => {
      if (!resource.fields.revision_number || !resource.policy.update) return;
      const row = own()[0] as Row;
      const url = `${pathOf(resource)}/${row.id}`;
      const now = (await api.ask(api.admin, 'GET', url)).body[resource.name].revision_number as number;
      const demand = (revision: number) => ({ 'if-match': `revision_number=${revision}` });
      const change = { [resource.name]: { name: row.name } };
      const { message } = await refused(api.admin, 'PUT', url, change, 412, demand(now + 7));
      assert.equal(message, `Constrained to ${now + 7}, but current revision is ${now}`);
      await refused(api.admin, 'DELETE', url, undefined, 412, demand(now + 7));
      const after_ = await api.ask(api.admin, 'PUT', url, change, demand(now));
      assert.equal(after_.status, 200, after_.text);
      assert.ok(after_.body[resource.name].revision_number > now);
    });

    test('tags are set, added, asked for, filtered by and taken away', async () => {
      if (!resource.fields.tags) return;
      const [row] = own();
      const url = `${pathOf(resource)}/${row?.id}/tags`;
      const put = await api.ask(api.admin, 'PUT', url, { tags: ['red', 'green'] });
      assert.deepEqual([put.status, put.body.tags.sort()], [200, ['green', 'red']]);
      assert.equal((await api.ask(api.admin, 'POST', url, { tags: ['red', 'blue'] })).status, 201);
      assert.equal((await api.ask(api.admin, 'PUT', `${url}/white`)).status, 201);
      assert.equal((await api.ask(api.admin, 'GET', `${url}/white`)).status, 204);
      const found = async (query: string) => (await list(resource, `${ours}&${query}`)).rows.length;
      const others = names.length - 1;
      assert.deepEqual(
        [
          await found('tags=red,blue'),
          await found('tags=red,black'),
          await found('tags-any=red,black'),
          await found('not-tags=red,blue'),
          await found('not-tags=red,black'),
          await found('not-tags-any=black,red'),
        ],
        [1, 0, 1, others, names.length, others],
      );
      assert.equal((await api.ask(api.admin, 'DELETE', `${url}/white`)).status, 204);
      await refused(api.admin, 'DELETE', `${url}/white`, undefined, 404);
      await refused(api.admin, 'PUT', url, { tags: 'red' }, 400);
      await refused(api.admin, 'PUT', url, { names: [] }, 400);
      assert.equal((await api.ask(api.admin, 'DELETE', url)).status, 204);
      assert.deepEqual((await api.ask(api.admin, 'GET', url)).body, { tags: [] });
    });

    test('what may not be seen is not there, and what may not be done is forbidden', async () => {
      if (resource.sight.includes('everyone')) return;
      const url = `${pathOf(resource)}/${own()[0]?.id}`;
      for (const method of ['GET', 'DELETE']) await refused(other.token, method, url, undefined, 404);
      await refused(api.admin, 'GET', `${pathOf(resource)}/${missing}`, undefined, 404);
      assert.equal((await api.ask('', 'GET', url)).status, 401);
      assert.deepEqual((await list(resource, ours, other.token)).rows, []);
      const foreign = { ...(await bodyOf(resource, 'foreign')), project_id: other.projectId };
      const answer = await api.ask(api.demo, 'POST', pathOf(resource), { [resource.name]: foreign });
      assert.ok([400, 403].includes(answer.status), answer.text);
    });

    test('bodies of another shape are refused', async () => {
      const url = pathOf(resource);
      const one = `${url}/${own()[0]?.id}`;
      for (const body of ['', '{', '[]', '{"nothing": {}}', `{"${resource.name}": []}`, `{"${resource.plural}": {}}`])
        assert.equal((await api.ask(api.admin, 'POST', url, body)).status, 400, body);
      const unchangeable = resource.policy.update ? 400 : 405;
      await refused(api.admin, 'PUT', one, { [resource.name]: { id: missing } }, unchangeable);
      await refused(api.admin, 'PUT', one, { [resource.name]: { project_id: other.projectId } }, unchangeable);
      await refused(api.admin, 'DELETE', one, { [resource.name]: {} }, 400);
      assert.equal((await api.ask(api.admin, 'PATCH', one, { [resource.name]: {} })).status, 405);
      assert.equal((await api.ask(api.admin, 'PUT', url, { [resource.name]: {} })).status, 405);
    });
  });
}
