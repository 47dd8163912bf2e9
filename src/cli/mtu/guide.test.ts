/** The guides show what the program computes and says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { speaker } from '../../lib/catalogue.ts';
import { networkMtu, type TunnelType } from '../../rules/mtu.ts';
import { defaultSettings, type NetworkType } from '../../rules/settings.ts';
import { mtuSentences } from './sentences.ts';
import { sumWords } from './words.ts';

const guides = [
  ['en', 'docs/guides/mtu.md'],
  ['zh', 'docs/guides/mtu.zh-CN.md'],
] as const;

const settings = (underlay: number, version: 4 | 6) => {
  return { ...defaultSettings.mtu, globalPhysnetMtu: underlay, overlayIpVersion: version };
};
const maximum = (type: NetworkType, version: 4 | 6, underlay: number) =>
  networkMtu(settings(underlay, version), [{ type, physicalNetwork: null }]);

for (const [language, file] of guides) {
  const text = readFileSync(file, 'utf8');

  test(`${file}: the table of numbers is what is computed`, () => {
    const rows = [
      ...text.matchAll(/^\| (flat|vlan|vxlan|gre|geneve)(?:, IPv([46]))? \|[^|]*\| ([\d +]+) \| (\d+) \| (\d+) \|$/gm),
    ];
    assert.equal(rows.length, 8);
    for (const [, type, version, adds, small, large] of rows) {
      const of = (underlay: number) => maximum(type as TunnelType, version === '6' ? 6 : 4, underlay);
      assert.deepEqual([of(1500).mtu, of(9000).mtu], [Number(small), Number(large)], `${type} ${version}`);
      const added = of(1500).segments.flatMap(({ lines }) => lines.filter((line) => line.part !== 'base'));
      assert.equal(added.map(({ bytes }) => -bytes).join(' + ') || '0', adds?.trim());
    }
  });

  test(`${file}: the sum is what is printed`, () => {
    const places = { global_physnet_mtu: { flag: '--underlay' }, overlay_ip_version: { flag: '--ip' } };
    const result = networkMtu({ ...settings(9000, 6), places }, [{ type: 'vxlan', physicalNetwork: null }]);
    const words = sumWords(result, speaker(mtuSentences, language)).join('\n');
    assert.ok(text.includes(words), words);
  });
}
