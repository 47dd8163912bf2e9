import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { test } from 'node:test';
import { networkOperations } from '../operations/network.ts';
import { ConstraintError } from '../store/store.ts';
import { startTestApi } from './test-bed.ts';

const none = '00000000-0000-4000-8000-000000000000';

test('without port forwarding its paths, fields and aliases are not there', async () => {
  const api = await startTestApi({ servicePlugins: ['router', 'segments'] });
  const external = { network: { 'router:external': true } };
  const network = (await api.ask(api.admin, 'POST', '/v2.0/networks', external)).body.network;
  const subnet = { subnet: { network_id: network.id, ip_version: 4, cidr: '203.0.113.0/24' } };
  await api.ask(api.admin, 'POST', '/v2.0/subnets', subnet);
  const fip = await api.ask(api.admin, 'POST', '/v2.0/floatingips', {
    floatingip: { floating_network_id: network.id },
  });
  assert.equal(fip.status, 201, fip.text);
  assert.equal('port_forwardings' in fip.body.floatingip, false);
  const path = `/v2.0/floatingips/${fip.body.floatingip.id}/port_forwardings`;
  assert.equal((await api.ask(api.admin, 'GET', path)).status, 404);
  const alias = await api.ask(api.admin, 'GET', '/v2.0/extensions/floating-ip-port-forwarding');
  assert.equal(alias.status, 404);
  assert.equal(alias.body.NeutronError.type, 'ExtensionNotFound');
  assert.equal((await api.ask(api.admin, 'GET', '/v2.0/extensions/router')).body.extension.alias, 'router');
  await api.close();
});

test('without the router plugin there are no routers; without port security no such field', async () => {
  const api = await startTestApi({ servicePlugins: [], extensionDrivers: [] });
  assert.equal((await api.ask(api.admin, 'GET', '/v2.0/routers')).status, 404);
  const made = await api.ask(api.admin, 'POST', '/v2.0/networks', { network: {} });
  assert.equal('port_security_enabled' in made.body.network, false);
  const body = { network: { port_security_enabled: false } };
  assert.match((await api.ask(api.admin, 'POST', '/v2.0/networks', body)).text, /Unrecognized attribute/);
  await api.close();
});

test('forwardings are under their floating IP, and refuse the filters that Neutron refuses', async () => {
  const api = await startTestApi();
  const missing = await api.ask(api.demo, 'GET', `/v2.0/floatingips/${none}/port_forwardings`);
  assert.equal(missing.status, 404);
  assert.equal(missing.body.NeutronError.type, 'FloatingIPNotFound');
  const filtered = await api.ask(api.demo, 'GET', `/v2.0/floatingips/${none}/port_forwardings?internal_port=1`);
  assert.equal(filtered.body.NeutronError.type, 'PortForwardingNotSupportFilterField');
  await api.close();
});

test('what no operation foresaw is a 409 or a 500 without detail, under the id of the request', async () => {
  const failures: [Error, number, string][] = [
    [new ConstraintError('unique', 'network', ['name']), 409, 'Conflict'],
    [new ConstraintError('reference', 'network', []), 409, 'InUse'],
    [new Error('secret detail'), 500, 'HTTPInternalServerError'],
  ];
  for (const [failure, status, type] of failures) {
    const network = { ...networkOperations, create: () => Promise.reject(failure) };
    const api = await startTestApi({}, { network });
    const answer = await api.ask(api.demo, 'POST', '/v2.0/networks', { network: {} });
    await api.close();
    assert.equal(answer.status, status);
    assert.equal(answer.body.NeutronError.type, type);
    assert.equal(answer.text.includes('secret'), false);
    assert.match(String(answer.headers['x-openstack-request-id']), /^req-/);
  }
});

test('bytes that are no HTTP, and headers that are too large, are answered in the same form', async () => {
  const api = await startTestApi();
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.app.server.address() as AddressInfo;
  const send = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      let text = '';
      socket.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      socket.once('close', () => resolve(text)).once('error', reject);
    });
  assert.match(await send('NOT HTTP\r\n\r\n'), /^HTTP\/1\.1 400 .*"NeutronError"/s);
  assert.match(
    await send(`GET /v2.0 HTTP/1.1\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 .*"NeutronError"/s,
  );
  await api.close();
});

test('health and measurements need no token', async () => {
  const api = await startTestApi();
  const health = await api.ask('', 'GET', '/healthz');
  assert.equal(health.body.status, 'ok');
  await api.ask(api.demo, 'GET', '/v2.0/networks');
  const { text } = await api.ask('', 'GET', '/metrics');
  assert.match(text, /_count\{method="GET",route="\/v2\.0\/networks",status="200"\} 1/);
  await api.close();
});
