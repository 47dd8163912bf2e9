/** A local IP on two hosts with Open vSwitch: on each it leads to the port of that host, for whoever is there. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from '../../src/lab/cloud.ts';
import type { LabHost } from '../../src/lab/host.ts';
import { askUdp, fetchPage, holdConnection, serve } from '../../src/lab/probe.ts';
import { localIp, localIpAssociation, type port, type securityGroup } from '../../src/model/index.ts';
import type { Row } from '../../src/model/language.ts';
import {
  agentLog,
  eventually,
  type Instance,
  type SmallCloud,
  skipDriver,
  startSmallCloud,
} from './support/small-cloud.ts';

describe('local IPs on two hosts with Open vSwitch', { skip: skipDriver('openvswitch'), timeout: 300_000 }, () => {
  let c: SmallCloud;
  let local: Row<typeof localIp>;
  const apps: Instance[] = [];
  const clients: Instance[] = [];
  const servers: ChildProcess[] = [];
  const agents: Daemon[] = [];
  let bare: Instance;

  const associations = () => c.api.of(localIpAssociation, local.id);
  const associate = (to: Row<typeof port>) => associations().create({ fixed_port_id: to.id });
  const page = async (from: Instance) => {
    const got = await fetchPage(from.host, local.local_ip_address ?? '', 80, { netns: from.netns });
    return got.reached ? got.text.trim() : undefined;
  };
  const answerOf = (name: string, to: Instance) => `hello from ${name} port 80 to ${to.lease.ip}`;
  const ping = (host: LabHost, netns: string, to: string) =>
    host.run(['ping', '-c', '3', '-i', '0.2', '-W', '1', to], { netns, mayFail: true });
  const flowsOf = async (host: LabHost) =>
    (await host.run(['ovs-ofctl', '-O', 'OpenFlow14', '--no-stats', 'dump-flows', 'br-int'])).stdout;
  const plan = async (index: number) =>
    (await c.cloud.neutrino(index, ['agent', 'plan', '--state-dir', c.cloud.agentDir(index)])).stdout.trim();
  const nothingToDo = 'Nothing: the host is as it should be.';

  before(async () => {
    const plugins = '[DEFAULT]\nservice_plugins = router,port_forwarding,local_ip\n';
    c = await startSmallCloud({
      hosts: 2,
      driver: 'openvswitch',
      files: { 'neutron.conf': plugins },
      started: (daemon, role) => {
        if (role === 'agent') agents.push(daemon);
      },
    });
    for (const on of [0, 1]) {
      apps.push(await c.boot(`app${on}`, { on }));
      clients.push(await c.boot(`client${on}`, { on }));
    }
    bare = await c.boot('bare', { on: 0, draft: { port_security_enabled: false } });
    for (const app of apps) servers.push(await serve(app.host, app.netns, { tcp: [80], udp: [53] }, app.netns));
    local = await c.api.of(localIp).create({ name: 'cache', network_id: c.inside.id });
  });
  after(async () => {
    for (const [at, server] of servers.entries()) apps[at]?.host.kill(server);
    await c?.close();
  });

  test('before it leads anywhere nobody answers, and the hosts know nothing of it', async () => {
    const [first] = clients as [Instance];
    assert.equal(await page(first), undefined);
    for (const app of apps) assert.doesNotMatch(await flowsOf(app.host), /table=31,/);
    const [agent] = await c.api.agents.list({ host: 'host1', binary: 'neutron-openvswitch-agent' });
    assert.deepEqual(agent?.configurations.extensions, ['qos', 'local_ip']);
  });

  test('on each host it leads to the port there: TCP, UDP and ping, from filtered ports and others', async () => {
    for (const app of apps) await associate(app.port);
    const shown = await associations().list({ sort_key: 'host', sort_dir: 'asc' });
    assert.deepEqual(
      shown.map((row) => [row.host, row.fixed_ip]),
      apps.map((app) => [app.host.name, app.lease.ip]),
    );
    for (const [at, client] of clients.entries())
      await eventually(`client${at} reaches app${at}`, async () => {
        return (await page(client)) === answerOf(`app${at}`, client);
      }).catch(async (error) => assert.fail(`${error}\n${await agentLog(c.cloud, at)}`));
    assert.equal(await page(bare), answerOf('app0', bare));
    const address = local.local_ip_address ?? '';
    for (const from of [...clients, bare]) {
      const { code, stdout } = await ping(from.host, from.netns, address);
      assert.equal(code, 0, stdout);
      assert.match(stdout, new RegExp(`from ${address}: .*\\b0% packet loss`, 's'));
      const asked = await askUdp(from.host, address, 53, 'name', { netns: from.netns });
      assert.equal(asked.reached && asked.text, 'echo 53 name');
    }
  });

  test("a router of the host reaches it too; the port's own address still answers as itself", async () => {
    const netns = `qrouter-${c.router.id}`;
    const host = c.cloud.hosts[0] as LabHost;
    const pinged = await ping(host, netns, local.local_ip_address ?? '');
    assert.equal(pinged.code, 0, pinged.stdout);
    const [client, app] = [clients[0] as Instance, apps[0] as Instance];
    const direct = await fetchPage(client.host, app.lease.ip, 80, { netns: client.netns });
    assert.equal(direct.reached && direct.text.trim(), answerOf('app0', client));
    const across = await fetchPage(client.host, apps[1]?.lease.ip ?? '', 80, { netns: client.netns });
    assert.equal(across.reached && across.text.trim(), answerOf('app1', client));
  });

  test('nothing of it leaves the host, not even a request for it', async () => {
    const [client, far] = [clients[0] as Instance, clients[1] as Instance];
    const sniff = far.host.start(['tcpdump', '-lni', 'eth0', `host ${local.local_ip_address}`], { netns: far.netns });
    let heard = '';
    let isReady = false;
    sniff.stdout?.on('data', (data) => {
      heard += data;
    });
    sniff.stderr?.on('data', (data) => {
      isReady ||= String(data).includes('listening');
    });
    await eventually('tcpdump listens', async () => isReady);
    await client.host.run(['ip', 'neigh', 'flush', 'dev', 'eth0'], { netns: client.netns });
    assert.equal(await page(client), answerOf('app0', client));
    // What is flooded after it is heard after it.
    await client.host.run(['ping', '-c', '1', '-W', '1', '-b', '10.100.0.255'], { netns: client.netns, mayFail: true });
    far.host.kill(sniff, 'SIGINT');
    assert.equal(heard, '');
  });

  test('the rules of the port count', async () => {
    const [app, client] = [apps[0] as Instance, clients[0] as Instance];
    const groups = c.api.securityGroups;
    const closed: Row<typeof securityGroup> = await groups.create({ name: 'closed' });
    await c.api.ports.update(app.port.id, { security_groups: [closed.id] });
    await eventually('the server is closed', async () => (await page(client)) === undefined);
    const own = { security_group_id: closed.id, direction: 'ingress', protocol: 'tcp' } as const;
    await c.api.securityGroupRules.create({ ...own, remote_ip_prefix: `${client.lease.ip}/32` });
    await eventually('it is open for the client', async () => (await page(client)) === answerOf('app0', client));
    await c.api.ports.update(app.port.id, { security_groups: [c.open.id] });
    await groups.remove(closed.id);
    await eventually(
      'it is open',
      async () => (await ping(client.host, client.netns, local.local_ip_address ?? '')).code === 0,
    );
  });

  test('a connection lives on while an agent is killed and starts again, and there is nothing to do', async () => {
    const client = clients[0] as Instance;
    const held = await holdConnection(client.host, local.local_ip_address ?? '', 80, client.netns);
    await agents[0]?.kill('SIGKILL');
    await c.cloud.startAgent(0);
    const outcome = await c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
    assert.equal(outcome.code, 0, outcome.stderr);
    await held.nextTick(5000);
    held.close();
    for (const index of [0, 1]) assert.equal(await plan(index), nothingToDo);
  });

  test('an association that goes ends it on its host alone; another port takes over there', async () => {
    const [here, there] = clients as [Instance, Instance];
    const held = await holdConnection(here.host, local.local_ip_address ?? '', 80, here.netns);
    await associations().remove(apps[0]?.port.id ?? '');
    await held.untilCut(1000, 15_000);
    held.close();
    await eventually('nobody answers', async () => (await page(here)) === undefined);
    assert.equal(await page(there), answerOf('app1', there));
    assert.doesNotMatch(await flowsOf(here.host), /table=31,/);

    servers.push(await serve(bare.host, 'bare', { tcp: [80] }, bare.netns));
    apps.push(bare);
    await associate(bare.port);
    await eventually('the other answers', async () => (await page(here)) === answerOf('bare', here));
    const own = await fetchPage(bare.host, local.local_ip_address ?? '', 80, { netns: bare.netns, ms: 1000 });
    assert.equal(own.reached, false, 'the port itself does not reach itself by it');
  });

  test('with its ports and itself gone, nothing is left', async () => {
    await assert.rejects(c.api.of(localIp).remove(local.id), /still associated with one or more ports/);
    for (const { fixed_port_id } of await associations().list()) await associations().remove(fixed_port_id);
    await c.api.of(localIp).remove(local.id);
    for (const [at, client] of clients.entries()) {
      await eventually(`host ${at} has no flow of it`, async () => !/table=31,|nat/.test(await flowsOf(client.host)));
      assert.equal(await plan(at), nothingToDo);
    }
    assert.deepEqual(await c.api.ports.list({ device_owner: 'network:local_ip' }), []);
  });
});
