import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dhcpDeviceId } from './schedule-device.ts';

test("a DHCP port's device is named as Neutron names it: by the short name of the host", () => {
  assert.equal(dhcpDeviceId('host1.example.org', 'net'), dhcpDeviceId('host1', 'net'));
  assert.match(
    dhcpDeviceId('host1', 'net'),
    /^dhcp[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-net$/,
  );
  assert.equal(dhcpDeviceId('localhost', 'net'), 'dhcpcd8f5f9f-e3e8-569f-87ef-f03c6cfc29bc-net');
});
