import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CloudOptions, Daemon } from '../../src/lab/cloud.ts';
import type { LabDriver } from '../../src/lab/ground.ts';
import { dhcp, plugInstance } from '../../src/lab/instance.ts';
import {
  drivers,
  eventually,
  type Instance,
  type SmallCloud,
  skip,
  skipDriver,
  startSmallCloud,
} from './support/small-cloud.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA me@example';
const userData = '#cloud-config\nhostname: web\n';

/** What a request for metadata came to, by curl in the namespace of an instance. */
async function ask(instance: Pick<Instance, 'host' | 'netns'>, path: string, ...options: string[]) {
  return askAt('169.254.169.254', instance, path, ...options);
}

/** The same by IPv6, on the link. */
const ask6 = (instance: Pick<Instance, 'host' | 'netns'>, path: string, ...options: string[]) =>
  askAt('[fe80::a9fe:a9fe%25eth0]', instance, path, ...options);

async function askAt(at: string, instance: Pick<Instance, 'host' | 'netns'>, path: string, ...options: string[]) {
  const url = `http://${at}${path}`;
  const argv = ['curl', '-s', '-m', '5', '-w', '\\n%{http_code} %header{retry-after}', ...options, url];
  const { stdout } = await instance.host.run(argv, { netns: instance.netns, mayFail: true });
  const [, body = '', status = '', retryAfter = ''] = /^(.*)\n(\d+) (\d*)$/s.exec(stdout) ?? [];
  return { body, status: Number(status), retryAfter };
}

