import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Daemon, outside } from '../../src/lab/cloud.ts';
import { meteringLabel, meteringLabelRule } from '../../src/model/index.ts';
import type { MeteredLabel } from '../../src/operations/metering-view.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

const secondly = '[DEFAULT]\nreport_interval = 1\n';
/** Bytes of an echo with `ping -s`, with its headers. */
const size = 1000;
const echo = size + 28;

for (const nat of ['iptables', 'nftables'] as const)
  describe(`metering of routers that translate by ${nat}`, { skip, timeout: 240_000 }, () => {
    let c: SmallCloud;
    let inst: Instance;
    let server: Daemon;
    let agent: Daemon;
    const netns = () => `qrouter-${c.router.id}`;

    before(async () => {
      const files = {
        'neutron.conf': '[DEFAULT]\nservice_plugins = router,metering\n[neutrino]\nmetering_metrics = true\n',
      };
      const started = (daemon: Daemon, role: string) => {
        if (role === 'server') server = daemon;
        else agent = daemon;
      };
      c = await startSmallCloud({ nat, files, agentFiles: { 'metering_agent.ini': secondly }, started });
      inst = await c.boot('inst');
      await eventually('the router leads out', () => ping(1));
    });
    after(() => c?.close());

    /** Sends so many echoes out; the same number comes in. */
    async function ping(count: number, to: string = outside.far): Promise<boolean> {
      const argv = ['ping', `-c${count}`, '-i0.02', '-W2', `-s${size}`, to];
      const { stdout } = await inst.host.run(argv, { netns: inst.netns, mayFail: true });
      return stdout.includes(`${count} received`);
    }

    const table = async () =>
      (await inst.host.run(['nft', 'list', 'table', 'inet', 'neutrino-metering'], { netns: netns(), mayFail: true }))
        .stdout;
    const label = (draft: object) => c.api.of(meteringLabel).create({ name: 'any', ...draft });
    const rule = (metering_label_id: string, draft: object) =>
      c.api.of(meteringLabelRule).create({ metering_label_id, direction: 'egress', ...draft });
    /** Waits until the host has a rule of a label (or one that leaves out) by this match. */
    const stands = (match: string, id?: string) =>
      eventually(`the host has ${match}`, async () => {
        const end = id === undefined ? ' return' : ` counter name "\\w+-${id}" return`;
        return new RegExp(`${match}${end}`).test(await table());
      });

    async function told(id: string): Promise<MeteredLabel> {
      const { metering } = (await c.api.operator(`/metering?label_id=${id}`)) as { metering: [MeteredLabel] };
      return metering[0];
    }
    /** Bytes of a label by direction, once they are as expected. */
    const counted = (id: string, ingress: number, egress: number) =>
      eventually(`${ingress} bytes came in and ${egress} went out`, async () => {
        const { totals } = await told(id);
        const bytes = (direction: string) => totals.find((one) => one.direction === direction)?.bytes ?? 0;
        return bytes('ingress') === ingress && bytes('egress') === egress;
      }).catch(async (error: Error) => {
        throw new Error(`${error.message}: ${JSON.stringify(await told(id))} ${await table()}`);
      });

    test('a label counts what passes the gateway, each direction for itself, and nothing that is left out', async () => {
      const { id } = await label({ shared: true });
      await rule(id, { remote_ip_prefix: '0.0.0.0/0' });
      await rule(id, { source_ip_prefix: '0.0.0.0/0', destination_ip_prefix: '10.100.0.0/24', direction: 'ingress' });
      await stands('ip daddr 10.100.0.0/24', id);
      assert.ok(await ping(10));
      await counted(id, 10 * echo, 10 * echo);
      const left = await rule(id, { destination_ip_prefix: `${outside.far}/32`, excluded: true });
      await stands(`ip daddr ${outside.far}`);
      assert.ok(await ping(5));
      await counted(id, 15 * echo, 10 * echo);
      await c.api.of(meteringLabelRule).remove(left.id);
      await eventually('nothing is left out', async () => !(await table()).includes(`${outside.far} return`));
      assert.ok(await ping(5));
      await counted(id, 20 * echo, 15 * echo);
      const { routers } = await told(id);
      const { router } = c;
      assert.deepEqual(
        routers?.map((one) => [one.router_id, one.host, one.project_id, one.direction, one.bytes]),
        [
          [router.id, inst.host.name, router.project_id, 'egress', 15 * echo],
          [router.id, inst.host.name, router.project_id, 'ingress', 20 * echo],
        ],
      );
      await c.api.of(meteringLabel).remove(id);
      await eventually('nothing is left of it', async () => (await table()) === '');
    });

    test('counting goes on while no agent and no server runs, and another label changes nothing', async () => {
      const { id } = await label({ shared: true });
      await rule(id, { remote_ip_prefix: '10.100.0.0/24' });
      await stands('ip saddr 10.100.0.0/24', id);
      assert.ok(await ping(3));
      await counted(id, 0, 3 * echo);
      await agent.kill('SIGKILL');
      await server.kill('SIGKILL');
      assert.ok(await ping(4));
      server = await c.cloud.startServer();
      agent = await c.cloud.startAgent(0);
      await counted(id, 0, 7 * echo);
      const other = await label({ project_id: 'somebody else' });
      await rule(other.id, { remote_ip_prefix: '10.100.0.0/24' });
      const own = await label({ project_id: c.router.project_id });
      await rule(own.id, { remote_ip_prefix: '10.100.0.0/24' });
      await stands('ip saddr 10.100.0.0/24', own.id);
      assert.ok(!(await table()).includes(other.id), 'a label counts on the routers of its project');
      assert.ok(await ping(2));
      await counted(own.id, 0, 2 * echo);
      await counted(id, 0, 9 * echo);
      for (const one of [id, other.id, own.id]) await c.api.of(meteringLabel).remove(one);
      await eventually('nothing is left of them', async () => (await table()) === '');
    });

    test('what a router counted is told by the command and in the measurements, and stays when the router goes', async () => {
      const { id } = await label({ name: 'uplink', shared: true });
      await rule(id, { source_ip_prefix: '10.100.0.0/24' });
      await stands('ip saddr 10.100.0.0/24', id);
      assert.ok(await ping(3));
      // Not told of yet, it may be: what goes is read before.
      const { router } = c;
      await c.api.routers.action(router.id, 'remove_router_interface', { subnet_id: c.subnetId });
      await c.api.routers.remove(router.id);
      await counted(id, 0, 3 * echo);
      await eventually('its row is gone', async () => (await told(id)).routers?.length === 0);
      const say = `project ${router.project_id}, out: ${3 * echo} bytes in 3 packets`;
      const { stdout, code, stderr } = await c.cloud.neutrino(0, ['metering', 'show', 'uplink', '--lang', 'en']);
      assert.deepEqual([code, stdout], [0, `uplink (${id}): of all projects\n  ${say}\n`], stderr);
      const listed = JSON.parse((await c.cloud.neutrino(0, ['metering', 'list', '--json'])).stdout) as MeteredLabel[];
      assert.deepEqual(
        listed.map((one) => [one.id, one.totals[0]?.packets]),
        [[id, 3]],
      );
      const metrics = await (await fetch(`${c.cloud.url}/metrics`)).text();
      const series = `{label_id="${id}",project_id="${router.project_id}",direction="egress"}`;
      assert.ok(metrics.includes(`\nneutrino_metering_bytes_total${series} ${3 * echo}\n`), metrics);
      const agents = await c.api.agents.list({ agent_type: 'Metering agent' });
      assert.deepEqual(
        agents.map((one) => [one.host, one.binary, one.alive, one.configurations.report_interval]),
        [[inst.host.name, 'neutron-metering-agent', true, 1]],
      );
    });
  });
