import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Daemon, outside } from '../../src/lab/cloud.ts';
import { patient } from '../../src/lab/host.ts';
import { startPing } from '../../src/lab/ping.ts';
import { fetchPage, holdConnection, serve } from '../../src/lab/probe.ts';
import { hostText, textDifference } from './support/host-text.ts';
import {
  eventually,
  type Instance,
  openSession,
  type SmallCloud,
  skip,
  startSmallCloud,
} from './support/small-cloud.ts';
import { variants } from './support/variants.ts';

/** What is restarted, and how it ends. */
const restarts = [
  ['agents', 'SIGTERM'],
  ['agents', 'SIGKILL'],
  ['server', 'SIGTERM'],
  ['server', 'SIGKILL'],
  ['both', 'SIGTERM'],
  ['both', 'SIGKILL'],
] as const;

for (const variant of variants)
  describe(`restarts go unnoticed: ${variant.name}`, { skip: skip || variant.skip, timeout: patient(300_000) }, () => {
    let c: SmallCloud;
    let near: Instance;
    let far: Instance;
    let fip: { id: string; address: string };
    let server: Daemon;
    const agents: Daemon[] = [];

    before(async () => {
      c = await startSmallCloud({
        hosts: 2,
        ...variant.options,
        started: (daemon, role) => {
          if (role === 'server') server = daemon;
          else agents.push(daemon);
        },
      });
      [near, far] = [await c.boot('near', { on: 0 }), await c.boot('far', { on: 1 })];
      await serve(far.host, 'far', { tcp: [8080] }, 'far');
      fip = await c.floatingIp();
      const inner = { internal_ip_address: far.lease.ip, internal_port_id: far.port.id, protocol: 'tcp' } as const;
      await c.api.portForwardings(fip.id).create({ ...inner, internal_port: 8080, external_port: 9000 });
      await eventually(
        'the forwarded port answers',
        async () => (await fetchPage(c.cloud.world, fip.address, 9000, { ms: 700 })).reached,
      );
    });
    after(() => c?.close());

    const look = async () => {
      const texts = c.cloud.hosts.map((host, index) => hostText(host, c.cloud.agentDir(index)));
      const leases = ['sh', '-c', `cat ${c.cloud.agentDir(0)}/dhcp/${c.inside.id}/leases`];
      const pids = ['pgrep', '-x', 'dnsmasq'];
      const more = await Promise.all([leases, pids].map((argv) => near.host.run(argv)));
      return [...(await Promise.all(texts)), ...more.map(({ stdout }) => stdout)].join('\n');
    };

    const settled = async () => {
      for (const index of c.cloud.hosts.keys()) {
        const dir = c.cloud.agentDir(index);
        const { code, stderr } = await c.cloud.neutrino(index, ['agent', 'sync', '--state-dir', dir]);
        assert.equal(code, 0, stderr);
        const plan = await c.cloud.neutrino(index, ['agent', 'plan', '--state-dir', dir]);
        assert.match(plan.stdout, /^Nothing/);
      }
    };

    for (const [what, signal] of restarts)
      test(`${what} ended by ${signal}: no packet is lost, nothing is changed, leases stay`, async () => {
        await settled();
        const was = await look();
        const pings = [
          startPing(near.host, 'near', far.lease.ip),
          startPing(far.host, 'far', outside.far),
          startPing(near.host, 'near', '10.100.0.1'),
        ];
        const held = await holdConnection(c.cloud.world, fip.address, 9000);
        const ending = [...(what === 'server' ? [] : agents.splice(0)), ...(what === 'agents' ? [] : [server])];
        await Promise.all(ending.map((daemon) => daemon.kill(signal)));
        await held.nextTick(2000);
        if (what !== 'agents') await c.cloud.startServer();
        if (what !== 'server') for (const index of c.cloud.hosts.keys()) await c.cloud.startAgent(index);
        const session = await openSession(c.cloud);
        session.close();
        await settled();
        await held.nextTick(2000);
        held.close();
        for (const ping of pings) {
          const { sent, lost } = await ping.stop();
          assert.ok(sent > 10, `only ${sent} packets were sent`);
          assert.equal(lost, 0, `${lost} of ${sent} packets were lost`);
        }
        const is = await look();
        assert.equal(is, was, textDifference(was, is));
      });
  });
