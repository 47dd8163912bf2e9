/** What can only be seen on a real switch: what others do to it, and its end. Runs inside a private world. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from '../../src/host/machine.ts';
import { run } from '../../src/host/run.ts';
import type { Fact, FlowsFact, LinkFact, OvsBridgeFact, OvsPortFact } from '../../src/plan/facts.ts';
import { flowTexts } from '../../src/plan/flow-text.ts';
import { add, change, now, performAll, remove } from './machine-suite.ts';

const sh = async (line: string) => (await run(['sh', '-c', line])).stdout;
const bridge: OvsBridgeFact = { fact: 'ovs-bridge', name: 'br-int', datapath: 'netdev', failMode: 'secure' };
const patch: OvsPortFact = {
  fact: 'ovs-port',
  bridge: 'br-int',
  name: 'patch-tun',
  type: 'patch',
  options: { peer: 'patch-int' },
  externalIds: {},
};
const flowsOf = (owner: string, ...texts: string[]): FlowsFact => ({
  fact: 'flows',
  bridge: 'br-int',
  owner,
  flows: texts.length > 0 ? texts : flowTexts([{ table: 0, priority: 0, actions: ['NORMAL'] }]),
});

async function on(machine: Machine, facts: readonly Fact[], work: () => Promise<void>): Promise<void> {
  await performAll(machine, facts.map(add));
  try {
    await work();
  } finally {
    await performAll(machine, [...facts].reverse().map(remove));
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, what);
    await sleep(20);
  }
}

/** A namespace with one end of a pair whose other end is a port. */
function guest(n: number): Fact[] {
  const namespace = `guest-${n}`;
  const device: LinkFact = {
    fact: 'link',
    namespace,
    name: 'eth0',
    kind: { type: 'peer' },
    up: true,
    txChecksum: false,
  };
  const kind = { type: 'veth', peer: { namespace, name: 'eth0' } } as const;
  return [
    { fact: 'netns', name: namespace },
    { fact: 'link', namespace: '', name: `tapg${n}`, kind, up: true },
    device,
    { fact: 'address', namespace, device: 'eth0', cidr: `10.0.0.${n}/24` },
    { fact: 'ovs-port', bridge: 'br-int', name: `tapg${n}`, type: '', options: {}, tag: 1, externalIds: {} },
  ];
}
const pings = async () =>
  (await run(['nsenter', '--net=/run/netns/guest-1', 'ping', '-c', '1', '-W', '1', '10.0.0.2'], { codes: [0, 1] }))
    .code === 0;

function others(machine: Machine): void {
  test('flows of others stay, and a flow that another owner takes over is not taken along', () =>
    on(machine, [bridge, flowsOf('a')], async () => {
      await sh('ovs-ofctl add-flow br-int cookie=0x7,table=5,actions=drop');
      await performAll(machine, [add(flowsOf('b'))]);
      assert.equal(await now(machine, flowsOf('a')), undefined);
      await performAll(machine, [remove(flowsOf('a'))]);
      assert.deepEqual(await now(machine, flowsOf('b')), flowsOf('b'));
      await performAll(machine, [remove(flowsOf('b'))]);
      assert.match(await sh('ovs-ofctl dump-flows br-int'), /cookie=0x7,.*table=5/);
    }));

  test('a flow that the switch refuses fails its own step, and says which', () =>
    on(machine, [bridge], async () => {
      const bad = flowsOf('bad', 'table=0,priority=1,in_port=nowhere actions=drop');
      const failures = await machine.perform([add(flowsOf('a')), add(bad)]);
      assert.deepEqual(
        failures.map(({ step }) => step),
        [add(bad)],
      );
      assert.match(failures[0]?.error ?? '', /ovs-ofctl .*nowhere/);
      assert.deepEqual(await now(machine, flowsOf('a')), flowsOf('a'));
    }));

  test('a port that cannot be fails its own step, and says why', () =>
    on(machine, [bridge], async () => {
      const lost: OvsPortFact = { ...patch, name: 'tapnone', type: '', options: {} };
      const failures = await machine.perform([add(patch), add(lost)]);
      assert.deepEqual(
        failures.map(({ step }) => step),
        [add(lost)],
      );
      assert.match(failures[0]?.error ?? '', /tapnone.*No such device/);
      assert.deepEqual(await now(machine, patch), patch);
      await performAll(machine, [remove(lost)]);
    }));

  test('a bridge whose name a device has fails, and says so', async () => {
    await sh('ip link add br-ex type bridge');
    const failures = await machine.perform([add({ ...bridge, name: 'br-ex', shared: true })]);
    assert.match(failures[0]?.error ?? '', /bridge br-ex: .*br-ex/);
    await sh('ip link del br-ex; ovs-vsctl del-br br-ex');
  });

  test('an interface without a device, left from before a restart of the host, is for no port', () =>
    on(machine, [bridge], async () => {
      await sh('ovs-vsctl add-port br-int tapold -- set Interface tapold external-ids:iface-id=port-2 || true');
      const left = (await machine.switchState())?.ports.get('tapold');
      assert.ok(left && left.portId === undefined);
      await sh('ovs-vsctl del-port tapold');
    }));

  test('a bridge by others is taken as it is; a shared one of ours goes with its last port', async () => {
    const shared: OvsBridgeFact = { ...bridge, name: 'br-ex', failMode: 'standalone', shared: true };
    await sh('ovs-vsctl add-br br-ex -- set bridge br-ex datapath_type=netdev fail_mode=secure');
    await performAll(machine, [add(shared)]);
    assert.deepEqual(await now(machine, shared), shared);
    await performAll(machine, [remove(shared)]);
    assert.match(await sh('ovs-vsctl get bridge br-ex fail_mode'), /secure/);
    await sh('ovs-vsctl del-br br-ex');
    await performAll(machine, [add(shared)]);
    await sh('ovs-vsctl add-port br-ex p1 -- set interface p1 type=internal');
    await performAll(machine, [remove(shared)]);
    assert.ok(await now(machine, shared), 'a port is left');
    await sh('ovs-vsctl del-port br-ex p1');
    await performAll(machine, [remove(shared)]);
    assert.equal(await now(machine, shared), undefined);
  });

  test('an interface by others gets its tag, and is released, never removed', () =>
    on(machine, [bridge], async () => {
      const foreign: OvsPortFact = { ...patch, name: 'vm', type: '', options: {}, tag: 3, foreign: true };
      assert.equal((await machine.perform([add(foreign)])).length, 1, 'it is not made');
      await sh('ovs-vsctl add-port br-int vm -- set interface vm type=internal external-ids:iface-id=port-1');
      await performAll(machine, [add(foreign)]);
      const seen = (await now(machine, foreign)) as OvsPortFact;
      assert.deepEqual([seen.tag, seen.type], [3, 'internal']);
      assert.equal((await machine.switchState())?.ports.get('vm')?.portId, 'port-1');
      await performAll(machine, [remove(foreign)]);
      assert.match(await sh('ovs-vsctl get port vm tag'), /4095/);
    }));
}

