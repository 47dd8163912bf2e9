import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { ifcfgFiles } from './ifcfg.ts';
import { ifupdownFiles } from './ifupdown.ts';
import { sectionsOf, textOf } from './ini.ts';
import { netplanFiles } from './netplan.ts';
import type { Site } from './site.ts';

const site = (path: string, text: string): Site => ({
  nic: 'ens0',
  bridge: 'br-ex',
  driver: 'linuxbridge',
  mac: '52:54:00:00:00:01',
  mtu: 1500,
  files: [{ path, text, mode: 0o644 }],
  uuids: [],
});

const staying = fc.record(
  { 'set-name': fc.constant('ens0'), wakeonlan: fc.boolean(), optional: fc.boolean(), mtu: fc.constant(1500) },
  { requiredKeys: [] },
);
const moving = fc.record(
  {
    dhcp4: fc.boolean(),
    addresses: fc.array(fc.constantFrom('192.0.2.2/24', '2001:db8::2/64'), { minLength: 1 }),
    routes: fc.array(fc.record({ to: fc.constant('default'), via: fc.constant('192.0.2.1') }), { minLength: 1 }),
    nameservers: fc.record({
      search: fc.array(fc.constant('example.org')),
      addresses: fc.array(fc.constant('192.0.2.53')),
    }),
  },
  { requiredKeys: [] },
);
const network = fc.record({
  nic: fc.tuple(staying, moving, fc.boolean()),
  others: fc.dictionary(fc.constantFrom('ens1', 'ens2'), moving),
  bridges: fc.option(fc.dictionary(fc.constantFrom('br0', 'br1'), staying, { minKeys: 1 }), {
    nil: undefined,
  }),
  indent: fc.constantFrom(2, 4),
  remarks: fc.array(fc.nat(40), { maxLength: 4 }),
});

/** Remarks of their own line, at the depth of the line that follows. */
function withRemarks(text: string, at: readonly number[]): string {
  const lines = text.trimEnd().split('\n');
  return `${lines
    .flatMap((line, index) => (at.includes(index) ? [`${/^ */.exec(line)?.[0]}# remark ${index}`, line] : [line]))
    .join('\n')}\n`;
}

test('netplan: what the NIC had is on the NIC or on the bridge, all else means the same, no remark is lost', () => {
  fc.assert(
    fc.property(network, ({ nic: [own, carried, reversed], others, bridges, indent, remarks }) => {
      const ens0 = reversed ? { ...carried, ...own } : { ...own, ...carried };
      const before = { network: { version: 2, ethernets: { ...others, ens0 }, ...(bridges ? { bridges } : {}) } };
      const text = withRemarks(stringify(before, { indent }), remarks);
      const after = netplanFiles(site('/etc/netplan/a.yaml', text))[0]?.after ?? '';
      const now = parse(after).network;
      const made = { interfaces: ['ens0'], macaddress: '52:54:00:00:00:01', mtu: 1500 };
      const parameters = { stp: false, 'forward-delay': 0 };
      // Objects of the generator have no prototype.
      const wanted = JSON.stringify({
        version: 2,
        ethernets: { ...others, ens0: own },
        bridges: { ...bridges, 'br-ex': { ...made, parameters, ...carried } },
      });
      assert.deepEqual(now, JSON.parse(wanted));
      const count = (one: string) => one.split('# remark').length;
      assert.equal(count(after), count(text), after);
    }),
    { numRuns: 300 },
  );
});

const line = fc.constantFrom(
  '[Match]',
  '[Network]',
  '# remark',
  '; remark',
  '',
  'Name=ens0',
  ' Address = 192.0.2.2/24',
  'odd',
);

test('sections joined are the text that was cut', () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), (lines) => {
      const text = `${['x=1', ...lines].join('\n')}\n`;
      assert.equal(textOf(sectionsOf(text)), text);
    }),
  );
});

test('ifcfg: every line is in the file of the NIC or in that of the bridge, but for the method', () => {
  const lines = fc.uniqueArray(
    fc.constantFrom(
      '# remark',
      'HWADDR=52:54:00:00:00:01',
      'IPADDR=192.0.2.2',
      'IPADDR1=192.0.2.3',
      'ONBOOT=yes',
      'MTU=1500',
      'DNS1=192.0.2.53',
      'X_OWN=1',
    ),
  );
  fc.assert(
    fc.property(lines, (chosen) => {
      const text = ['DEVICE=ens0', ...chosen].join('\n');
      const changes = ifcfgFiles(site('/etc/sysconfig/network-scripts/ifcfg-ens0', `${text}\n`));
      const all = changes.flatMap(({ after }) => after?.split('\n') ?? []);
      for (const one of chosen) assert.ok(all.includes(one), one);
      assert.equal(all.filter((one) => one.startsWith('IPADDR=')).length, chosen.includes('IPADDR=192.0.2.2') ? 1 : 0);
    }),
  );
});

test('ifupdown: lines of other devices stay, in their order', () => {
  const stanza = fc.constantFrom(
    ['auto lo', 'iface lo inet loopback'],
    ['# remark', 'iface ens1 inet static', '    address 192.0.2.9/24'],
    ['iface ens0 inet static', '    address 192.0.2.2/24'],
    ['iface ens0 inet6 auto', '    # inner'],
    ['source /etc/network/interfaces.d/*', ''],
  );
  fc.assert(
    fc.property(fc.array(stanza), (stanzas) => {
      const text = `${stanzas.flat().join('\n')}\n`;
      const after = ifupdownFiles(site('/etc/network/interfaces', text))[0]?.after ?? text;
      const others = (one: string) => one.split('\n').filter((each) => !/ens0|br-ex/.test(each) && each !== '');
      assert.deepEqual(others(after), others(text));
      assert.doesNotMatch(after, /iface ens0 inet6? (static|auto)/);
    }),
  );
});