for (const nat of ['iptables', 'nftables'] as const)
  describe(`metadata by a router with ${nat}, told by the agent itself`, { skip, timeout: 180_000 }, () => {
    let c: SmallCloud;
    let web: Instance;
    let agent: Daemon | undefined;

    before(async () => {
      c = await startSmallCloud({
        nat,
        started: (daemon, role) => {
          if (role === 'agent') agent = daemon;
        },
      });
      const profile = { public_keys: { me: key }, user_data: Buffer.from(userData).toString('base64') };
      web = await c.boot('web', { draft: { name: 'Web 1', 'binding:profile': profile } });
    });
    after(() => c?.close());

    test("the trees of EC2 tell of the instance's id, name, address and key", async () => {
      const answers = async (path: string) => (await ask(web, path)).body;
      assert.equal(await answers('/latest/meta-data/instance-id'), 'web');
      assert.equal(await answers('/latest/meta-data/hostname'), 'web-1.openstacklocal');
      assert.equal(await answers('/2009-04-04/meta-data/local-ipv4'), web.lease.ip);
      assert.equal(await answers('/latest/meta-data/mac'), web.port.mac_address);
      assert.equal(await answers('/latest/meta-data/public-keys/'), '0=me');
      assert.equal(await answers('/latest/meta-data/public-keys/0/openssh-key'), `${key}\n`);
      assert.equal(await answers('/latest/user-data'), userData);
      assert.match(await answers('/latest/meta-data/'), /^instance-id$/m);
      assert.equal((await ask(web, '/latest/meta-data/none')).status, 404);
      assert.equal((await ask(web, '/latest/meta-data/', '-X', 'DELETE')).status, 405);
    });

    test("OpenStack's documents tell the same", async () => {
      const meta = JSON.parse((await ask(web, '/openstack/latest/meta_data.json')).body);
      assert.equal(meta.uuid, 'web');
      assert.equal(meta.project_id, web.port.project_id);
      assert.deepEqual(meta.public_keys, { me: `${key}\n` });
      const network = JSON.parse((await ask(web, '/openstack/latest/network_data.json')).body);
      assert.equal(network.links[0].ethernet_mac_address, web.port.mac_address);
      assert.deepEqual(
        network.networks.map(({ type, network_id }: { type: string; network_id: string }) => [type, network_id]),
        [['ipv4_dhcp', c.inside.id]],
      );
      assert.equal((await ask(web, '/openstack/latest/user_data')).body, userData);
    });

    test('what an instance says of where it asks from is not believed', async () => {
      const other = await c.boot('other');
      const forged = ['-H', `X-Forwarded-For: ${web.lease.ip}`, '-H', `X-Neutron-Network-ID: ${c.inside.id}`];
      assert.equal((await ask(other, '/latest/meta-data/instance-id', ...forged)).body, 'other');
    });

    test('the port of the proxy answers nobody who comes to it directly', async () => {
      const argv = ['curl', '-s', '-m', '1', `http://${(await gatewayOf(c)) ?? ''}:9697/latest/meta-data/`];
      assert.equal((await web.host.run(argv, { netns: 'web', mayFail: true })).code, 28);
    });

    test('an instance is answered by IPv6 on its link, once its router has that', async () => {
      const subnet = await c.api.subnets.create({ network_id: c.inside.id, ip_version: 6, cidr: 'fd00:55::/64' });
      await c.api.routers.action(c.router.id, 'add_router_interface', { subnet_id: subnet.id });
      const six = await c.boot('six');
      await eventually('an answer', async () => (await ask6(six, '/latest/meta-data/instance-id')).body === 'six');
    });

    test('a new name is told at once', async () => {
      await c.api.ports.update(web.port.id, { name: 'renamed' });
      await eventually(
        'the new name',
        async () => (await ask(web, '/latest/meta-data/hostname')).body === 'renamed.openstacklocal',
      );
    });

    test('a key and user data that are given at attach are told, with an id made of where it is attached', async () => {
      const port = await c.api.ports.create({ name: 'keyed', network_id: c.inside.id, security_groups: [c.open.id] });
      const files = { key: join(c.cloud.folder, 'key.pub'), data: join(c.cloud.folder, 'user-data') };
      await writeFile(files.key, `${key}\n`);
      await writeFile(files.data, userData);
      const given = ['--public-key', files.key, '--user-data', files.data, '--state-dir', c.cloud.agentDir(0)];
      const attached = await c.cloud.neutrino(0, ['port', 'attach', 'keyed', '--netns', 'keyed', ...given]);
      assert.equal(attached.code, 0, attached.stderr);
      assert.ok(await dhcp(web.host, 'keyed', 15));
      const keyed = { host: web.host, netns: 'keyed' };
      assert.equal((await ask(keyed, '/latest/meta-data/public-keys/0/openssh-key')).body, `${key}\n`);
      assert.equal((await ask(keyed, '/openstack/latest/user_data')).body, userData);
      assert.equal((await ask(keyed, '/latest/meta-data/instance-id')).body, 'netns:keyed');
      await writeFile(files.key, '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n');
      const refused = await c.cloud.neutrino(0, ['port', 'attach', port.id, '--netns', 'keyed', ...given]);
      assert.match(refused.stderr, /holds no public key/);
      assert.doesNotMatch(refused.stderr, /AAAA\n/);
    });

    test('while the agent is away instances are told to come again at once, and answered when it is back', async () => {
      await agent?.kill('SIGKILL');
      const away = await ask(web, '/latest/meta-data/instance-id');
      assert.deepEqual([away.status, away.retryAfter], [503, '1']);
      await c.cloud.startAgent(0);
      const back = await eventually('an answer', async () => {
        const answer = await ask(web, '/latest/meta-data/instance-id');
        return answer.status === 200 && answer;
      });
      assert.equal(back.body, 'web');
    });

    test('a proxy whose root somebody removed is started anew, with the next agent that makes another', async () => {
      await agent?.kill('SIGKILL');
      await rm(join(c.cloud.agentDir(0), 'metadata_proxy'), { recursive: true });
      await c.cloud.startAgent(0);
      await c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
      assert.equal((await ask(web, '/latest/meta-data/instance-id')).body, 'web');
    });

    test('a proxy that is killed comes back', async () => {
      const pidFile = `${c.cloud.agentDir(0)}/external/pids/${c.router.id}.pid`;
      await web.host.run(['sh', '-c', `kill -9 $(cat ${pidFile})`]);
      await c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
      assert.equal((await ask(web, '/latest/meta-data/instance-id')).body, 'web');
    });
  });

for (const how of [
  { nat: 'nftables', driver: 'linuxbridge' },
  { nat: 'iptables', driver: 'openvswitch' },
] as const)
  describe(`metadata by a router: ${how.nat}, ${how.driver}`, { skip: skipDriver(how.driver), timeout: 180_000 }, () =>
    routerSuite(how),
  );

function routerSuite(how: Pick<CloudOptions, 'nat' | 'driver'>): void {
  let c: SmallCloud;
  let web: Instance;

  before(async () => {
    c = await startSmallCloud(how);
    web = await c.boot('web');
  });
  after(() => c?.close());

  test('instances are answered, and nobody comes to the proxy directly', async () => {
    assert.equal((await ask(web, '/latest/meta-data/instance-id')).body, 'web');
    const argv = ['curl', '-s', '-m', '1', `http://${(await gatewayOf(c)) ?? ''}:9697/latest/meta-data/`];
    assert.equal((await web.host.run(argv, { netns: 'web', mayFail: true })).code, 28);
  });

  test('a router without a gateway leads to metadata as well', async () => {
    await c.api.routers.update(c.router.id, { external_gateway_info: null });
    await eventually('its gateway is gone', async () => {
      const { stdout } = await web.host.run(['ip', '-n', `qrouter-${c.router.id}`, '-br', 'link']);
      return !stdout.includes('qg-');
    });
    assert.equal((await ask(web, '/latest/meta-data/instance-id')).body, 'web');
  });
}

