import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkQuota, defaultLimit, defaultLimits } from './quota.ts';
import { defaultSettings } from './settings.ts';

test("limits are Neutron's unless the operator set them", () => {
  assert.deepEqual(defaultLimits(defaultSettings), {
    network: 100,
    subnetpool: -1,
    subnet: 100,
    trunk: -1,
    security_group: 10,
    security_group_rule: 100,
    port: 500,
    router: 10,
    floatingip: 50,
    rbac_policy: 10,
  });
  assert.equal(defaultLimit({ ...defaultSettings, quotas: { port: -1 } }, 'port'), -1);
});

test('the limit itself may be reached; -1 is none', () => {
  checkQuota('port', 5, 5);
  checkQuota('port', 5000, -1);
  assert.throws(() => checkQuota('port', 6, 5), {
    type: 'OverQuota',
    status: 409,
    message: "Quota exceeded for resources: ['port'].",
  });
  assert.throws(() => checkQuota('port', 1, 0), { type: 'OverQuota' });
});
