import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Daemon } from '../../src/lab/cloud.ts';
import type { LabDriver } from '../../src/lab/ground.ts';
import { noOvs } from '../../src/lab/ovs.ts';
import { deviceSuffix } from '../../src/model/host-objects.ts';
import { guardsOf } from './support/port-guards.ts';
import { agentLog, eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

const gateway = '10.100.0.1';
const drivers = ['linuxbridge', 'openvswitch'] as const;
const missing = noOvs();

const sendOne = `
const [from, host, to] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
socket.bind(Number(from), () => socket.send('x', Number(to), host, () => socket.close()));
`;

for (const driver of drivers) {
  const unable = skip || (driver === 'openvswitch' && missing) || false;
  describe(`what an instance may send: ${driver}`, { skip: unable, timeout: 240_000 }, () => suite(driver));
}

function suite(driver: LabDriver): void {
  const guards = guardsOf[driver];
  let c: SmallCloud;
  let liar: Instance;
  let victim: Instance;
  let agent: Daemon | undefined;

  before(async () => {
    c = await startSmallCloud({
      driver,
      started: (daemon, role) => {
        if (role === 'agent') agent = daemon;
      },
    });
    liar = await c.boot('liar');
    victim = await c.boot('victim');
    // An answer counts at once, however short ago the entry was written.
    await inside(victim, 'sysctl', '-qw', 'net.ipv4.neigh.eth0.locktime=0');
  });
  after(() => c?.close());

  const inside = async (who: Instance, ...argv: string[]) =>
    (await who.host.run(argv, { netns: who.netns, mayFail: true, timeoutMs: 20_000 })).stdout;
  const pings = async (from: Instance, to: string) =>
    / [1-9] received/.test(await inside(from, 'ping', '-c1', '-W1', to));
  const neighbourOf = async (who: Instance, ip: string) => {
    await pings(who, ip);
    return async () => /lladdr (\S+)/.exec(await inside(who, 'ip', 'neigh', 'show', ip))?.[1];
  };
  const tapOf = (who: Instance) => `tap${deviceSuffix(who.port.id)}`;
  const guardText = () => guards.text(liar.host);
  const isGuarded = async (who: Instance) => (await guardText()).includes(tapOf(who));

  /**
   * The liar claims an address by gratuitous ARP, announcements and answers that nobody asked for; whether the victim ever took it
   * for the owner. One try would not tell: the owner's own ARP sets the entry right again at any time.
   */
  async function believed(ip: string): Promise<boolean> {
    const lladdr = await neighbourOf(victim, ip);
    await inside(liar, 'ip', 'address', 'add', `${ip}/32`, 'dev', 'eth0');
    const seen: unknown[] = [];
    for (const how of ['-U', '-A', '-U']) {
      await inside(liar, 'arping', how, '-c', '1', '-w', '1', '-I', 'eth0', ip);
      seen.push(await lladdr());
    }
    await inside(liar, 'ip', 'address', 'del', `${ip}/32`, 'dev', 'eth0');
    assert.ok(!seen.includes(undefined), `the victim knows ${ip}`);
    return seen.includes(liar.port.mac_address);
  }

  test('ARP for the address of the gateway is not believed, since it does not arrive', async () => {
    assert.equal(await believed(gateway), false);
    assert.ok(await pings(victim, liar.lease.ip), 'the liar is heard in its own name');
  });

  test('frames from another MAC address do not arrive', async () => {
    await inside(liar, 'ip', 'link', 'set', 'eth0', 'address', 'fa:16:3e:99:99:99');
    assert.equal(await pings(liar, victim.lease.ip), false);
    assert.ok(!(await guards.heard(liar.host)).includes('fa:16:3e:99:99:99'), 'the bridge has not heard of it');
    await inside(liar, 'ip', 'link', 'set', 'eth0', 'address', liar.port.mac_address);
    assert.ok(await pings(liar, victim.lease.ip));
  });

  test('an answer of a DHCP server in an instance does not arrive, as other datagrams do', async () => {
    const table = 'table inet heard { chain in { type filter hook input priority 0; udp dport { 68, 69 } counter; }; }';
    await victim.host.run(['nft', '-f', '-'], { netns: victim.netns, input: `${table}\n` });
    const heard = async () =>
      Number(/packets (\d+)/.exec(await inside(victim, 'nft', 'list', 'table', 'inet', 'heard'))?.[1]);
    const send = (from: number, to: number) =>
      inside(liar, process.execPath, '-e', sendOne, `${from}`, victim.lease.ip, `${to}`);
    await send(67, 68);
    assert.equal(await heard(), 0);
    await send(67, 69);
    assert.equal(await heard(), 1);
  });

  test('an allowed address pair may be claimed', async () => {
    const shared = '10.100.0.250';
    await c.api.ports.update(liar.port.id, { allowed_address_pairs: [{ ip_address: shared }] });
    await eventually('the pair is there', async () => (await guardText()).includes(shared));
    await inside(liar, 'ip', 'address', 'add', `${shared}/32`, 'dev', 'eth0');
    const lladdr = await neighbourOf(victim, shared);
    assert.equal(await lladdr(), liar.port.mac_address);
    await inside(liar, 'ip', 'address', 'del', `${shared}/32`, 'dev', 'eth0');
    await c.api.ports.update(liar.port.id, { allowed_address_pairs: [] });
    await eventually('the pair is gone', async () => !(await guardText()).includes(shared));
  });

  test('without port security everything passes, and with it again nothing does', async () => {
    const groups = (await c.api.ports.show(liar.port.id)).security_groups;
    await c.api.ports.update(liar.port.id, { port_security_enabled: false, security_groups: [] });
    await eventually('the guard is gone', async () => !(await isGuarded(liar)));
    assert.ok(await believed(gateway));
    await inside(victim, 'ip', 'neigh', 'flush', 'dev', 'eth0');
    await c.api.ports.update(liar.port.id, { port_security_enabled: true, security_groups: groups });
    await eventually('the guard is back', () => isGuarded(liar));
    assert.equal(await believed(gateway), false);
  });

  test('connections of a port with a stateless group are not tracked: each direction needs its rule', async () => {
    const group = await c.api.securityGroups.create({ name: 'stateless', stateful: false });
    const draft = { security_groups: [group.id] };
    const plain = await c.boot('plain', { draft });
    // Between it and the router nobody else tracks.
    const tracked = async () => {
      await pings(plain, gateway);
      const connections = (await guards.tracked(plain.host)).split('\n').filter((line) => /icmp/.test(line));
      return connections.some((line) => line.includes(`=${plain.lease.ip}`) && /=10\.100\.0\.1\b/.test(line));
    };
    assert.ok(await pings(victim, liar.lease.ip));
    assert.equal(await pings(plain, victim.lease.ip), false, 'the answer is not let in');
    const rule = { security_group_id: group.id, direction: 'ingress', protocol: 'icmp' } as const;
    await c.api.securityGroupRules.create(rule);
    await eventually('the answer is let in', () => pings(plain, victim.lease.ip));
    assert.ok(await pings(victim, plain.lease.ip));
    assert.equal(await tracked(), false);
    await c.api.ports.update(plain.port.id, { security_groups: [c.open.id] });
    await eventually('it is tracked', async () => (await pings(plain, victim.lease.ip)) && (await tracked()));
    await c.api.ports.remove(plain.port.id);
  });

  test('the tap of a deleted port reaches nobody, while its device is still there', async () => {
    await c.api.ports.remove(liar.port.id);
    await eventually('its guard is gone', async () => !(await isGuarded(liar)));
    assert.ok(await guards.isReleased(liar.host, tapOf(liar)));
  });

  test('also when the last port goes while the agent is dead; nothing goes before what refers to it', async () => {
    await agent?.kill('SIGKILL');
    await c.api.ports.remove(victim.port.id);
    await c.cloud.startAgent(0);
    await eventually(
      'nothing of ports is left',
      async () => (await guards.isReleased(victim.host, tapOf(victim))) && guards.isBare(victim.host),
    );
    assert.doesNotMatch(await agentLog(c.cloud, 0), /CHAIN_DEL|in use|step failed/);
  });
}
