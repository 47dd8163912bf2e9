import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionsAfter, problemOfOption } from './dhcp-options.ts';

const option = (opt_name: string, opt_value: string, ip_version = 4) => ({ opt_name, opt_value, ip_version });

test('a request sets what it names, takes away by null, and leaves the rest', () => {
  const before = [option('tftp-server', '192.0.2.1'), option('bootfile-name', 'a')];
  assert.deepEqual(
    optionsAfter(before, [
      { opt_name: 'tftp-server', opt_value: null },
      { opt_name: 'bootfile-name', opt_value: 'b' },
      { opt_name: 'bootfile-name', opt_value: 'six', ip_version: 6 },
      { opt_name: 'router', opt_value: '' },
      { opt_name: 'ntp-server', opt_value: '' },
    ]),
    [option('bootfile-name', 'b'), option('bootfile-name', 'six', 6), option('router', '')],
  );
});

test('a line break in a value would be a line of its own for dnsmasq', () => {
  assert.match(problemOfOption(option('x', 'a\ntag:y')) ?? '', /control characters/);
  assert.match(problemOfOption(option('x', 'a', 5)) ?? '', /ip_version/);
  assert.match(problemOfOption(option('x', '')) ?? '', /empty/);
  assert.equal(problemOfOption(option('router', '')), undefined);
});