function faults(machine: Machine, folder: string, startSwitch: () => Promise<void>): void {
  test('a device that was made anew under its name is plugged in anew', () =>
    on(machine, [bridge, flowsOf('a'), ...guest(1), ...guest(2)], async () => {
      assert.ok(await pings());
      const [netns, link, ...rest] = guest(1);
      assert.ok(netns && link);
      await sh('ip link del tapg1');
      await performAll(machine, [add(link), ...rest.slice(0, 2).map(add)]);
      const port = rest[2] as OvsPortFact;
      const seen = (await now(machine, port)) as OvsPortFact;
      assert.equal(seen.lost, true, 'the switch holds on to the old device');
      await performAll(machine, [change(seen, port)]);
      assert.deepEqual(await now(machine, port), port);
      await until('frames pass', pings);
    }));

  test('a port whose device is gone is there, lost, and can be removed', () =>
    on(machine, [bridge, ...guest(1)], async () => {
      const port = guest(1).at(-1) as OvsPortFact;
      await sh('ip link del tapg1');
      assert.equal(((await now(machine, port)) as OvsPortFact).lost, true);
      await performAll(machine, [remove(port)]);
      assert.equal(await now(machine, port), undefined);
    }));

  test('a port that was made anew by hand shows in the flows that name it', () =>
    on(machine, [bridge, patch], async () => {
      const flows = flowsOf('a', 'table=0,priority=1,in_port=patch-tun actions=drop');
      await performAll(machine, [add(flows)]);
      await sh('ovs-vsctl del-port patch-tun');
      await performAll(machine, [add(patch)]);
      const seen = (await now(machine, flows)) as FlowsFact;
      assert.notDeepEqual(seen, flows);
      await performAll(machine, [change(seen, flows)]);
      assert.deepEqual(await now(machine, flows), flows);
    }));

  test('the end of the switch is noticed, and its flows are known to be gone', () =>
    on(machine, [bridge, flowsOf('a'), ...guest(1), ...guest(2)], async () => {
      let wakes = 0;
      const watch = machine.watchLinks(() => {
        wakes += 1;
      });
      const state = async () => (await machine.switchState())?.run ?? '';
      await until('the switch is followed', async () => (await state()) !== '');
      const before = await state();
      wakes = 0;
      process.kill(Number(readFileSync(`${folder}/ovs-vswitchd.pid`, 'utf8')), 'SIGKILL');
      await until('its end is noticed', async () => (await state()) === '');
      await startSwitch();
      await until('the new one is noticed', async () => (await state()) !== '');
      assert.ok(wakes > 0);
      assert.notEqual(await state(), before);
      assert.equal(await now(machine, flowsOf('a')), undefined);
      await performAll(machine, [add(flowsOf('a'))]);
      await until('frames pass', pings);
      watch.stop();
    }));
}

/** Defines the tests. `startSwitch` starts vswitchd, whose files are in `folder`. */
export function switchKernelSuite(machine: Machine, folder: string, startSwitch: () => Promise<void>): void {
  others(machine);
  faults(machine, folder, startSwitch);
}
