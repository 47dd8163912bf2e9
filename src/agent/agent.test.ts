import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HostKey, HostObject } from '../model/host-objects.ts';
import type { FactKey } from '../plan/facts.ts';
import { quiet, TestLog, TestMachine, TestServer, testAgent, testEnvironment, testFolder, until } from './fixtures.ts';
import { type Agent, type AgentOptions, agentFolder, planHost } from './index.ts';
import { addressSet, dhcp, group, network, port, router, tap, uuid } from './world.ts';

const key = (kind: string, n: number) => `${kind}/${uuid(n)}` as HostKey;
const external = () => network(1, { network_type: 'flat', physical_network: 'public', segmentation_id: null });

/** A host with everything on it. */
const cloud = (): HostObject[] => [
  external(),
  network(2),
  network(3),
  group(true),
  addressSet('10.0.2.9/32'),
  port(10, 2),
  port(11, 3),
  router(20, [2, 3], [9000]),
  dhcp(2, [10]),
  dhcp(3, [11]),
];

describe('agent', () => {
  let folder: ReturnType<typeof testFolder>;
  let server: TestServer;
  let machine: TestMachine;
  let agents: Agent[];
  const start = (more: Partial<AgentOptions> = {}, path = folder.path): Agent => {
    const agent = testAgent(server, machine, path, more);
    agents.push(agent);
    return agent;
  };
  const keys = () => [...machine.facts.keys()].sort();
  const stateOf = (kind: string, n: number) => server.statuses.get(key(kind, n))?.state;

  beforeEach(() => {
    folder = testFolder();
    server = new TestServer();
    machine = new TestMachine();
    agents = [];
  });
  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    folder.remove();
  });

  it('takes nothing away for an object that it cannot read after a restart, and mends it when the object is whole', async () => {
    const whole = dhcp(2, [10]);
    server.put(network(2), whole);
    const agent = start();
    await quiet(agent, server);
    await agent.stop();
    const before = keys();
    server.put({ ...whole, subnets: [null] } as unknown as HostObject);
    const again = start();
    await quiet(again, server);
    assert.deepEqual(keys(), before);
    assert.equal(stateOf('dhcp', 2), 'ERROR');
    server.put(dhcp(2, [10, 11]));
    await quiet(again, server);
    assert.deepEqual(keys(), before);
    assert.equal(stateOf('dhcp', 2), 'ACTIVE');
  });

  it('starts a daemon anew that ends by itself, and leaves one that ends again and again to the next look', async () => {
    server.put(network(2), dhcp(2, [10]));
    const log = new TestLog();
    const agent = start({ log });
    await quiet(agent, server);
    const dnsmasq = `process|dnsmasq/${uuid(2)}` as FactKey;
    for (let times = 0; times < 3; times++) {
      machine.end(dnsmasq);
      await until('it is there again', () => machine.facts.has(dnsmasq));
    }
    machine.end(dnsmasq);
    await quiet(agent, server);
    assert.equal(machine.facts.has(dnsmasq), false);
    await agent.sync();
    assert.equal(machine.facts.has(dnsmasq), true);
    assert.match(log.lines.join('\n'), /ended by itself and is started anew[\s\S]*ends again and again/);
  });

  it('brings about what the server says, reports it, and has nothing to do then', async () => {
    machine.plug(tap(10));
    machine.plug(tap(11));
    server.put(...cloud());
    const agent = start();
    await quiet(agent, server);
    assert.deepEqual(
      [...server.statuses.values()].filter((status) => status.state !== 'ACTIVE'),
      [],
    );
    assert.equal(server.statuses.size, cloud().length);
    assert.ok(keys().some((one) => one.startsWith(`chain|qrouter-${uuid(20)}|4|nat`)));
    assert.deepEqual(await agent.plan(), []);
    const before = machine.performed.length;
    await agent.sync();
    assert.equal(machine.performed.length, before);
  });

  it('takes away everything that it made, and nothing else', async () => {
    machine.plug(tap(10));
    machine.plug('eth9');
    server.put(...cloud());
    const agent = start();
    await quiet(agent, server);
    server.drop(...cloud().map((object): HostKey => `${object.kind}/${object.id}`));
    await quiet(agent, server);
    const left = keys().filter((one) => !one.startsWith('sysctl|'));
    assert.deepEqual(left, [`link||eth9`, `link||${tap(10)}`]);
    assert.equal(stateOf('router', 20), 'GONE');
    assert.equal(agent.state().statuses.length, 0);
  });

  it('costs one run and no look when one router changes', async () => {
    server.put(...cloud(), ...Array.from({ length: 30 }, (_, n) => router(100 + n, [2])));
    const agent = start();
    await quiet(agent, server);
    const before = { observes: machine.observes, performs: machine.performs, steps: machine.performed.length };
    server.put(router(20, [2, 3], [9000, 9001]));
    await quiet(agent, server);
    assert.equal(machine.observes, before.observes);
    assert.equal(machine.performs, before.performs + 1);
    const steps = machine.performed.slice(before.steps);
    assert.ok(
      steps.length > 0 && steps.every((step) => 'namespace' in step || ['chain', 'hook'].includes(step.fact.fact)),
      JSON.stringify(steps),
    );
    assert.ok(steps.every((step) => step.why === `${key('router', 20)} changed`));
    assert.equal(server.statusLog.at(-1)?.key, key('router', 20));
  });

  it('goes on where a killed agent broke off, at any step', async () => {
    machine.plug(tap(10));
    machine.plug(tap(11));
    server.put(...cloud());
    const whole = start();
    await quiet(whole, server);
    await whole.stop();
    const steps = machine.performed.length;
    const wanted = keys();
    for (let after = 1; after < steps; after += 7) {
      const home = testFolder();
      const later = testFolder();
      try {
        machine = new TestMachine();
        machine.plug(tap(10));
        machine.plug(tap(11));
        server = new TestServer();
        server.put(...cloud(), router(21, [3]), network(4));
        machine.stepsLeft = after;
        const killed = start({}, home.path);
        await until('the machine to break off', () => machine.stepsLeft === 0 && machine.performs > 0);
        cpSync(home.path, later.path, { recursive: true });
        await killed.stop();
        machine.stepsLeft = Number.POSITIVE_INFINITY;
        server.drop(key('router', 21), key('network', 4));
        const next = testAgent(server, machine, later.path);
        agents.push(next);
        await quiet(next, server);
        assert.deepEqual(keys(), wanted, `broken off after ${after} steps`);
        assert.deepEqual(await next.plan(), []);
      } finally {
        home.remove();
        later.remove();
      }
    }
  });

  it('works from disk with the server away, and finds what changed meanwhile', async () => {
    server.put(...cloud());
    const first = start();
    await quiet(first, server);
    await first.stop();
    const wanted = keys();
    for (const one of wanted.filter((fact) => fact.includes('qrouter-') || fact.includes('qr-'))) machine.lose(one);
    assert.notDeepEqual(keys(), wanted);
    server.goAway();
    const log = new TestLog();
    const second = start({ log });
    await until('the router to be back', () => JSON.stringify(keys()) === JSON.stringify(wanted));
    assert.equal(second.state().connected, false);
    server.drop(key('router', 20));
    server.away = false;
    await quiet(second, server);
    assert.deepEqual(
      keys().filter((one) => one.includes('qrouter-')),
      [],
    );
    assert.equal(log.lines.filter((line) => line.includes('Working on from the state on disk')).length, 1);
  });

  it('removes by its ledger what went while it was away, also by a snapshot', async () => {
    server.put(...cloud());
    const first = start();
    await quiet(first, server);
    await first.stop();
    server.drop(key('router', 20), key('dhcp', 2));
    server.horizon = server.rev;
    const second = start();
    await quiet(second, server);
    assert.deepEqual(
      keys().filter((one) => one.includes('qrouter-') || one.includes(`qdhcp-${uuid(2)}`)),
      [],
    );
    assert.equal(stateOf('router', 20), 'GONE');
    assert.equal(stateOf('dhcp', 3), 'ACTIVE');
  });

  it('removes nothing before it knows everything', async () => {
    server.put(...cloud());
    const first = start();
    await quiet(first, server);
    await first.stop();
    const before = keys();
    const ledgerOnly = testFolder();
    cpSync(`${agentFolder(folder.path)}/ledger`, `${agentFolder(ledgerOnly.path)}/ledger`, { recursive: true });
    server.goAway();
    const second = start({}, ledgerOnly.path);
    await second.sync();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(keys(), before);
    await second.stop();
    ledgerOnly.remove();
  });

  it('repairs what was removed by hand, at once when asked and by itself in the slow round', async () => {
    machine.plug(tap(10));
    server.put(...cloud());
    const agent = start({ resyncIntervalMs: 50 });
    await quiet(agent, server);
    const wanted = keys();
    const chain = wanted.find((one) => one.startsWith(`chain|qrouter-${uuid(20)}|4|nat`)) ?? '';
    machine.lose(chain);
    await agent.sync();
    assert.deepEqual(keys(), wanted);
    machine.lose(chain);
    machine.lose(wanted.find((one) => one.startsWith('chain||4|filter')) ?? '');
    await until('the slow round', () => JSON.stringify(keys()) === JSON.stringify(wanted));
  });

  it('notices devices: a tap that comes, goes and comes anew, a bridge that was deleted', async () => {
    server.put(...cloud());
    const agent = start();
    await quiet(agent, server);
    assert.match(server.statuses.get(key('port', 10))?.reason ?? '', /tap.* does not exist/);
    machine.plug(tap(10));
    const linkKey: FactKey = `link||${tap(10)}`;
    const mastered = () => {
      const fact = machine.facts.get(linkKey);
      return fact?.fact === 'link' && fact.master !== undefined && fact.up;
    };
    await until('the tap to be wired', mastered);
    await until('the port to be active', () => stateOf('port', 10) === 'ACTIVE');
    machine.lose(linkKey);
    machine.plug(tap(10));
    await until('the new tap to be wired', mastered);
    const fact = machine.facts.get(linkKey);
    machine.lose(`link||${fact?.fact === 'link' ? fact.master : ''}`);
    assert.equal(mastered(), false);
    await until('the tap to be wired to the new bridge', mastered);
    machine.lose(linkKey);
    await until('the port to be down', () => stateOf('port', 10) === 'DOWN');
  });

  it('reports a failing step, goes on with the rest, and tries again', async () => {
    const bad: FactKey = `netns|qrouter-${uuid(20)}`;
    machine.failing.set(bad, 'ip netns add: exit code 1: File exists');
    server.put(...cloud(), router(21, [2]));
    const log = new TestLog();
    const agent = start({ log });
    await until('the other router', () => stateOf('router', 21) === 'ACTIVE' && stateOf('dhcp', 2) === 'ACTIVE');
    await until('the failure', () => stateOf('router', 20) === 'ERROR');
    const performs = machine.performs;
    await until('more attempts', () => machine.performs > performs + 3);
    assert.match(server.statuses.get(key('router', 20))?.reason ?? '', /File exists/);
    assert.equal(log.lines.filter((line) => line.includes('File exists')).length, 1);
    assert.equal(server.statusLog.filter((status) => status.key === key('router', 20)).length, 1);
    machine.failing.clear();
    await until('the router', () => stateOf('router', 20) === 'ACTIVE');
    await quiet(agent, server);
    assert.deepEqual(await agent.plan(), []);
  });

  it('goes on with the rest where one thing cannot be read', async () => {
    machine.unreadable = `qrouter-${uuid(20)}`;
    server.put(...cloud(), router(21, [2]), router(22, [3]));
    start();
    await until('the others', () => stateOf('router', 21) === 'ACTIVE' && stateOf('router', 22) === 'ACTIVE');
    await until('the failure', () => stateOf('router', 20) === 'ERROR');
  });

  it('keeps statuses until the server takes them', async () => {
    server.put(...cloud());
    const agent = start();
    await quiet(agent, server);
    server.statuses.clear();
    const client = server.client();
    const deaf = start({ client: { ...client, status: () => Promise.reject(new Error('busy')) } }, folder.path);
    await agent.stop();
    await until('statuses to wait', () => deaf.state().unreported === cloud().length);
    await deaf.stop();
    assert.equal(server.statuses.size, 0);
    server.horizon = server.rev + 1;
    const last = start();
    await quiet(last, server);
    assert.equal(server.statuses.size, cloud().length);
  });

  it('plans for a host whose agent is not running', async () => {
    server.put(...cloud());
    const agent = start();
    await quiet(agent, server);
    await agent.stop();
    assert.deepEqual(await planHost(machine, testEnvironment, agentFolder(folder.path)), []);
    machine.lose(`netns|qrouter-${uuid(20)}`);
    const performs = machine.performs;
    const steps = await planHost(machine, testEnvironment, agentFolder(folder.path));
    assert.ok(steps.some((step) => step.do === 'add' && step.fact.fact === 'netns'));
    assert.equal(machine.performs, performs);
  });

  it('says that it lives', async () => {
    start({ reportIntervalMs: 5 });
    await until('reports', () => server.reports.length > 2);
    assert.deepEqual(
      server.reports[0]?.functions.map((one) => one.agent_type),
      ['Linux bridge agent', 'L3 agent', 'DHCP agent'],
    );
  });
});
