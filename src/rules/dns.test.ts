import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dnsAssignments, leaseName, problemOfName } from './dns.ts';

const chosen = { dnsDomain: 'example.org' };
const unchosen = { dnsDomain: 'openstacklocal' };

test('a port has a name of its own where somebody chose a domain', () => {
  const ip_address = '10.0.0.5';
  assert.deepEqual(dnsAssignments(chosen, 'web', [ip_address]), [
    { ip_address, hostname: 'web', fqdn: 'web.example.org.' },
  ]);
  const unnamed = { ip_address, hostname: 'host-10-0-0-5', fqdn: 'host-10-0-0-5.openstacklocal.' };
  assert.deepEqual(dnsAssignments(unchosen, 'web', [ip_address]), [unnamed]);
  const full = { ip_address, hostname: 'a.example.org.', fqdn: 'a.example.org.' };
  assert.deepEqual(dnsAssignments(chosen, 'a.example.org.', [ip_address]), [full]);
  assert.deepEqual(dnsAssignments({ dnsDomain: '' }, '', ['fd00::1']), [
    { ip_address: 'fd00::1', hostname: 'host-fd00--1', fqdn: 'host-fd00--1' },
  ]);
});

test('DHCP gives names without a final dot, short ones where the domain follows', () => {
  assert.equal(leaseName(chosen, 'web', '10.0.0.5'), 'web');
  assert.equal(leaseName(chosen, 'a.b', '10.0.0.5'), 'a.b.example.org');
  assert.equal(leaseName(chosen, 'web.example.org.', '10.0.0.5'), 'web.example.org');
  assert.equal(leaseName(unchosen, 'web', '10.0.0.5'), 'host-10-0-0-5');
});

test('a full name ends with the domain, a relative one leaves room for it', () => {
  assert.equal(problemOfName(chosen, 'web.example.org.'), undefined);
  assert.match(problemOfName(chosen, 'web.example.com.') ?? '', /must end with the dns_domain/);
  assert.match(problemOfName(chosen, 'example.org.') ?? '', /one or more labels/);
  assert.match(problemOfName(chosen, 'a'.repeat(245)) ?? '', /longer than 255/);
  assert.equal(problemOfName(unchosen, 'web.example.com.'), undefined);
});
