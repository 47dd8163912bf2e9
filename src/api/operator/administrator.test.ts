import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../../rules/settings.ts';
import { startTestApi } from '../test-bed.ts';

test('administrators are told the settings that MTUs follow from, nobody else is', async (t) => {
  const places = { path_mtu: { file: '/etc/neutron/ml2_conf.ini', line: 7 } };
  const mtu = { ...defaultSettings.mtu, pathMtu: 1400, places };
  const api = await startTestApi({ mtu });
  t.after(() => api.close());
  const answer = await api.ask(api.admin, 'GET', '/operator/v1/mtu');
  assert.deepEqual([answer.status, answer.body], [200, { mtu }]);
  const member = await api.ask(api.demo, 'GET', '/operator/v1/mtu');
  assert.deepEqual([member.status, member.body.NeutronError.type], [403, 'PolicyNotAuthorized']);
  assert.equal((await api.ask('', 'GET', '/operator/v1/mtu')).status, 401);
  assert.equal((await api.ask(api.admin, 'POST', '/operator/v1/mtu', {})).status, 405);
});
