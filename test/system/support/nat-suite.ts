/** What routers translate, with real traffic: one suite for every driver. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { type Daemon, outside } from '../../../src/lab/cloud.ts';
import type { LabDriver } from '../../../src/lab/ground.ts';
import { askUdp, fetchPage, type HeldConnection, holdConnection, serve } from '../../../src/lab/probe.ts';
import { conntrackHelper, type portForwarding } from '../../../src/model/index.ts';
import type { Draft } from '../../../src/model/language.ts';
import type { NatDriver } from '../../../src/plan/render/index.ts';
import { eventually, type Instance, type SmallCloud, skipDriver, startSmallCloud } from './small-cloud.ts';

/** The driver that a host has not. */
export const otherDriver = { iptables: 'nftables', nftables: 'iptables' } as const;

/** Everything that the driver could have left in a router's namespace. */
export async function rulesOf(c: SmallCloud, driver: NatDriver): Promise<string> {
  const [host] = c.cloud.hosts;
  const argv = driver === 'iptables' ? ['iptables-save'] : ['nft', 'list', 'tables', 'inet'];
  const { stdout } = (await host?.run(argv, { netns: `qrouter-${c.router.id}` })) ?? { stdout: '' };
  return driver === 'iptables' ? stdout.replace(/^[#:*].*\n|^COMMIT\n/gm, '') : stdout;
}

/** The traffic through a router of a cloud, as tests look at it. */
function traffic(c: () => SmallCloud, web: () => Instance) {
  const world = () => c().cloud.world;
  const answers = (address: string, port: number, from?: Instance) =>
    eventually(`http://${address}:${port}/ answers`, async () => {
      const way = { ms: 1000, ...(from ? { netns: from.netns } : {}) };
      const page = await fetchPage(from?.host ?? world(), address, port, way);
      return page.reached && page.text;
    });
  const falls = (address: string, port: number) =>
    eventually(`http://${address}:${port}/ is shut`, async () => {
      return !(await fetchPage(world(), address, port, { ms: 700 })).reached;
    });
  const echoes = (address: string, port: number) =>
    eventually(`the UDP echo of ${address}:${port}`, async () => {
      const answer = await askUdp(world(), address, port, 'hi', { ms: 700 });
      return answer.reached && answer.text;
    });
  const silent = (address: string, port: number) =>
    eventually(`UDP ${address}:${port} is shut`, async () => {
      return !(await askUdp(world(), address, port, 'hi', { ms: 500 })).reached;
    });
  const forward = (fip: { id: string }, draft: Partial<Draft<typeof portForwarding>>) =>
    c()
      .api.portForwardings(fip.id)
      .create({
        internal_ip_address: web().lease.ip,
        internal_port_id: web().port.id,
        protocol: 'tcp',
        ...draft,
      } as Draft<typeof portForwarding>);
  const hold = async (address: string, port: number) => {
    await answers(address, port);
    return holdConnection(world(), address, port);
  };
  return { world, answers, falls, echoes, silent, forward, hold };
}

async function goOn(...held: HeldConnection[]): Promise<void> {
  await Promise.all(held.map((one) => one.nextTick(2000)));
}

const from = `to ${outside.gateway}\n`;

/** Asks for a file and ends with 0 when anything comes, from whichever port. */
const tftpRequest = `
const socket = require('dgram').createSocket('udp4');
socket.on('message', () => process.exit(0));
setTimeout(() => process.exit(1), 1500);
socket.send(Buffer.from('\\0\\x01file\\0octet\\0', 'latin1'), 69, process.argv[1]);
`;

/** The suite for one driver, and a way to switch frames. */
export function natSuite(driver: NatDriver, frames: LabDriver = 'linuxbridge'): void {
  describe(`what routers translate, by ${driver} and ${frames}`, { skip: skipDriver(frames), timeout: 240_000 }, () => {
    let c: SmallCloud;
    let web: Instance;
    let db: Instance;
    let agent: Daemon | undefined;
    const { world, answers, falls, echoes, silent, forward, hold } = traffic(
      () => c,
      () => web,
    );
    const gatewayIp = async () =>
      (await c.api.routers.show(c.router.id)).external_gateway_info?.external_fixed_ips?.[0]?.ip_address ?? '';

    const restart = async (nat: NatDriver) => {
      await agent?.kill('SIGTERM');
      await c.cloud.startAgent(0, nat);
    };

    before(async () => {
      c = await startSmallCloud({
        nat: driver,
        driver: frames,
        files: { 'neutron.conf': '[DEFAULT]\nservice_plugins = router,port_forwarding,conntrack_helper\n' },
        started: (daemon, role) => {
          if (role === 'agent') agent = daemon;
        },
      });
      [web, db] = await Promise.all([c.boot('web'), c.boot('db')]);
      const tcp = [8080, 8081, 8082, 8083, 8084, 8085, 8086, 9300, 9301];
      await serve(web.host, 'web', { tcp, udp: [5000, 5001, 5002, 5003] }, 'web');
      await serve(db.host, 'db', { tcp: [8080] }, 'db');
      await serve(world(), 'far', { tcp: [80] }, '');
    });
    after(() => c?.close());
    // No two forwardings lead to one socket.
    afterEach(async () => {
      for (const { id } of await c.api.floatingIps.list()) {
        const forwardings = c.api.portForwardings(id);
        for (const one of await forwardings.list()) await forwardings.remove(one.id);
        await c.api.floatingIps.remove(id);
      }
    });

    test('an instance reaches the world from the address of the gateway', async () => {
      assert.equal(await answers(outside.far, 80, web), `hello from far port 80 to ${await gatewayIp()}\n`);
    });

    test('a TCP and a UDP port are forwarded, and one protocol is not the other', async () => {
      const fip = await c.floatingIp();
      const tcp = await forward(fip, { internal_port: 8080, external_port: 9000 });
      await forward(fip, { internal_port: 5000, external_port: 9000, protocol: 'udp' });
      assert.equal(await answers(fip.address, 9000), `hello from web port 8080 ${from}`);
      assert.equal(await echoes(fip.address, 9000), 'echo 5000 hi');
      await c.api.portForwardings(fip.id).remove(tcp.id);
      await falls(fip.address, 9000);
      assert.equal(await echoes(fip.address, 9000), 'echo 5000 hi');
    });

    test('ranges: port for port, shifted and not, and all to one, of both protocols', async () => {
      const fip = await c.floatingIp();
      await forward(fip, { internal_port_range: '8081:8083', external_port_range: '9101:9103' });
      await forward(fip, { internal_port_range: '9300:9301', external_port_range: '9300:9301' });
      await forward(fip, { internal_port_range: '8080:8080', external_port_range: '9200:9209' });
      await forward(fip, {
        internal_port_range: '5000:5002',
        external_port_range: '9101:9103',
        protocol: 'udp',
      });
      const all = await forward(fip, {
        internal_port_range: '5003:5003',
        external_port_range: '9200:9209',
        protocol: 'udp',
      });
      const page = (port: number) => `hello from web port ${port} ${from}`;
      assert.equal(await answers(fip.address, 9101), page(8081));
      assert.equal(await answers(fip.address, 9103), page(8083));
      assert.equal(await answers(fip.address, 9301), page(9301));
      assert.equal(await answers(fip.address, 9207), page(8080));
      assert.equal(await echoes(fip.address, 9103), 'echo 5002 hi');
      assert.equal(await echoes(fip.address, 9209), 'echo 5003 hi');
      await falls(fip.address, 9104);
      await c.api.portForwardings(fip.id).remove(all.id);
      await silent(fip.address, 9209);
      assert.equal(await echoes(fip.address, 9101), 'echo 5000 hi');
      assert.equal(await answers(fip.address, 9209), page(8080));
    });

    test('a range that goes, or becomes smaller, cuts its connections and no others', async () => {
      const fip = await c.floatingIp();
      const forwardings = c.api.portForwardings(fip.id);
      const range = await forward(fip, { internal_port_range: '8084:8086', external_port_range: '9304:9306' });
      const toOne = await forward(fip, { internal_port_range: '8080:8080', external_port_range: '9400:9409' });
      await forward(fip, { internal_port: 8083, external_port: 9303 });
      const [first, last, one, other] = await Promise.all(
        [9304, 9306, 9405, 9303].map((port) => hold(fip.address, port)),
      );
      assert.ok(first && last && one && other);
      await forwardings.update(range.id, { internal_port_range: '8084:8085', external_port_range: '9304:9305' });
      await last.untilCut(500, 10_000);
      await goOn(first, one, other);
      await forwardings.remove(toOne.id);
      await one.untilCut(500, 10_000);
      await goOn(first, other);
      await forwardings.remove(range.id);
      await first.untilCut(500, 10_000);
      await goOn(other);
      await Promise.all([9304, 9306, 9405].map((port) => falls(fip.address, port)));
      for (const held of [first, last, one, other]) held.close();
    });

    test('a forwarding that leads elsewhere cuts what it led to', async () => {
      const fip = await c.floatingIp();
      const one = await forward(fip, { internal_port: 8081, external_port: 9501 });
      await forward(fip, { internal_port: 8082, external_port: 9502 });
      const [goes, stays] = [await hold(fip.address, 9501), await hold(fip.address, 9502)];
      await c.api.portForwardings(fip.id).update(one.id, { internal_port: 8080 });
      await goes.untilCut(500, 10_000);
      await goOn(stays);
      assert.equal(await answers(fip.address, 9501), `hello from web port 8080 ${from}`);
      for (const held of [goes, stays]) held.close();
    });

    test('ICMP is forwarded whole', async () => {
      const fip = await c.floatingIp();
      const ping = () => world().run(['ping', '-c', '1', '-W', '1', fip.address], { mayFail: true, timeoutMs: 5000 });
      const count = async () => {
        const counted = await web.host.run(['nstat', '-asz', 'IcmpInEchos'], { netns: 'web' });
        return Number(/IcmpInEchos\s+(\d+)/.exec(counted.stdout)?.[1]);
      };
      const before = await count();
      await forward(fip, { protocol: 'icmp', internal_port: 1, external_port: 1 });
      await eventually('the instance is asked', async () => {
        await ping();
        return (await count()) > before;
      });
    });

    test('a floating IP works both ways, and its connections end with it', async () => {
      const fip = await c.floatingIp(db.port.id);
      assert.equal(await answers(fip.address, 8080), `hello from db port 8080 ${from}`);
      assert.equal(await answers(outside.far, 80, db), `hello from far port 80 to ${fip.address}\n`);
      await eventually('it is ACTIVE', async () => (await c.api.floatingIps.show(fip.id)).status === 'ACTIVE');
      const held = await hold(fip.address, 8080);
      await c.api.floatingIps.update(fip.id, { port_id: null });
      await held.untilCut(500, 10_000);
      held.close();
      await falls(fip.address, 8080);
      assert.equal(await answers(outside.far, 80, db), `hello from far port 80 to ${await gatewayIp()}\n`);
    });

    test('hairpin: by floating IPs, instances reach forwarded ports, each other and themselves', async () => {
      const fip = await c.floatingIp();
      await forward(fip, { internal_port: 8080, external_port: 9601 });
      assert.match(await answers(fip.address, 9601, db), /^hello from web port 8080 to /);
      assert.match(await answers(fip.address, 9601, web), /^hello from web port 8080 to /, 'its own');
      const whole = await c.floatingIp(db.port.id);
      assert.match(await answers(whole.address, 8080, web), /^hello from db port 8080 to /);
      assert.match(await answers(whole.address, 8080, db), /^hello from db port 8080 to /, 'its own');
    });

    test('another address of the gateway, and no SNAT', async () => {
      const fip = await c.floatingIp();
      await forward(fip, { internal_port: 8080, external_port: 9700 });
      const held = await hold(fip.address, 9700);
      const network_id = c.external.id;
      const moved = '203.0.113.250';
      const to = async (more: object) =>
        c.api.routers.update(c.router.id, {
          external_gateway_info: { network_id, external_fixed_ips: [{ ip_address: moved }], ...more },
        } as Parameters<typeof c.api.routers.update>[1]);
      await to({});
      const page = (address: string) =>
        eventually(`the world sees ${address}`, async () => {
          const answer = await fetchPage(web.host, outside.far, 80, { netns: 'web', ms: 1000 });
          return answer.reached && answer.text === `hello from far port 80 to ${address}\n`;
        });
      await page(moved);
      await goOn(held);
      await world().run(['ip', 'route', 'add', '10.100.0.0/24', 'via', moved]);
      await to({ enable_snat: false });
      await page(web.lease.ip);
      await goOn(held);
      assert.equal(await answers(fip.address, 9700), `hello from web port 8080 ${from}`);
      assert.match(await answers(fip.address, 9700, db), /^hello from web port 8080 to /, 'hairpin still');
      await to({ enable_snat: true });
      await page(moved);
      held.close();
    });

    test('a conntrack helper lets in what a connection asked for', async () => {
      // A server of TFTP answers from another port than the one that was asked.
      const script = `
        const asked = require('dgram').createSocket('udp4');
        asked.on('message', (d, from) => require('dgram').createSocket('udp4').send('data', from.port, from.address));
        asked.bind(69, () => console.log('ready'));`;
      const server = world().start([process.execPath, '-e', script]);
      await new Promise((resolve) => server.stdout?.once('data', resolve));
      const read = async () => {
        const argv = [process.execPath, '-e', tftpRequest, outside.gateway];
        return (await web.host.run(argv, { netns: 'web', mayFail: true })).code === 0;
      };
      assert.equal(await read(), false, 'without a helper');
      const helpers = c.api.of(conntrackHelper, c.router.id);
      const made = await helpers.create({ protocol: 'udp', port: 69, helper: 'tftp' });
      await eventually('the answer', read);
      await helpers.remove(made.id);
      await eventually('no answer', async () => !(await read()));
      world().kill(server);
    });

    test('deleting the port takes its forwardings along', async () => {
      const gone = await c.boot('gone');
      await serve(gone.host, 'gone', { tcp: [8080] }, 'gone');
      const fip = await c.floatingIp();
      const draft = { internal_ip_address: gone.lease.ip, internal_port_id: gone.port.id };
      await forward(fip, { ...draft, internal_port: 8080, external_port: 9801 });
      await answers(fip.address, 9801);
      await c.api.ports.remove(gone.port.id);
      await falls(fip.address, 9801);
      assert.deepEqual(await c.api.portForwardings(fip.id).list(), []);
      const listed = {
        iptables: ['iptables', '-t', 'nat', '-S'],
        nftables: ['nft', 'list', 'table', 'inet', 'neutrino'],
      };
      await eventually('nothing of it is left', async () => {
        const rules = await gone.host.run(listed[driver], { netns: `qrouter-${c.router.id}` });
        return !rules.stdout.includes('9801');
      });
    });

    test('what is taken away by hand comes back, and no connection is lost by its coming back', async () => {
      const fip = await c.floatingIp();
      await forward(fip, { internal_port: 8080, external_port: 9850 });
      await forward(fip, { internal_port_range: '8081:8083', external_port_range: '9851:9853' });
      const held = await hold(fip.address, 9850);
      const inside = (...argv: string[]) => web.host.run(argv, { netns: `qrouter-${c.router.id}` });
      const sync = () => c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
      const damage = {
        iptables: [
          ['iptables', '-t', 'nat', '-F', 'neutron-l3-agent-fip-pf'],
          ['iptables', '-t', 'nat', '-F', 'neutron-l3-agent-snat'],
          ['iptables', '-t', 'nat', '-F'],
        ],
        nftables: [
          ['nft', 'flush', 'map', 'inet', 'neutrino', 'forwardings'],
          ['nft', 'flush', 'chain', 'inet', 'neutrino', 'POSTROUTING'],
          ['nft', 'delete', 'table', 'inet', 'neutrino'],
        ],
      };
      for (const argv of damage[driver]) {
        await inside(...argv);
        await sync();
        assert.equal(await answers(fip.address, 9852), `hello from web port 8082 ${from}`, argv.join(' '));
        assert.equal(await answers(outside.far, 80, web), `hello from far port 80 to ${await gatewayIp()}\n`);
        // With the last of its chains the kernel itself stops translating, whoever took them.
        if (argv !== damage[driver].at(-1)) await goOn(held);
      }
      held.close();
    });

    test('one router that cannot be brought about never stops the others', async () => {
      const squat = {
        iptables: [
          ['iptables', '-t', 'nat', '-N', 'neutron-l3-agent-snat'],
          ['iptables', '-t', 'nat', '-A', 'OUTPUT', '-j', 'neutron-l3-agent-snat'],
        ],
        nftables: [
          ['nft', 'add table inet neutrino; add map inet neutrino forwardings { type ipv4_addr : ipv4_addr; }'],
        ],
      };
      const broken = await c.api.routers.create({ name: 'broken' });
      await web.host.run(['ip', 'netns', 'add', `qrouter-${broken.id}`]);
      for (const argv of squat[driver]) await web.host.run(argv, { netns: `qrouter-${broken.id}` });
      await c.api.routers.update(broken.id, {
        external_gateway_info: { network_id: c.external.id },
      } as Parameters<typeof c.api.routers.update>[1]);
      const fip = await c.floatingIp();
      await forward(fip, { internal_port: 8080, external_port: 9860 });
      assert.equal(await answers(fip.address, 9860), `hello from web port 8080 ${from}`);
      if (driver === 'nftables') {
        await eventually('the agent says which', async () => {
          const agents = await c.api.agents.list();
          return JSON.stringify(agents.map((one) => one.configurations)).includes(broken.id);
        });
        await web.host.run(['nft', 'delete', 'table', 'inet', 'neutrino'], { netns: `qrouter-${broken.id}` });
        await c.cloud.neutrino(0, ['agent', 'sync', '--state-dir', c.cloud.agentDir(0)]);
        await eventually('it heals', async () => {
          const { stdout } = await web.host.run(['nft', 'list', 'tables'], { netns: `qrouter-${broken.id}` });
          return stdout.includes('inet neutrino');
        });
      }
      await c.api.routers.remove(broken.id);
      // Its address outside may be given to the next who asks.
      await eventually('it is gone', async () => {
        return !(await web.host.run(['ip', 'netns'])).stdout.includes(broken.id);
      });
    });

    test(`an agent that is started with ${otherDriver[driver]}: connections go on, and no rule of ${driver} is left`, async () => {
      const fip = await c.floatingIp();
      const whole = await c.floatingIp(db.port.id);
      await forward(fip, { internal_port: 8080, external_port: 9900 });
      await forward(fip, { internal_port_range: '8081:8083', external_port_range: '9901:9903' });
      const held = [await hold(fip.address, 9900), await hold(fip.address, 9902), await hold(whole.address, 8080)];
      await restart(otherDriver[driver]);
      await eventually(`no rule of ${driver} is left`, async () => (await rulesOf(c, driver)) === '');
      await goOn(...held);
      assert.equal(await answers(fip.address, 9903), `hello from web port 8083 ${from}`);
      assert.match(await answers(fip.address, 9900, db), /^hello from web port 8080 to /);
      await restart(driver);
      await eventually('and back', async () => (await rulesOf(c, otherDriver[driver])) === '');
      await goOn(...held);
      for (const one of held) one.close();
    });
  });
}
