/** `neutrino mtu probe` on clouds that are broken in the ways that MTUs are broken: it names what is wrong. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { probeSentences } from '../../src/cli/mtu/probe-sentences.ts';
import { type Daemon, outside } from '../../src/lab/cloud.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { unequalPlaces } from '../../src/lib/catalogue.ts';
import { attach, neutrinoOn } from './support/attach.ts';
import { eventually, type Instance, type SmallCloud, skipDriver, startSmallCloud } from './support/small-cloud.ts';

interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly remedy: readonly string[];
  readonly [member: string]: unknown;
}

interface Way {
  readonly from: { readonly namespace: string };
  readonly to: { readonly ip: string; readonly kind: string };
  readonly largest: number;
  readonly above: { readonly bytes: number; readonly sent: unknown };
  readonly hops: readonly { readonly kind: string; readonly device: string; readonly mtu: number }[];
}

test('every sentence has the same places in both languages', () => {
  assert.deepEqual(unequalPlaces(probeSentences), []);
});

for (const driver of ['linuxbridge', 'openvswitch'] as const)
  describe(`mtu probe, ${driver}`, { skip: skipDriver(driver), timeout: 400_000 }, () => {
    const onBridges = driver === 'linuxbridge' ? false : 'the switch has no device of its own for it';

    let c: SmallCloud;
    let near: Instance;
    let far: Instance;
    let first: LabHost;
    let second: LabHost;
    const agents: Daemon[] = [];

    before(async () => {
      c = await startSmallCloud({
        hosts: 2,
        driver,
        started: (daemon, role) => {
          if (role === 'agent') agents.push(daemon);
        },
      });
      near = await attach(c, 'near', 0);
      far = await attach(c, 'far', 1);
      [first, second] = [near.host, far.host];
      await eventually('near reaches far', async () => {
        const ping = ['ping', '-c', '1', '-W', '1', far.lease.ip];
        return (await first.run(ping, { netns: 'near', mayFail: true })).code === 0;
      });
    });
    after(() => c?.close());

    async function probe(...args: string[]) {
      const where = ['--state-dir', c.cloud.agentDir(0)];
      const outcome = await neutrinoOn(c, 0, ['mtu', 'probe', ...args, '--json', ...where], 120_000);
      assert.ok(outcome.stdout !== '', outcome.stderr);
      const { findings, ways } = JSON.parse(outcome.stdout) as { findings: Finding[]; ways: Way[] };
      return { code: outcome.code, findings, ways };
    }
    /** Does something while the agent of the first host is away, which would repair what is broken; then it repairs it. */
    async function withoutAgent(work: () => Promise<void>): Promise<void> {
      await agents[0]?.kill('SIGKILL');
      try {
        await work();
      } finally {
        const daemon = await c.cloud.startAgent(0);
        agents.pop();
        agents[0] = daemon;
      }
      const sync = await neutrinoOn(c, 0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
      assert.equal(sync.code, 0, sync.stderr);
      const repaired = await probe('near', '--to', far.lease.ip);
      assert.deepEqual(repaired.findings, []);
    }
    const codes = (findings: readonly Finding[]) => findings.map(({ code, severity }) => `${severity} ${code}`);

    test('a healthy cloud: full size passes everywhere, one byte more is refused, nothing is found', async () => {
      const { code, findings, ways } = await probe('inside');
      assert.deepEqual(findings, []);
      assert.equal(code, 0);
      const fromNear = ways.filter(({ from }) => from.namespace === 'near');
      assert.deepEqual(
        fromNear.map(({ to, largest, above }) => [to.kind, largest, above]),
        ['gateway', 'port', 'outside'].map((kind) => [
          kind,
          1450,
          { bytes: 1451, sent: { outcome: 'refused', mtu: 1450, by: null } },
        ]),
      );
      const tunnelled = fromNear.find(({ to }) => to.ip === far.lease.ip);
      assert.deepEqual(
        tunnelled?.hops.map(({ kind, mtu }) => `${kind} ${mtu}`),
        driver === 'linuxbridge'
          ? ['sender 1450', 'tap 1450', 'bridge 1450', 'tunnel 1450', 'underlay 1500']
          : ['sender 1450', 'tap 1450', 'underlay 1500'],
      );
      assert.ok(ways.some(({ from }) => from.namespace === `qdhcp-${c.inside.id}`));
    });

    test('one port, and one address', async () => {
      const { code, ways } = await probe('near', '--to', outside.far);
      assert.equal(code, 0);
      assert.deepEqual(
        ways.map(({ to, largest }) => [to.ip, largest]),
        [[outside.far, 1450]],
      );
    });

    test('an underlay smaller than configured, of which no device says anything: a black hole', async (t) => {
      // What a switch between the hosts does whose ports carry 1400 bytes.
      const { world } = c.cloud;
      const hook = 'type filter hook forward priority 0';
      const rule = `table bridge hole { chain between { ${hook}; meta length > 1400 drop; }; }`;
      await world.run(['nft', '-f', '-'], { input: rule });
      t.after(() => world.run(['nft', 'delete', 'table', 'bridge', 'hole']));
      const { code, findings } = await probe('inside');
      assert.equal(code, 2);
      assert.equal(findings.length, 1, JSON.stringify(findings));
      assert.deepEqual(findings[0], {
        ...{ code: 'underlay-small', severity: 'failure', host: second.name, from: '192.0.2.1', to: '192.0.2.2' },
        ...{
          device: driver === 'linuxbridge' ? 'eth0' : 'br-phys',
          mtu: 1500,
          carries: 1400,
          needs: 1500,
          silent: true,
        },
        remedy: ['[ml2] path_mtu = 1400', 'neutrino mtu audit --fix'],
      });
      const words = await neutrinoOn(c, 0, [
        'mtu',
        'probe',
        'inside',
        '--state-dir',
        c.cloud.agentDir(0),
        '--lang',
        'zh',
      ]);
      assert.match(words.stdout, /故障 underlay-small: .*只能承载 1400 字节,而隧道需要 1500/);
    });

    test('an underlay whose own device is too small', { skip: onBridges }, async (t) => {
      await first.run(['ip', 'link', 'set', 'eth0', 'mtu', '1480']);
      t.after(() => first.run(['ip', 'link', 'set', 'eth0', 'mtu', '1500']));
      const { code, findings } = await probe('near', '--to', far.lease.ip);
      assert.equal(code, 2);
      const [finding] = findings;
      assert.deepEqual([finding?.code, finding?.mtu, finding?.carries], ['underlay-small', 1480, 1480]);
    });

    for (const [what, device] of [
      ['a tap', () => `tap${near.port.id.slice(0, 11)}`],
      ['a bridge', () => `brq${c.inside.id.slice(0, 11)}`],
    ] as const)
      test(
        `${what} at 1500 in a network of 1450, and what repairs it`,
        { skip: what === 'a bridge' && onBridges },
        () =>
          withoutAgent(async () => {
            await first.run(['ip', 'link', 'set', device(), 'mtu', '1500']);
            const { code, findings } = await probe('inside');
            assert.equal(code, 1);
            assert.deepEqual(codes(findings), ['warning device-differs']);
            const [finding] = findings;
            assert.deepEqual([finding?.device, finding?.mtu, finding?.expected], [device(), 1500, 1450]);
            assert.deepEqual(finding?.remedy, ['neutrino agent sync']);
          }),
      );

    test('a tap that is too small is the first device that is wrong', () =>
      withoutAgent(async () => {
        const tap = `tap${near.port.id.slice(0, 11)}`;
        await first.run(['ip', 'link', 'set', tap, 'mtu', '1300']);
        const { code, findings } = await probe('near', '--to', far.lease.ip);
        assert.equal(code, 2);
        assert.deepEqual(codes(findings), ['failure device-differs']);
        assert.equal(findings[0]?.device, tap);
      }));

    test('a guest that ignored option 26: what it sends too large vanishes', async () => {
      await first.run(['ip', '-n', 'near', 'link', 'set', 'eth0', 'mtu', '1500']);
      const { code, findings } = await probe('near');
      assert.equal(code, 2);
      assert.deepEqual(codes(findings), ['failure guest-differs']);
      const [finding] = findings;
      assert.deepEqual([finding?.port, finding?.mtu, finding?.expected, finding?.lost], ['near', 1500, 1450, 1500]);
      for (const command of finding?.remedy ?? []) await first.run(['sh', '-c', command]);
      assert.equal((await probe('near')).code, 0);
    });

    test('a router that swallows "fragmentation needed" where the way out is smaller', async () => {
      await c.api.networks.update(c.external.id, { mtu: 1400 });
      await eventually('the gateway has 1400', async () => {
        const link = await first.run(['ip', '-o', 'link'], { netns: `qrouter-${c.router.id}` });
        return /qg-\S+ .* mtu 1400 /.test(link.stdout);
      });
      const told = await probe('near', '--to', outside.gateway);
      assert.deepEqual(told.findings, []);
      const gateway = '10.100.0.1';
      assert.deepEqual(told.ways[0]?.above, { bytes: 1401, sent: { outcome: 'refused', mtu: 1400, by: gateway } });
      const rule = ['OUTPUT', '-p', 'icmp', '--icmp-type', 'fragmentation-needed', '-j', 'DROP'];
      await first.run(['iptables', '-I', ...rule], { netns: `qrouter-${c.router.id}` });
      const { code, findings } = await probe('inside');
      assert.equal(code, 2);
      assert.deepEqual([...new Set(codes(findings))], ['failure error-swallowed']);
      const [finding] = findings;
      assert.deepEqual([finding?.router, finding?.largest, finding?.lost], ['r1', 1400, 1401]);
      const shown = await first.run(['sh', '-c', finding?.remedy[0] ?? '']);
      assert.match(shown.stdout, /fragmentation|icmp-type 3\/4/);
      await first.run(['iptables', '-D', ...rule], { netns: `qrouter-${c.router.id}` });
      await c.api.networks.update(c.external.id, { mtu: 1500 });
    });

    test('the other host: everything here is right, so it is named', { skip: onBridges }, async (t) => {
      const hook = `type filter hook ingress device vxlan-${c.inside['provider:segmentation_id']} priority 0`;
      const rule = `table netdev hole { chain in { ${hook}; meta length > 1300 drop; }; }`;
      await second.run(['nft', '-f', '-'], { input: rule });
      t.after(() => second.run(['nft', 'delete', 'table', 'netdev', 'hole']));
      const { code, findings } = await probe('near', '--to', far.lease.ip);
      assert.equal(code, 2);
      const [finding] = findings;
      assert.deepEqual([finding?.code, finding?.host, finding?.largest], ['elsewhere', second.name, 1300]);
    });

    test('IPv6: the same, by packets of its own', async () => {
      const { id: networkId } = c.inside;
      const draft = { network_id: networkId, cidr: '2001:db8:77::/64', ip_version: 6, enable_dhcp: false } as const;
      const subnet = await c.api.subnets.create(draft);
      const rule = {
        security_group_id: c.open.id,
        direction: 'ingress',
        ethertype: 'IPv6',
        protocol: 'ipv6-icmp',
      } as const;
      await c.api.securityGroupRules.create(rule);
      const addresses: string[] = [];
      for (const [at, one] of [near, far].entries()) {
        const ip_address = `2001:db8:77::${at + 5}`;
        const { fixed_ips: four } = await c.api.ports.show(one.port.id);
        await c.api.ports.update(one.port.id, { fixed_ips: [...four, { subnet_id: subnet.id, ip_address }] });
        await one.host.run(['ip', '-n', one.netns, 'address', 'add', `${ip_address}/64`, 'dev', 'eth0', 'nodad']);
        addresses.push(ip_address);
      }
      const [, target = ''] = addresses;
      await eventually('near reaches far', async () => {
        const ping = ['ping', '-6', '-c', '1', '-W', '1', target];
        return (await first.run(ping, { netns: 'near', mayFail: true })).code === 0;
      });
      const { code, findings, ways } = await probe('near', '--to', target);
      assert.deepEqual([code, findings], [0, []]);
      assert.deepEqual(ways[0]?.above, { bytes: 1451, sent: { outcome: 'refused', mtu: 1450, by: null } });
    });

    test('what cannot be probed is said: no such thing, no place here, no answer', async () => {
      const nowhere = await neutrinoOn(c, 0, ['mtu', 'probe', 'nowhere', '--state-dir', c.cloud.agentDir(0)]);
      assert.deepEqual([nowhere.code, /There is no network or port "nowhere"/.test(nowhere.stderr)], [2, true]);
      await c.api.networks.create({ name: 'empty' });
      const empty = await neutrinoOn(c, 0, ['mtu', 'probe', 'empty', '--state-dir', c.cloud.agentDir(0)]);
      assert.deepEqual([empty.code, /Nothing on this host belongs/.test(empty.stderr)], [2, true]);
      const silent = await probe('near', '--to', '10.100.0.250');
      assert.deepEqual([silent.code, codes(silent.findings)], [1, ['warning unreachable']]);
    });
  });
