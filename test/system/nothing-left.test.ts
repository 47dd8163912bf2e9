import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { hostText } from './support/host-text.ts';
import { eventually, skip, startBareCloud } from './support/small-cloud.ts';

describe('what is deleted through the API leaves nothing on the host', { skip, timeout: 180_000 }, () => {
  test('the host is the same before the first network and after the last', async () => {
    const c = await startBareCloud();
    try {
      const [host] = c.cloud.hosts;
      if (!host) throw new Error('no host');
      const folder = c.cloud.agentDir(0);
      const foreign = ['iptables', '-A', 'FORWARD', '-s', '192.0.2.200/32', '-j', 'ACCEPT'];
      await host.run(foreign);
      await host.run(['ip', 'netns', 'add', 'foreign']);
      const before = await hostText(host, folder);

      const made = await c.build();
      const web = await made.boot('web');
      const server = await serve(host, 'web', { tcp: [8080] }, 'web');
      const fip = await made.floatingIp();
      const inner = { internal_ip_address: web.lease.ip, internal_port_id: web.port.id, protocol: 'tcp' } as const;
      await c.api.portForwardings(fip.id).create({ ...inner, internal_port: 8080, external_port: 9000 });
      await eventually(
        'the forwarded port answers',
        async () => (await fetchPage(c.cloud.world, fip.address, 9000, { ms: 700 })).reached,
      );
      assert.notEqual(await hostText(host, folder), before);

      for (const row of await c.api.portForwardings(fip.id).list()) await c.api.portForwardings(fip.id).remove(row.id);
      await c.api.floatingIps.remove(fip.id);
      await c.api.ports.remove(web.port.id);
      host.kill(server);
      await host.run(['ip', 'netns', 'del', 'web']);
      await c.api.routers.action(made.router.id, 'remove_router_interface', { subnet_id: made.subnetId });
      await c.api.routers.remove(made.router.id);
      await c.api.networks.remove(made.inside.id);
      await c.api.networks.remove(made.external.id);
      let now = '';
      await eventually('the host is as before', async () => {
        now = await hostText(host, folder);
        return now === before;
      }).catch(() => assert.equal(now, before));
    } finally {
      await c.close();
    }
  });
});
