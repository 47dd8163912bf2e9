import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from '../../src/lab/cloud.ts';
import { fetchPage, holdConnection, serve } from '../../src/lab/probe.ts';
import {
  drivers,
  eventually,
  type Instance,
  openSession,
  type SmallCloud,
  skipDriver,
  startSmallCloud,
} from './support/small-cloud.ts';

for (const driver of drivers)
  describe(`killing and breaking things, by ${driver}`, { skip: skipDriver(driver), timeout: 240_000 }, () => {
    let c: SmallCloud;
    let web: Instance;
    let fip: { id: string; address: string };
    const daemons: { server?: Daemon; agent?: Daemon } = {};

    const reached = async (port: number) => (await fetchPage(c.cloud.world, fip.address, port, { ms: 700 })).reached;
    const forward = (api: SmallCloud['api'], external: number) =>
      api.portForwardings(fip.id).create({
        internal_ip_address: web.lease.ip,
        internal_port_id: web.port.id,
        protocol: 'tcp',
        internal_port: external - 1000,
        external_port: external,
      });
    const router = () => ({ netns: `qrouter-${c.router.id}` });

    before(async () => {
      c = await startSmallCloud({
        driver,
        started: (daemon, role) => {
          daemons[role] = daemon;
        },
      });
      web = await c.boot('web');
      await serve(web.host, 'web', { tcp: [8000, 8001, 8002] }, 'web');
      fip = await c.floatingIp();
      await forward(c.api, 9000);
      await eventually('the forwarded port answers', () => reached(9000));
    });
    after(() => c?.close());

    for (const round of ['once', 'twice']) {
      test(`server and agent killed (kill -9) ${round}: the connection goes on, and what was acknowledged is there`, async () => {
        const held = await holdConnection(c.cloud.world, fip.address, 9000);
        const external = round === 'once' ? 9001 : 9002;
        const made = await forward(c.api, external);
        await Promise.all([daemons.agent?.kill('SIGKILL'), daemons.server?.kill('SIGKILL')]);
        await held.nextTick(1000);
        await c.cloud.startServer();
        await c.cloud.startAgent(0);
        await eventually('the forwarding of before the kill is live', () => reached(external));
        const session = await openSession(c.cloud);
        const rows = await session.api.portForwardings(fip.id).list();
        assert.ok(rows.some((row) => row.id === made.id));
        session.close();
        await held.nextTick(1000);
        held.close();
      });
    }

    test('the agent works from its disk while the server is away', async () => {
      await daemons.server?.kill('SIGKILL');
      await daemons.agent?.kill('SIGKILL');
      const chain = (await web.host.run(['iptables', '-t', 'nat', '-S'], router())).stdout
        .split('\n')
        .find((line) => line.includes('--dport 9000'));
      assert.ok(chain);
      await web.host.run(['iptables', '-t', 'nat', '-F', chain.split(' ')[1] ?? ''], router());
      assert.equal(await reached(9000), false);
      await c.cloud.startAgent(0);
      await eventually('the rule is back', () => reached(9000));
      await c.cloud.startServer();
    });

    test('what somebody removes by hand is repaired by neutrino agent sync', async () => {
      const sync = async () => {
        const outcome = await c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
        assert.equal(outcome.code, 0, outcome.stderr);
      };
      await web.host.run(['ip', 'address', 'del', `${fip.address}/32`, 'dev', await gatewayDevice()], router());
      const addresses = async () => (await web.host.run(['ip', '-br', 'address'], router())).stdout;
      assert.ok(!(await addresses()).includes(fip.address));
      await sync();
      assert.ok((await addresses()).includes(`${fip.address}/32`));

      const pid = (
        await web.host.run(['sh', '-c', `cat ${c.cloud.agentDir(0)}/dhcp/${c.inside.id}/pid`])
      ).stdout.trim();
      await web.host.run(['kill', '-9', pid]);
      await sync();
      await eventually('dnsmasq is back', async () => {
        const now = await web.host.run(['sh', '-c', `cat ${c.cloud.agentDir(0)}/dhcp/${c.inside.id}/pid`], {
          mayFail: true,
        });
        const alive = await web.host.run(['kill', '-0', now.stdout.trim()], { mayFail: true });
        return now.stdout.trim() !== pid && alive.code === 0;
      });
      await c.boot('later');
    });

    async function gatewayDevice(): Promise<string> {
      const links = JSON.parse((await web.host.run(['ip', '-j', 'link'], router())).stdout) as { ifname: string }[];
      return links.find((link) => link.ifname.startsWith('qg-'))?.ifname ?? '';
    }
  });
