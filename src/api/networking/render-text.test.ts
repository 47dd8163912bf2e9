/** Lists whose text the database writes, against the same rows shown one by one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { port, resources } from '../../model/index.ts';
import { type Json, startTestApi, type TestApi } from '../test-bed.ts';

const words = [
  '',
  'a',
  'A"b',
  'back\\slash',
  'tab\tnew\nline',
  '\u0001\u001f\u007f',
  'é日本😀',
  '\u2028',
  "o'clock",
  '{"a":1}',
  'null',
];
const settings = {
  quotas: { port: -1, network: -1 },
  dnsDomain: 'cloud.test',
  extensionDrivers: ['dns', 'port_security', 'qos'],
};

let api: TestApi;
before(async () => {
  api = await startTestApi({ ...settings, servicePlugins: ['router', 'trunk', 'qos', 'port_forwarding'] });
  const make = async (token: string, path: string, body: object) => {
    const answer = await api.ask(token, 'POST', `/v2.0/${path}`, body);
    assert.equal(answer.status, 201, answer.text);
    return Object.values(answer.body)[0] as Json;
  };
  const policy = await make(api.admin, 'qos/policies', { policy: { name: 'p', shared: true } });
  for (const qos_policy_id of [null, policy.id]) {
    const { id: network_id } = await make(api.admin, 'networks', { network: { shared: true, qos_policy_id } });
    await make(api.admin, 'subnets', { subnet: { network_id, ip_version: 4, cidr: '10.0.0.0/24' } });
    await make(api.admin, 'subnets', { subnet: { network_id, ip_version: 6, cidr: 'fd00::/64' } });
    for (const [at, name] of words.entries()) {
      const more = {
        description: words.at(-at - 1),
        dns_name: at % 3 === 0 ? `host-${at}` : '',
        admin_state_up: at % 2 === 0,
      };
      const one = await make(api.demo, 'ports', { port: { network_id, name, ...more } });
      await api.ask(api.demo, 'PUT', `/v2.0/ports/${one.id}/tags`, { tags: [name || 'x', 'z'] });
      if (at === 3) await make(api.demo, 'trunks', { trunk: { port_id: one.id } });
      await make(api.admin, 'ports', {
        port: { network_id, name, 'binding:profile': { [name || 'k']: [null, 1.5, name] } },
      });
    }
  }
  for (const name of words.filter(Boolean))
    await make(api.demo, 'subnetpools', { subnetpool: { name, prefixes: ['10.0.0.0/8'] } });
});
after(() => api.close());

const tokens = ['admin', 'demo'] as const;

async function text(token: string, path: string): Promise<string> {
  const answer = await api.ask(token, 'GET', `/v2.0/${path}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.text;
}

/** What JSON.parse and JSON.stringify make of a text: the members in their order, each value in its one form. */
const plain = (json: string) => JSON.stringify(JSON.parse(json));

async function oneByOne(token: string, plural: string, name: string, ids: readonly string[], fields: string) {
  const bodies: unknown[] = [];
  for (const id of ids) bodies.push(JSON.parse(await text(token, `${plural}/${id}?${fields}`))[name]);
  return JSON.stringify(bodies);
}

const names = Object.entries(port.fields)
  .filter(([, field]) => !field.hidden && !field.writeOnly)
  .map(([name]) => name);
const asked = fc.record({
  token: fc.constantFrom(...tokens),
  fields: fc.uniqueArray(fc.constantFrom(...names, 'tenant_id'), { maxLength: 5 }),
  sort: fc.constantFrom('name', 'created_at', 'mac_address', 'id'),
  direction: fc.constantFrom('asc', 'desc'),
  limit: fc.constantFrom(0, 1, 7, 100),
});

test('a list of ports is what the ports are one by one, whatever is asked of it', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async ({ token, fields, sort, direction, limit }) => {
      const order = `sort_key=${sort}&sort_dir=${direction}${limit > 0 ? `&limit=${limit}` : ''}`;
      const { ports } = JSON.parse(await text(api[token], `ports?fields=id&${order}`));
      const wanted = fields.map((name) => `fields=${name}`).join('&');
      const list = JSON.parse(await text(api[token], `ports?${order}&${wanted}`));
      const ids = ports.map((one: { id: string }) => one.id);
      assert.ok(ids.length > 0);
      assert.equal(JSON.stringify(list.ports), await oneByOne(api[token], 'ports', 'port', ids, wanted));
    }),
    { numRuns: 60 },
  );
});

test('a long list is the same in pieces as in one, with its links', async () => {
  const network = await api.ask(api.admin, 'POST', '/v2.0/networks', { network: { name: 'long' } });
  const network_id = network.body.network.id;
  const ports = Array.from({ length: 250 }, (_, at) => ({ network_id, name: `long-${at}` }));
  assert.equal((await api.ask(api.admin, 'POST', '/v2.0/ports', { ports })).status, 201);
  for (const limit of [0, 1, 99, 100, 101, 200, 249, 250, 251]) {
    const query = `ports?network_id=${network_id}&limit=${limit}`;
    // An order that is asked for is read at once.
    const whole = JSON.parse(await text(api.admin, `${query}&sort_key=id&sort_dir=asc`));
    const inPieces = JSON.parse(await text(api.admin, query));
    assert.deepEqual(inPieces.ports, whole.ports);
    assert.equal(whole.ports.length, limit === 0 ? 250 : Math.min(limit, 250));
    const links = (body: Json) => JSON.stringify(body.ports_links ?? null).replaceAll('&sort_key=id&sort_dir=asc', '');
    assert.equal(links(inPieces), links(whole));
    const marker = whole.ports[0].id;
    const further = await text(api.admin, `${query}&marker=${marker}`);
    const furtherAtOnce = await text(api.admin, `${query}&marker=${marker}&sort_key=id&sort_dir=asc`);
    assert.deepEqual(JSON.parse(further).ports, JSON.parse(furtherAtOnce).ports);
  }
});

for (const resource of resources.filter((one) => !one.parent && one.path.split('/').length === 2)) {
  test(`a list of ${resource.plural} is what they are one by one`, async () => {
    for (const token of tokens) {
      const answer = await api.ask(api[token], 'GET', `/v2.0${resource.path}`);
      if (answer.status !== 200) continue;
      const rows = answer.body[resource.plural] as { id?: string }[];
      const ids = rows.flatMap((row) => row.id ?? []);
      const single = await oneByOne(api[token], resource.path.slice(1), resource.name, ids, '');
      assert.equal(JSON.stringify(rows), ids.length === rows.length ? single : plain(JSON.stringify(rows)));
    }
  });
}
