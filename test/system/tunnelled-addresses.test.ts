/** Addresses that no port is told to have, on a network between two hosts: ones that move, and those that IPv6 makes by itself. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, type Instance, type SmallCloud, skipDriver, startSmallCloud } from './support/small-cloud.ts';

const shared = '10.100.0.240';

for (const driver of ['linuxbridge', 'openvswitch'] as const)
  describe(`addresses through the tunnel, ${driver}`, { skip: skipDriver(driver), timeout: 180_000 }, () => {
    let c: SmallCloud;
    let near: Instance;
    let far: Instance;
    const pair = { allowed_address_pairs: [{ ip_address: shared }] };

    before(async () => {
      c = await startSmallCloud({ hosts: 2, driver });
      const rule = {
        security_group_id: c.open.id,
        direction: 'ingress',
        ethertype: 'IPv6',
        protocol: 'ipv6-icmp',
      } as const;
      await c.api.securityGroupRules.create(rule);
      near = await c.boot('near', { on: 0, draft: pair });
      far = await c.boot('far', { on: 1, draft: pair });
    });
    after(() => c?.close());

    const answers = async (who: Instance, ...to: string[]) => {
      const ping = ['ping', '-n', '-c', '1', '-W', '1', ...to];
      return (await who.host.run(ping, { netns: who.netns, mayFail: true })).code === 0;
    };
    const holds = (who: Instance, verb: 'add' | 'del') =>
      who.host.run(['ip', '-n', who.netns, 'address', verb, `${shared}/32`, 'dev', 'eth0']);

    test('an address of an allowed pair is found on the other host, and after it has moved on this one', async () => {
      await holds(far, 'add');
      await eventually('near finds it on far', () => answers(near, shared));
      await holds(far, 'del');
      await holds(near, 'add');
      await eventually('far finds it on near', () => answers(far, shared));
      await holds(near, 'del');
    });

    test('the link-local address of an instance on the other host answers', async () => {
      const shown = await far.host.run([
        'ip',
        '-n',
        'far',
        '-o',
        '-6',
        'address',
        'show',
        'dev',
        'eth0',
        'scope',
        'link',
      ]);
      const [, address = ''] = /inet6 (fe80:\S+)\/64/.exec(shown.stdout) ?? [];
      assert.notEqual(address, '');
      await eventually('near reaches it', () => answers(near, '-6', '-I', 'eth0', address));
    });
  });
