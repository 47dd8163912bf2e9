/** What can only be seen on a real kernel: traffic, and what others made. Runs inside a private world. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from '../../src/host/machine.ts';
import { run } from '../../src/host/run.ts';
import type { Fact, LinkFact, ProcessFact } from '../../src/plan/facts.ts';
import { add, change, now, performAll, remove } from './machine-suite.ts';
import { echoWorld, stillEchoes } from './machine-traffic.ts';

async function ip(text: string): Promise<string> {
  return (await run(['ip', ...text.split(' ')])).stdout;
}

async function inside(namespace: string, argv: string[], stdin?: string): Promise<string> {
  const full = ['nsenter', `--net=/run/netns/${namespace}`, ...argv];
  return (await run(full, stdin === undefined ? {} : { stdin })).stdout;
}

async function withNamespace(machine: Machine, name: string, work: () => Promise<void>): Promise<void> {
  const netns: Fact = { fact: 'netns', name };
  await performAll(machine, [add(netns)]);
  try {
    await work();
  } finally {
    await performAll(machine, [remove(netns)]);
  }
}

const link = (namespace: string, name: string, kind: LinkFact['kind'], more: Partial<LinkFact> = {}): LinkFact => ({
  fact: 'link',
  namespace,
  name,
  kind,
  up: true,
  ...more,
});

function foreignRules(machine: Machine): void {
  const table = { namespace: 'f', family: 4, table: 'nat' } as const;
  const theirs = '-A PREROUTING -d 198.51.100.1/32 -j RETURN';
  const own: Fact = { fact: 'chain', ...table, chain: 'own', rules: ['-j RETURN'] };
  const hook: Fact = { fact: 'hook', ...table, chain: 'PREROUTING', rule: '-j own' };

  test('rules of others stay, and a hook stands in front of them, once', () =>
    withNamespace(machine, 'f', async () => {
      await inside('f', ['iptables-restore', '--noflush'], `*nat\n:theirs - [0:0]\n${theirs}\nCOMMIT\n`);
      await performAll(machine, [add(hook), add(own)]);
      await performAll(machine, [add(hook), add(own)]);
      const saved = await inside('f', ['iptables-save', '-t', 'nat']);
      assert.match(saved, /-A PREROUTING -j own\n-A PREROUTING -d 198/);
      assert.equal(saved.match(/-A PREROUTING/g)?.length, 2);
      await performAll(machine, [remove(own), remove(hook)]);
      const after = await inside('f', ['iptables-save', '-t', 'nat']);
      assert.ok(after.includes(theirs) && after.includes(':theirs') && !after.includes('own'));
    }));

  test('a hook that someone took away after it was observed is gone already', () =>
    withNamespace(machine, 'f', async () => {
      await performAll(machine, [add(own), add(hook)]);
      assert.deepEqual(await now(machine, hook), hook);
      await inside('f', ['iptables', '-t', 'nat', '-D', 'PREROUTING', '-j', 'own']);
      await performAll(machine, [remove(hook)]);
    }));

  test('a shared chain keeps the hooks in front of its end', () =>
    withNamespace(machine, 'f', async () => {
      const shared = (rules: string[]): Fact => ({ fact: 'chain', ...table, chain: 'both', rules, shared: true });
      const inner: Fact = { ...hook, chain: 'both' };
      await performAll(machine, [add(shared(['-s 10.0.0.1/32 -j RETURN'])), add(own), add(inner)]);
      await performAll(machine, [add(shared(['-s 10.0.0.1/32 -j RETURN']))]);
      await performAll(machine, [
        change(shared(['-s 10.0.0.1/32 -j RETURN']), shared(['-s 10.0.0.2/32 -j RETURN', '-j RETURN'])),
      ]);
      const saved = await inside('f', ['iptables-save', '-t', 'nat']);
      assert.match(saved, /\n-A both -j own\n-A both -s 10.0.0.2\/32 -j RETURN\n-A both -j RETURN\n/);
      assert.equal(saved.match(/-A both/g)?.length, 3);
      assert.deepEqual(await now(machine, inner), inner);
    }));

  test('hooks that may stand anywhere come and go without a look, and a mistaken look is made good', () =>
    withNamespace(machine, 'f', async () => {
      const all: Fact = { fact: 'chain', ...table, chain: 'all', rules: [], shared: true };
      const loose: Fact = { fact: 'hook', ...table, chain: 'all', rule: '-j own', anywhere: true };
      await performAll(machine, [add(all), add(own), add(loose)]);
      await performAll(machine, [add(loose)]);
      assert.deepEqual(await now(machine, loose), loose);
      await inside('f', ['iptables', '-t', 'nat', '-A', 'all', '-j', 'own']);
      await sleep(600);
      await performAll(machine, [remove(loose), remove(own)]);
      assert.equal(await now(machine, loose), undefined);
      assert.equal(await now(machine, own), undefined, 'however often it was jumped to');
      await performAll(machine, [remove(loose), remove(all)]);
    }));

  test('a chain that others still jump to cannot be removed, and says so', () =>
    withNamespace(machine, 'f', async () => {
      await performAll(machine, [add(own)]);
      await inside('f', ['iptables', '-t', 'nat', '-A', 'PREROUTING', '-j', 'own']);
      const failures = await machine.perform([remove(own), add({ ...own, chain: 'other' } as Fact)]);
      assert.deepEqual(
        failures.map(({ step }) => step),
        [remove(own)],
      );
      assert.match(failures[0]?.error ?? '', /CHAIN_DEL failed/);
      assert.deepEqual(await now(machine, own), own, 'nothing of a refused load is done');
    }));

  test('a rule that iptables refuses fails alone, and says which', () =>
    withNamespace(machine, 'f', async () => {
      const bad: Fact = { fact: 'chain', ...table, chain: 'bad', rules: ['-p tcp -j NOSUCH'] };
      const odd: Fact = { fact: 'chain', ...table, chain: 'odd', rules: ['-j RETURN', '--frob 1'] };
      const other: Fact = { fact: 'chain', ...table, chain: 'other', rules: ['-j RETURN'] };
      await performAll(machine, [add(own), add(hook)]);
      const failures = await machine.perform([add(own), add(odd), add(bad), add(other)]);
      assert.deepEqual(
        failures.map(({ step }) => step),
        [add(odd), add(bad)],
      );
      assert.match(failures[0]?.error ?? '', /frob.*line: 8.*\(-A odd --frob 1\)/s);
      assert.match(failures[1]?.error ?? '', /nsenter .*iptables-restore.*\(-A bad .*NOSUCH\)/s);
      assert.ok((await now(machine, own)) && (await now(machine, other)));
      assert.equal(await now(machine, bad), undefined);
    }));
}

function links(machine: Machine): void {
  test('a device that cannot be fails alone, with the command and its complaint', () =>
    withNamespace(machine, 'g', async () => {
      const bad: Fact = { fact: 'address', namespace: 'g', device: 'nope', cidr: '10.0.0.1/24' };
      const good: Fact = { fact: 'address', namespace: 'g', device: 'lo', cidr: '10.0.0.2/32' };
      const odd: Fact = link('g', 'x y', { type: 'bridge' });
      // `ip neigh` ends the whole program when it fails.
      const proxy: Fact = { fact: 'proxy', namespace: 'g', device: 'nope', ip: '2001:db8::9' };
      const failures = await machine.perform([add(bad), add(proxy), add(odd), add(good)]);
      assert.deepEqual(new Set(failures.map(({ step }) => step)), new Set([add(bad), add(odd), add(proxy)]));
      assert.match(failures.find(({ step }) => step.do === 'add' && step.fact === bad)?.error ?? '', /addr add .*nope/);
      assert.deepEqual(await now(machine, good), good);
    }));

  test('a device by others is set and let go, never made or removed', () =>
    withNamespace(machine, 'g', async () => {
      const bridge = link('g', 'brq', { type: 'bridge' });
      const tap = link('g', 'tap1', { type: 'foreign' }, { mtu: 1400, master: 'brq' });
      assert.equal((await machine.perform([add(bridge), add(tap)])).length, 1, 'it is not made');
      await ip('-n g link add tap1 type veth peer name tap2');
      assert.deepEqual((await now(machine, tap)) as LinkFact, { ...link('g', 'tap1', tap.kind), mtu: 1500, up: false });
      await performAll(machine, [add(tap)]);
      assert.deepEqual(await now(machine, tap), tap);
      for (const _ of ['once', 'again']) {
        await performAll(machine, [remove(tap)]);
        assert.deepEqual(await now(machine, tap), { ...link('g', 'tap1', tap.kind), mtu: 1400, up: false });
      }
      await ip('-n g link del tap1');
      await performAll(machine, [remove(tap)]);
    }));

  test('an interface of the host becomes no port of a bridge while it has addresses, and stays up when it is let go', async () => {
    await ip('link add nic0 type veth peer name nic1');
    const bridge = link('', 'brq', { type: 'bridge' });
    const nic = link('', 'nic0', { type: 'foreign', nic: true }, { master: 'brq' });
    await performAll(machine, [add(bridge), add(nic)]);
    assert.deepEqual(await now(machine, nic), nic);
    await performAll(machine, [remove(nic)]);
    assert.deepEqual(await now(machine, nic), link('', 'nic0', nic.kind));
    await ip('address add 198.51.100.9/24 dev nic0');
    // A list of devices must not keep the addresses from being seen.
    await machine.listLinks();
    const [failure] = await machine.perform([add(nic)]);
    assert.match(failure?.error ?? '', /^nic0 has addresses of its own \(198\.51\.100\.9\/24\)/);
    assert.deepEqual(await now(machine, nic), link('', 'nic0', nic.kind));
    await ip('link del nic0');
    await performAll(machine, [remove(bridge)]);
  });

  test('a shared bridge: that of others is left as it is, our own goes with its last port', () =>
    withNamespace(machine, 'g', async () => {
      const shared = link('g', 'br-ex', { type: 'bridge', shared: true }, { mtu: 1400 });
      await ip('-n g link add br-ex type bridge');
      const before = await ip('-n g -d link show br-ex');
      await performAll(machine, [add(shared)]);
      assert.deepEqual(await now(machine, shared), shared);
      await performAll(machine, [remove(shared)]);
      assert.equal(await ip('-n g -d link show br-ex'), before);
      await ip('-n g link del br-ex');

      await performAll(machine, [add(shared)]);
      await ip('-n g link add p1 type veth peer name p2');
      await ip('-n g link set p1 master br-ex');
      await performAll(machine, [remove(shared)]);
      assert.ok(await now(machine, shared), 'a port is left');
      await ip('-n g link del p1');
      await performAll(machine, [remove(shared)]);
      assert.equal(await now(machine, shared), undefined);
    }));

  test('a device of the name that is something else is not taken over', () =>
    withNamespace(machine, 'g', async () => {
      await ip('-n g link add brq type veth peer name other');
      const failures = await machine.perform([add(link('g', 'brq', { type: 'bridge' }))]);
      assert.match(failures[0]?.error ?? '', /not ours/);
      assert.ok((await ip('-n g link show other')).length > 0);
    }));

  test('bridges and their ports in the own namespace have no IPv6', async () => {
    const bridge = link('', 'brq9', { type: 'bridge' });
    await performAll(machine, [add(bridge)]);
    assert.equal(readFileSync('/proc/sys/net/ipv6/conf/brq9/disable_ipv6', 'utf8').trim(), '1');
    await performAll(machine, [remove(bridge)]);
  });

  test('a namespace made anew under its name is another', async () => {
    const lo: Fact = { fact: 'address', namespace: 'h', device: 'lo', cidr: '10.7.0.1/32' };
    await withNamespace(machine, 'h', () => performAll(machine, [add(lo)]));
    await ip('netns add h');
    assert.equal(await now(machine, lo), undefined);
    await performAll(machine, [add(lo)]);
    assert.match(await ip('-n h addr show dev lo'), /10\.7\.0\.1/);
    await ip('netns del h');
    writeFileSync('/run/netns/h', '');
    assert.equal(await now(machine, { fact: 'netns', name: 'h' }), undefined, 'a plain file is no namespace');
    await withNamespace(machine, 'h', async () => assert.ok(await now(machine, { fact: 'netns', name: 'h' })));
  });

  test('a removed namespace is gone, whatever was done in it and in others', () =>
    withNamespace(machine, 'g', async () => {
      const pair = link('h', 'in', { type: 'veth', peer: { namespace: '', name: 'out' } });
      const rule: Fact = { fact: 'chain', namespace: 'h', family: 4, table: 'nat', chain: 'c', rules: [] };
      const setting: Fact = { fact: 'sysctl', namespace: 'h', name: 'net.ipv4.ip_forward', value: '1' };
      const elsewhere: Fact = { fact: 'address', namespace: 'g', device: 'lo', cidr: '10.8.0.1/32' };
      await performAll(machine, [add({ fact: 'netns', name: 'h' }), ...[pair, rule, setting, elsewhere].map(add)]);
      await machine.observe([pair, rule, setting, elsewhere]);
      await performAll(machine, [remove({ fact: 'netns', name: 'h' })]);
      // The kernel takes a namespace down in the background; what went with it is gone all the same.
      assert.ok(!(await machine.listLinks()).has('out'));
      for (let round = 0; round < 5; round++) {
        await performAll(machine, [add({ fact: 'netns', name: 'h' }), add(pair)]);
        assert.deepEqual(await now(machine, pair), pair);
        await performAll(machine, [remove({ fact: 'netns', name: 'h' })]);
      }
    }));

  test('devices are listed, and their coming wakes', async () => {
    const wakes: number[] = [];
    const watch = machine.watchLinks(() => wakes.push(1));
    await ip('link add w1 type veth peer name w2');
    for (let i = 0; i < 100 && wakes.length === 0; i++) {
      await ip(`link set w1 mtu ${1400 + i}`);
      await sleep(20);
    }
    watch.stop();
    assert.ok(wakes.length > 0);
    const index = (await machine.listLinks()).get('w1');
    assert.equal(index, Number(/^(\d+):/.exec(await ip('-o link show w1'))?.[1]));
    await ip('link del w1');
  });
}

function processes(machine: Machine, folder: string): void {
  const daemon: ProcessFact = {
    fact: 'process',
    name: 'dnsmasq/k',
    namespace: 'k',
    argv: ['dnsmasq', '--port=0', '--conf-file=/dev/null', '--no-hosts', '--user=root', `--pid-file=${folder}/k/pid`],
    pidFile: `${folder}/k/pid`,
    restartOn: '1',
    reloadOn: '1',
  };
  const pid = () => Number(readFileSync(daemon.pidFile, 'utf8'));
  const folderFile: Fact = { fact: 'file', path: `${folder}/k/opts`, content: '', mode: 0o644 };

  test('a process: reading again keeps it, starting anew replaces it, a stale pid file is nobody', () =>
    withNamespace(machine, 'k', async () => {
      await performAll(machine, [add(folderFile), add(daemon)]);
      const first = pid();
      await performAll(machine, [change(daemon, { ...daemon, reloadOn: '2' })]);
      assert.equal(pid(), first);
      await performAll(machine, [change(daemon, { ...daemon, reloadOn: '2', restartOn: '2' })]);
      assert.notEqual(pid(), first);
      const second = pid();
      process.kill(second, 'SIGKILL');
      while (await now(machine, daemon)) await sleep(5);
      writeFileSync(daemon.pidFile, `${process.pid}\n`);
      assert.equal(await now(machine, daemon), undefined);
      await performAll(machine, [remove(daemon), remove(folderFile)]);
      assert.ok(process.pid > 0, 'this process has not been taken for it');
    }));
}

function connections(machine: Machine): void {
  test('the connections of an address in a zone are cut when it goes, and no others', () =>
    withNamespace(machine, 'z', async () => {
      const entry = (zone: number, from: string, to: string) =>
        inside('z', [
          ...[
            'conntrack',
            '-I',
            '-p',
            'tcp',
            '--state',
            'ESTABLISHED',
            '-t',
            '600',
            '-u',
            'ASSURED',
            '-w',
            String(zone),
          ],
          ...['-s', from, '-d', to, '--sport', '1024', '--dport', '80'],
        ]);
      await entry(7, '10.0.0.5', '192.0.2.1');
      await entry(7, '192.0.2.1', '10.0.0.5');
      await entry(7, '192.0.2.1', '10.0.0.6');
      await entry(8, '192.0.2.1', '10.0.0.5');
      const of = (ip: string): Fact => ({ fact: 'connections', namespace: 'z', zone: 7, ip });
      await performAll(machine, [add(of('10.0.0.5')), add(of('10.0.0.6')), remove(of('10.0.0.5'))]);
      const left = (await inside('z', ['conntrack', '-L'])).trim().split('\n').sort();
      assert.deepEqual(
        left.map((line) => [/ dst=(\S+)/.exec(line)?.[1], /zone=(\d+)/.exec(line)?.[1]]),
        [
          ['10.0.0.5', '8'],
          ['10.0.0.6', '7'],
        ],
      );
      await performAll(machine, [remove(of('10.0.0.5')), remove(of('2001:db8::5'))]);
    }));

  test('a cut ends the connections of one translation and no others', async () => {
    const world = await echoWorld(machine);
    try {
      const { connections: open, cut } = world;
      for (const connection of Object.values(open)) assert.ok(await stillEchoes(connection));
      await performAll(machine, [cut({ protocol: 'tcp', ports: { first: 9000, last: 9000 }, target: '10.0.0.5' })]);
      assert.deepEqual(await world.tracked(), ['9000', '9001', '9100', '9101']);
      assert.ok((await stillEchoes(open.other)) && (await stillEchoes(open.moved)), 'another target, another port');
      await performAll(machine, [
        cut({ protocol: 'udp', ports: null, target: '10.0.0.6' }),
        cut({ protocol: 'tcp', ports: { first: 9050, last: 9100 }, target: '10.0.0.5' }),
        cut({ protocol: 'tcp', ports: { first: 9000, last: 9050 }, target: '10.0.0.5' }),
      ]);
      assert.deepEqual(await world.tracked(), ['9000', '9001', '9101'], 'a range, and nothing beside it');
      assert.ok((await stillEchoes(open.high)) && (await stillEchoes(open.moved)));
      await performAll(machine, [
        cut({ protocol: 'tcp', ports: { first: 9000, last: 9001 }, target: '10.0.0.6' }),
        cut({ protocol: null, ports: null, target: '10.0.0.5' }),
      ]);
      assert.deepEqual(await world.tracked(), []);
      await performAll(machine, [cut({ protocol: null, ports: null, target: '10.0.0.6' })]);
    } finally {
      await world.close();
    }
  });
}

/** Defines the tests. */
export function kernelSuite(machine: Machine, folder: string): void {
  foreignRules(machine);
  links(machine);
  processes(machine, folder);
  connections(machine);
}
