import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../model/faults.ts';
import { associatedAddress, chooseRouter, type InsidePort } from './floatingip.ts';

const v4 = { subnet_id: 's', ip_address: '10.0.0.5' };
const other = { subnet_id: 's', ip_address: '10.0.0.6' };
const v6 = { subnet_id: 's6', ip_address: 'fd00::5' };

const port = (fixed_ips: InsidePort['fixed_ips'], more: Partial<InsidePort> = {}): InsidePort => ({
  id: 'p',
  project_id: 'demo',
  device_owner: 'compute:nova',
  fixed_ips,
  ...more,
});

function refusal(of: InsidePort, asked: string | null, owner = 'demo', asAdmin = false): string {
  try {
    associatedAddress(of, asked, owner, asAdmin);
  } catch (error) {
    assert.ok(error instanceof Fault);
    assert.equal(`${error.status} ${error.type}`, '400 BadRequest');
    return error.message;
  }
  throw new Error('was not refused');
}

test('a floating IP stands for the only IPv4 address, or the one asked for', () => {
  assert.deepEqual(associatedAddress(port([v6, v4]), null, 'demo', false), { ip: '10.0.0.5', subnetId: 's' });
  assert.deepEqual(associatedAddress(port([v4, other]), '10.0.0.6', 'demo', false), { ip: '10.0.0.6', subnetId: 's' });
});

test('what it cannot stand for', () => {
  assert.match(refusal(port([v6]), null), /Cannot add floating IP to port p that has no fixed IPv4 addresses/);
  assert.match(refusal(port([v4, other]), null), /Port p has multiple fixed IPv4 addresses\. {2}Must provide/);
  assert.match(refusal(port([v4]), '10.0.0.9'), /Port p does not have fixed ip 10\.0\.0\.9/);
  assert.match(refusal(port([v4, v6]), 'fd00::5'), /with fd00::5, since that is not an IPv4 address/);
  assert.match(refusal(port([v4], { device_owner: 'network:dhcp' }), null), /unable to be assigned a floating IP/);
  assert.match(refusal(port([v4], { project_id: 'other' }), null), /Port p, since that port is owned by a different/);
  assert.doesNotThrow(() => associatedAddress(port([v4], { project_id: 'other' }), null, 'demo', true));
});

test('the router at the gateway address is preferred, else the first by id', () => {
  const candidates = [
    { routerId: 'r2', interfaceIp: '10.0.0.2' },
    { routerId: 'r1', interfaceIp: '10.0.0.3' },
    { routerId: 'r3', interfaceIp: '10.0.0.1' },
  ];
  assert.equal(chooseRouter(candidates, '10.0.0.1'), 'r3');
  assert.equal(chooseRouter(candidates, '10.0.0.254'), 'r1');
  assert.equal(chooseRouter(candidates, null), 'r1');
  assert.equal(chooseRouter([], '10.0.0.1'), undefined);
});
