import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostObject } from '../model/host-objects.ts';
import { entry, network } from './fixtures.ts';
import { Instances } from './instances.ts';

function know(...objects: HostObject[]): Instances {
  const instances = new Instances();
  for (const object of objects) instances.told(`${object.kind}/${object.id}`, object);
  return instances;
}

const router = (id: string, ...networks: string[]) =>
  ({ kind: 'router', id, interfaces: networks.map((network_id) => ({ network_id })) }) as unknown as HostObject;

test('the same address on two networks is two instances', () => {
  const instances = know(network('a', [entry('p', ['10.0.0.5'])]), network('b', [entry('q', ['10.0.0.5'])]));
  assert.equal(instances.find({ network: 'a' }, '10.0.0.5')?.id, 'vm-p');
  assert.equal(instances.find({ network: 'b' }, '10.0.0.5')?.id, 'vm-q');
  assert.equal(instances.find({ network: 'c' }, '10.0.0.5'), undefined);
  assert.equal(instances.find({ network: 'a' }, '10.0.0.6'), undefined);
});

test('behind a router are the instances of its networks, and no others', () => {
  const rows = [network('a', [entry('p', ['10.0.0.5'])]), network('b', [entry('q', ['10.0.1.5'])])];
  const instances = know(...rows, router('r', 'b'));
  assert.equal(instances.find({ router: 'r' }, '10.0.1.5')?.id, 'vm-q');
  assert.equal(instances.find({ router: 'r' }, '10.0.0.5'), undefined);
  instances.told('router/r', router('r', 'a'));
  assert.equal(instances.find({ router: 'r' }, '10.0.0.5')?.id, 'vm-p');
  instances.told('router/r', undefined);
  assert.equal(instances.find({ router: 'r' }, '10.0.0.5'), undefined);
});

test('what is gone is found no more, by no address and no device', () => {
  const instances = know(
    network('a', [entry('p', ['10.0.0.5'])]),
    network('b', [entry('q', ['10.0.1.5'], { device_id: 'vm-p' })]),
  );
  assert.equal(instances.find({ network: 'a' }, '10.0.0.5')?.ports.length, 2);
  instances.told('metadata/b', network('b', []));
  assert.equal(instances.find({ network: 'a' }, '10.0.0.5')?.ports.length, 1);
  instances.told('metadata/a', undefined);
  assert.equal(instances.find({ network: 'a' }, '10.0.0.5'), undefined);
});

test('ports are of one instance where device and project are the same; without a device each is alone', () => {
  const other = { device_id: 'vm-p', project_id: 'other' };
  const instances = know(
    network('a', [entry('p', ['10.0.0.5']), entry('n', ['10.0.0.7'], { device_id: '' })]),
    network('b', [entry('q', ['10.0.1.5'], other), entry('m', ['10.0.1.7'], { device_id: '' })]),
  );
  assert.equal(instances.find({ network: 'a' }, '10.0.0.5')?.ports.length, 1);
  assert.equal(instances.find({ network: 'a' }, '10.0.0.7')?.ports.length, 1);
});

test('an instance is found by its link-local address too', () => {
  const instances = know(network('a', [entry('p', ['10.0.0.5'])]));
  assert.equal(instances.find({ network: 'a' }, 'fe80::f816:3eff:fe00:5')?.id, 'vm-p');
});
