import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fetchPage, serve } from '../../src/lab/probe.ts';
import { deviceSuffix } from '../../src/model/host-objects.ts';
import {
  drivers,
  eventually,
  type Instance,
  type SmallCloud,
  skipDriver,
  startSmallCloud,
} from './support/small-cloud.ts';

for (const driver of drivers)
  describe(`one host: leases, MTU, security groups, by ${driver}`, {
    skip: skipDriver(driver),
    timeout: 240_000,
  }, () => {
    let c: SmallCloud;
    let web: Instance;

    before(async () => {
      c = await startSmallCloud({ driver });
      web = await c.boot('web');
      await serve(web.host, 'web', { tcp: [8080, 8081, 8082, 8083, 8084, 8085, 8086, 8087], udp: [5000] }, 'web');
    });
    after(() => c?.close());

    test('the lease holds address, router, DNS servers, the MTU of the network and the way to metadata', () => {
      const [fixed] = web.port.fixed_ips;
      const { server, ...lease } = web.lease;
      assert.match(server ?? '', /^10\.100\.0\./);
      assert.deepEqual(lease, {
        ip: fixed?.ip_address,
        mask: 24,
        router: '10.100.0.1',
        dns: ['192.0.2.53'],
        mtu: 1450,
        routes: ['169.254.169.254/32 10.100.0.1', '0.0.0.0/0 10.100.0.1'],
      });
    });

    test('every device on the way has the MTU of its network', async () => {
      const links = JSON.parse((await web.host.run(['ip', '-j', 'link'])).stdout) as { ifname: string; mtu: number }[];
      const mtu = (name: string) => links.find((link) => link.ifname === name)?.mtu;
      if (driver === 'linuxbridge') assert.equal(mtu(`brq${deviceSuffix(c.inside.id)}`), 1450);
      assert.equal(mtu(`tap${deviceSuffix(web.port.id)}`), 1450);
      const ports = await c.api.ports.list({ network_id: c.inside.id });
      for (const port of ports) assert.equal(mtu(`tap${deviceSuffix(port.id)}`), 1450, port.device_owner);
      const routerLinks = await web.host.run(['ip', '-j', 'link'], { netns: `qrouter-${c.router.id}` });
      for (const link of JSON.parse(routerLinks.stdout) as { ifname: string; mtu: number }[]) {
        if (link.ifname.startsWith('qr-')) assert.equal(link.mtu, 1450);
        if (link.ifname.startsWith('qg-')) assert.equal(link.mtu, 1500);
      }
    });

    test('the port is ACTIVE once it is wired', async () => {
      await eventually('the port is ACTIVE', async () => (await c.api.ports.show(web.port.id)).status === 'ACTIVE');
    });

    test('security groups let in what they say and nothing else, also while connections are open', async () => {
      const closed = await c.api.securityGroups.create({ name: 'closed' });
      const guarded = await c.boot('guarded', { draft: { security_groups: [closed.id] } });
      await serve(guarded.host, 'guarded', { tcp: [8080, 8081] }, 'guarded');
      const reach = (port: number) => fetchPage(web.host, guarded.lease.ip, port, { netns: 'web', ms: 700 });
      assert.equal((await reach(8080)).reached, false);
      const rule = { security_group_id: closed.id, direction: 'ingress', protocol: 'tcp' } as const;
      const made = await c.api.securityGroupRules.create({
        ...rule,
        port_range_min: 8080,
        port_range_max: 8080,
        remote_group_id: c.open.id,
      });
      await eventually('the rule lets 8080 in', async () => (await reach(8080)).reached);
      assert.equal((await reach(8081)).reached, false);
      await c.api.securityGroupRules.remove(made.id);
      await eventually('8080 is shut again', async () => !(await reach(8080)).reached);
    });

    test('anti-spoofing: a packet from an address that is not the port’s is dropped', async () => {
      const spoof = await c.boot('spoof');
      const ping = ['ping', '-c', '1', '-W', '1', web.lease.ip];
      await spoof.host.run(ping, { netns: 'spoof' });
      await spoof.host.run(['ip', 'address', 'add', '10.100.0.250/24', 'dev', 'eth0'], { netns: 'spoof' });
      const lied = await spoof.host.run([...ping, '-I', '10.100.0.250'], { netns: 'spoof', mayFail: true });
      assert.notEqual(lied.code, 0, 'a spoofed source is answered');
      const honest = await spoof.host.run([...ping, '-I', spoof.lease.ip], { netns: 'spoof' });
      assert.equal(honest.code, 0);
    });
  });
