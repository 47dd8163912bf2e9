import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { outside } from '../../src/lab/cloud.ts';
import { askUdp, fetchPage, holdConnection, serve } from '../../src/lab/probe.ts';
import { deviceSuffix } from '../../src/model/host-objects.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

const answers = (c: SmallCloud, address: string, port: number) =>
  eventually(`http://${address}:${port}/ answers`, async () => {
    const page = await fetchPage(c.cloud.world, address, port, { ms: 1000 });
    return page.reached && page.text;
  });

const falls = (c: SmallCloud, address: string, port: number) =>
  eventually(`http://${address}:${port}/ is shut`, async () => {
    const page = await fetchPage(c.cloud.world, address, port, { ms: 700 });
    return !page.reached;
  });

describe('one host: DHCP, routers, floating IPs, port forwarding', { skip, timeout: 240_000 }, () => {
  let c: SmallCloud;
  let web: Instance;

  before(async () => {
    c = await startSmallCloud();
    web = await c.boot('web');
    await serve(web.host, 'web', { tcp: [8080, 8081, 8082, 8083, 8084, 8085, 8086, 8087], udp: [5000] }, 'web');
  });
  after(() => c?.close());

  test('the lease holds address, router, DNS servers and the MTU of the network', () => {
    const [fixed] = web.port.fixed_ips;
    assert.deepEqual(web.lease, {
      ip: fixed?.ip_address,
      mask: 24,
      router: '10.100.0.1',
      dns: ['192.0.2.53'],
      mtu: 1450,
    });
  });

  test('every device on the way has the MTU of its network', async () => {
    const links = JSON.parse((await web.host.run(['ip', '-j', 'link'])).stdout) as { ifname: string; mtu: number }[];
    const mtu = (name: string) => links.find((link) => link.ifname === name)?.mtu;
    assert.equal(mtu(`brq${deviceSuffix(c.inside.id)}`), 1450);
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

  test('SNAT: the instance reaches the world from the address of the gateway', async () => {
    await serve(c.cloud.world, 'far', { tcp: [80] }, '');
    const gateway = (await c.api.routers.show(c.router.id)).external_gateway_info?.external_fixed_ips?.[0]?.ip_address;
    const page = await eventually('the world answers', async () => {
      const answer = await fetchPage(web.host, outside.far, 80, { netns: 'web', ms: 1500 });
      return answer.reached && answer.text;
    });
    assert.equal(page, `hello from far port 80 to ${gateway}\n`);
  });

  test('a TCP and a UDP port are forwarded, and one protocol is not the other', async () => {
    const fip = await c.floatingIp();
    const inner = { internal_ip_address: web.lease.ip, internal_port_id: web.port.id };
    const forwardings = c.api.portForwardings(fip.id);
    const tcp = await forwardings.create({ ...inner, internal_port: 8080, external_port: 9000, protocol: 'tcp' });
    await forwardings.create({ ...inner, internal_port: 5000, external_port: 9000, protocol: 'udp' });
    assert.equal(await answers(c, fip.address, 9000), `hello from web port 8080 to ${outside.gateway}\n`);
    const echo = await eventually('the UDP echo', async () => {
      const answer = await askUdp(c.cloud.world, fip.address, 9000, 'hi', { ms: 700 });
      return answer.reached && answer.text;
    });
    assert.equal(echo, 'echo 5000 hi');
    await forwardings.remove(tcp.id);
    await falls(c, fip.address, 9000);
    const still = await askUdp(c.cloud.world, fip.address, 9000, 'hi');
    assert.equal(still.reached && still.text, 'echo 5000 hi');
  });

  test('ranges: N to N with the offset, N to one', async () => {
    const fip = await c.floatingIp();
    const inner = { internal_ip_address: web.lease.ip, internal_port_id: web.port.id, protocol: 'tcp' } as const;
    const forwardings = c.api.portForwardings(fip.id);
    await forwardings.create({ ...inner, internal_port_range: '8081:8083', external_port_range: '9101:9103' });
    await forwardings.create({ ...inner, internal_port_range: '8080:8080', external_port_range: '9200:9209' });
    assert.equal(await answers(c, fip.address, 9101), `hello from web port 8081 to ${outside.gateway}\n`);
    assert.equal(await answers(c, fip.address, 9103), `hello from web port 8083 to ${outside.gateway}\n`);
    assert.equal(await answers(c, fip.address, 9207), `hello from web port 8080 to ${outside.gateway}\n`);
    await falls(c, fip.address, 9104);
  });

  test('deleting a forwarding cuts its connections and no others', async () => {
    const fip = await c.floatingIp();
    const inner = { internal_ip_address: web.lease.ip, internal_port_id: web.port.id, protocol: 'tcp' } as const;
    const forwardings = c.api.portForwardings(fip.id);
    const one = await forwardings.create({
      ...inner,
      internal_port_range: '8084:8085',
      external_port_range: '9301:9302',
    });
    await forwardings.create({ ...inner, internal_port: 8086, external_port: 9303 });
    await answers(c, fip.address, 9303);
    await answers(c, fip.address, 9301);
    const goes = await holdConnection(c.cloud.world, fip.address, 9302);
    const stays = await holdConnection(c.cloud.world, fip.address, 9303);
    await forwardings.remove(one.id);
    await goes.untilCut(500, 10_000);
    await stays.nextTick(1000);
    assert.ok(stays.silence() < 1000, 'the other connection goes on');
    await falls(c, fip.address, 9301);
    goes.close();
    stays.close();
  });

  test('a floating IP of a port works both ways', async () => {
    const db = await c.boot('db');
    await serve(db.host, 'db', { tcp: [8080] }, 'db');
    const fip = await c.floatingIp(db.port.id);
    assert.equal(await answers(c, fip.address, 8080), `hello from db port 8080 to ${outside.gateway}\n`);
    const page = await fetchPage(db.host, outside.far, 80, { netns: 'db' });
    assert.equal(page.reached && page.text, `hello from far port 80 to ${fip.address}\n`);
    await eventually(
      'the floating IP is ACTIVE',
      async () => (await c.api.floatingIps.show(fip.id)).status === 'ACTIVE',
    );
    const held = await holdConnection(c.cloud.world, fip.address, 8080);
    await c.api.floatingIps.update(fip.id, { port_id: null });
    await held.untilCut(500, 10_000);
    held.close();
    await falls(c, fip.address, 8080);
  });

  test('hairpin: an instance reaches a forwarded port of its own network by the floating IP', async () => {
    const fip = await c.floatingIp();
    const inner = { internal_ip_address: web.lease.ip, internal_port_id: web.port.id, protocol: 'tcp' } as const;
    await c.api.portForwardings(fip.id).create({ ...inner, internal_port: 8087, external_port: 9401 });
    await c.api.portForwardings(fip.id).list();
    const other = await c.boot('other');
    const page = await eventually('the hairpin', async () => {
      const answer = await fetchPage(other.host, fip.address, 9401, { netns: 'other', ms: 1500 });
      return answer.reached && answer.text;
    });
    assert.match(page, /^hello from web port 8087 to /);
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

  test('deleting the port takes its forwardings along', async () => {
    const gone = await c.boot('gone');
    await serve(gone.host, 'gone', { tcp: [8080] }, 'gone');
    const fip = await c.floatingIp();
    const inner = { internal_ip_address: gone.lease.ip, internal_port_id: gone.port.id, protocol: 'tcp' } as const;
    await c.api.portForwardings(fip.id).create({ ...inner, internal_port: 8080, external_port: 9501 });
    await answers(c, fip.address, 9501);
    await c.api.ports.remove(gone.port.id);
    await falls(c, fip.address, 9501);
    assert.deepEqual(await c.api.portForwardings(fip.id).list(), []);
    await eventually('the chain is gone', async () => {
      const nat = await gone.host.run(['iptables', '-t', 'nat', '-S'], { netns: `qrouter-${c.router.id}` });
      return !nat.stdout.includes('--dport 9501');
    });
  });
});