/** The address that a router has on the inside network. */
async function gatewayOf(c: SmallCloud): Promise<string | undefined> {
  const [port] = await c.api.ports.list({ device_id: c.router.id, network_id: c.inside.id });
  return port?.fixed_ips[0]?.ip_address;
}

const nova = `
require('http').createServer((q, r) => {
  let body = '';
  q.on('data', (d) => { body += d; });
  q.on('end', () => r.end(JSON.stringify({ url: q.url, method: q.method, body, headers: q.headers })));
}).listen(8775, '127.0.0.1', () => console.log('ready'));
`;

for (const driver of drivers)
  describe(
    `metadata on an isolated network, told by Nova: ${driver}`,
    { skip: skipDriver(driver), timeout: 180_000 },
    () => isolatedSuite(driver),
  );

function isolatedSuite(driver: LabDriver): void {
  const secret = 'of the two alone';
  let c: SmallCloud;
  let instance: Instance;

  before(async () => {
    const files = {
      'dhcp_agent.ini': '[DEFAULT]\nenable_isolated_metadata = True\n',
      'metadata_agent.ini': `[DEFAULT]\nmetadata_proxy_shared_secret = ${secret}\n`,
    };
    c = await startSmallCloud({ driver, agentFiles: files });
    const network = await c.api.networks.create({ name: 'isolated' });
    await c.api.subnets.create({ network_id: network.id, ip_version: 4, cidr: '10.77.0.0/24', gateway_ip: null });
    const six = { ipv6_ra_mode: 'dhcpv6-stateful', ipv6_address_mode: 'dhcpv6-stateful' } as const;
    await c.api.subnets.create({
      network_id: network.id,
      ip_version: 6,
      cidr: 'fd00:77::/64',
      gateway_ip: null,
      ...six,
    });
    const [host] = c.cloud.hosts;
    assert.ok(host);
    const binding = { 'binding:host_id': host.name, device_owner: 'compute:nova', device_id: 'i-77' };
    const port = await c.api.ports.create({ network_id: network.id, ...binding });
    await plugInstance(host, 'lone', port, { mtu: network.mtu, driver });
    const lease = await dhcp(host, 'lone', 15);
    assert.ok(lease, 'it has an address');
    instance = { netns: 'lone', host, port, lease };
  });
  after(() => c?.close());

  test('the route to the metadata service comes with the lease', () => {
    assert.match(instance.lease.routes.join(' '), /169\.254\.169\.254\/32 10\.77\.0\.\d+/);
  });

  test('while Nova is not there, instances are told to come again', async () => {
    const { status, retryAfter } = await ask(instance, '/openstack');
    assert.deepEqual([status, retryAfter], [503, '1']);
  });

  test('Nova is told which instance asks, signed', async () => {
    const child = instance.host.start([process.execPath, '-e', nova]);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const forged = ['-H', 'X-Instance-ID: other', '-H', 'X-Tenant-ID: other', '-H', 'X-Forwarded-For: 10.9.9.9'];
    const answer = await ask(instance, '/openstack/latest/password?x=1', ...forged, '-d', 'word');
    assert.equal(answer.status, 200);
    const { url, method, body, headers } = JSON.parse(answer.body);
    assert.deepEqual([url, method, body], ['/openstack/latest/password?x=1', 'POST', 'word']);
    assert.equal(headers['x-instance-id'], 'i-77');
    assert.equal(headers['x-tenant-id'], instance.port.project_id);
    assert.equal(headers['x-forwarded-for'], instance.lease.ip);
    assert.equal(headers['x-instance-id-signature'], createHmac('sha256', secret).update('i-77').digest('hex'));
    const linked = await eventually('an answer by IPv6', async () => {
      const one = await ask6(instance, '/openstack');
      return one.status === 200 && JSON.parse(one.body).headers;
    });
    assert.equal(linked['x-instance-id'], 'i-77');
    assert.match(linked['x-forwarded-for'], /^fe80::/);
    instance.host.kill(child);
  });
}
