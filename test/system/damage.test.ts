import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from '../../src/lab/cloud.ts';
import { patient } from '../../src/lab/host.ts';
import { dhcp } from '../../src/lab/instance.ts';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { hostText, textDifference } from './support/host-text.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';
import { variants } from './support/variants.ts';

/** What somebody does by hand: a script for the host; $router, $dhcp, $tap, $fip, $pid are there. */
const damages: readonly { readonly what: string; readonly script: string }[] = [
  { what: 'the address of a floating IP', script: 'ip -n $router address del $fip/32 dev $gateway' },
  {
    what: 'the rules of the router',
    script: 'ip netns exec $router iptables -t nat -F; ip netns exec $router nft flush ruleset',
  },
  { what: 'the namespace of the router', script: 'ip netns del $router' },
  { what: 'the namespace of the DHCP service', script: 'ip netns del $dhcp' },
  { what: 'dnsmasq', script: 'kill -9 $pid' },
  { what: 'the tap’s place on its switch', script: '$unplug' },
  { what: 'the rules of the port', script: '$flush' },
];

/** What repairs it, and the resync interval meanwhile: longer than a test waits, or shorter. */
const ways = [
  ['at once by neutrino agent sync', 600],
  ['by itself within the resync interval', 5],
] as const;

const unplug = { linuxbridge: 'ip link set $tap nomaster', openvswitch: 'ovs-vsctl clear Port $tap tag' };
const flush = {
  linuxbridge: 'iptables -F; nft delete table bridge neutrino',
  openvswitch: 'ovs-ofctl -OOpenFlow13 del-flows br-int',
};

for (const [way, seconds] of ways)
  for (const variant of variants)
    describe(`what somebody breaks by hand comes back ${way}: ${variant.name}`, {
      skip: skip || variant.skip,
      timeout: patient(400_000),
    }, () => {
      let c: SmallCloud;
      let web: Instance;
      let fip: { id: string; address: string };
      let agent: Daemon | undefined;

      before(async () => {
        c = await startSmallCloud({
          ...variant.options,
          started: (daemon, role) => {
            if (role === 'agent') agent = daemon;
          },
          agentFiles: { 'resync.ini': `[neutrino]\nresync_interval = ${seconds}\n` },
        });
        web = await c.boot('web');
        await serve(web.host, 'web', { tcp: [8080] }, 'web');
        fip = await c.floatingIp();
        const inner = { internal_ip_address: web.lease.ip, internal_port_id: web.port.id, protocol: 'tcp' } as const;
        await c.api.portForwardings(fip.id).create({ ...inner, internal_port: 8080, external_port: 9000 });
        await eventually('the forwarded port answers', reached);
      });
      after(() => c?.close());

      const reached = async () => (await fetchPage(c.cloud.world, fip.address, 9000, { ms: 700 })).reached;
      const look = () => hostText(web.host, c.cloud.agentDir(0));
      const sync = async () => {
        const dir = c.cloud.agentDir(0);
        const { code, stderr } = await c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', dir]);
        assert.equal(code, 0, stderr);
      };

      async function damage(script: string): Promise<void> {
        const driver = variant.options.driver ?? 'linuxbridge';
        const settings = [
          `router=qrouter-${c.router.id} dhcp=qdhcp-${c.inside.id} tap=tap${web.port.id.slice(0, 11)} fip=${fip.address}`,
          'gateway=$(ip -n $router -br link | sed -n "s/^\\(qg-[^@ ]*\\).*/\\1/p")',
          `pid=$(cat ${c.cloud.agentDir(0)}/dhcp/${c.inside.id}/pid)`,
        ];
        const text = script.replace('$unplug', unplug[driver]).replace('$flush', flush[driver]);
        await web.host.run(['bash', '-c', [...settings, 'set -e', text].join('\n')]);
      }

      const works = async () => {
        await eventually('the forwarded port answers', reached);
        assert.ok(await dhcp(web.host, 'web', 10), 'a lease is renewed');
      };

      for (const { what, script } of damages)
        test(what, async () => {
          await sync();
          const was = await look();
          await damage(script);
          if (way === 'at once by neutrino agent sync') await sync();
          // What was made anew is told by the kernel or the switch, and looked at once more.
          let is = '';
          await eventually('the host is as before', async () => {
            is = await look();
            return is === was;
          }).catch(() => assert.fail(textDifference(was, is)));
          await works();
        });

      test('agent plan says what would be done and why, and does nothing', async () => {
        await sync();
        // One that runs would repair it before it is asked.
        await agent?.kill('SIGTERM');
        await web.host.run(['ip', 'netns', 'del', `qdhcp-${c.inside.id}`]);
        const { stdout, stderr } = await c.cloud.neutrino(0, ['agent', 'plan', '--state-dir', c.cloud.agentDir(0)]);
        const line = new RegExp(`^add +namespace qdhcp-${c.inside.id} +— dhcp/${c.inside.id} is wanted$`, 'm');
        assert.match(stdout, line, stderr);
        const namespaces = await web.host.run(['ls', '/run/netns']);
        assert.ok(!namespaces.stdout.includes('qdhcp'), 'nothing was done');
      });
    });
