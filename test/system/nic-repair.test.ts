import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createNicWorld, type NicWorld, startPing } from './support/nic-world.ts';
import { skip } from './support/small-cloud.ts';

const interfaces = `# by hand
auto ens0
iface ens0 inet static
    address 192.0.2.2/24
    gateway 192.0.2.1
`;

const start = [
  'address add 192.0.2.2/24 brd + dev ens0',
  'link set ens0 up',
  'route add default via 192.0.2.1 dev ens0',
];

/** The notebook's recipe, by how far it got. */
const recipes: Readonly<Record<string, { readonly lines: readonly string[]; readonly wrong: readonly string[] }>> = {
  'the bridge has the NIC, the address stayed': {
    lines: ['link add br-ex type bridge', 'link set ens0 master br-ex'],
    wrong: ['half-bridge-down', 'half-address-on-nic', 'half-files'],
  },
  'the NIC was flushed, and the connection was gone': {
    lines: ['link add br-ex type bridge', 'link set ens0 master br-ex', 'link set br-ex up', 'address flush dev ens0'],
    wrong: ['half-address-lost', 'half-no-default', 'half-files'],
  },
  'the address is on the bridge, the default route is missing': {
    lines: [
      ...['link add br-ex type bridge', 'link set ens0 master br-ex', 'link set br-ex up', 'address flush dev ens0'],
      'address add 192.0.2.2/24 dev br-ex',
    ],
    wrong: ['half-no-default', 'half-files'],
  },
  'all is done but for the files': {
    lines: [
      ...['link add br-ex type bridge', 'link set ens0 master br-ex', 'link set br-ex up', 'address flush dev ens0'],
      ...['address add 192.0.2.2/24 dev br-ex', 'route add default via 192.0.2.1 dev br-ex'],
    ],
    wrong: ['half-files'],
  },
};

const codes = (outcome: { stdout: string }): string[] =>
  JSON.parse(outcome.stdout)
    .findings.map(({ code }: { code: string }) => code)
    .filter((code: string) => code.startsWith('half-'));

async function isWell(world: NicWorld): Promise<void> {
  const { host, outside } = world;
  const ping = startPing(outside, '192.0.2.2');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { sent, lost } = await ping.end();
  assert.ok(sent > 5 && lost <= 2, `${lost} of ${sent} lost`);
  assert.match((await host.run(['ip', 'route'])).stdout, /default via 192\.0\.2\.1 dev br-ex/);
  assert.doesNotMatch((await host.run(['ip', '-4', 'addr', 'show', 'ens0'])).stdout, /inet /);
  const file = (await host.run(['cat', '/etc/network/interfaces'])).stdout;
  assert.match(file, /^# by hand\nauto ens0\niface ens0 inet manual\n\nauto br-ex\niface br-ex inet static\n/);
}

describe('a move by hand that half failed', { skip, timeout: 240_000 }, () => {
  for (const [name, { lines, wrong }] of Object.entries(recipes))
    test(`${name}: repair says so and finishes it`, async () => {
      const world = await createNicWorld({
        lines: [...start, ...lines],
        etc: { '/etc/network/interfaces': interfaces },
      });
      try {
        const done = await world.nic('repair', 'ens0', '--yes', '--json');
        assert.deepEqual(
          [JSON.parse(done.stdout).outcome, codes(done)],
          ['confirmed', wrong],
          done.stdout + done.stderr,
        );
        await isWell(world);
        const again = await world.nic('repair', 'ens0', '--json');
        assert.deepEqual([again.code, JSON.parse(again.stdout).outcome], [0, 'already']);
        const status = await world.nic('status', '--json');
        assert.deepEqual([status.code, JSON.parse(status.stdout)[0].inPlace], [0, true]);
      } finally {
        await world.close();
      }
    });

  test('a repair that is not confirmed leaves what it found', async () => {
    const { lines = [] } = recipes['the NIC was flushed, and the connection was gone'] ?? {};
    const world = await createNicWorld({ lines: [...start, ...lines], etc: { '/etc/network/interfaces': interfaces } });
    try {
      const before = await world.text();
      await world.nic('repair', 'ens0', '--json');
      await world.nic('rollback');
      assert.equal(await world.text(), before);
    } finally {
      await world.close();
    }
  });
});
