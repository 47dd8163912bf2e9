import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { HostKey, HostNetwork } from '../model/host-objects.ts';
import { type Fact, factKey } from '../plan/facts.ts';
import type { CutStep } from '../plan/steps.ts';
import { desiredFile, openDesired, readDesired } from './desired.ts';
import { testFolder } from './fixtures.ts';
import { openLedger, readLedger } from './ledger.ts';
import { openRecordFile, readRecords } from './record-file.ts';
import { network, uuid } from './world.ts';

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder();
});
afterEach(() => folder.remove());

describe('record file', () => {
  it('gives back what was appended, whatever the tail looks like', () => {
    const path = join(folder.path, 'sub', 'file');
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 8 }), fc.nat(400), (records, cut) => {
        const file = openRecordFile(path, []);
        file.append(records.map((record) => JSON.stringify(record)));
        file.close();
        const size = statSync(path).size;
        truncateSync(path, Math.max(0, size - cut));
        const read = readRecords(path);
        assert.deepEqual(read.records, JSON.parse(JSON.stringify(records.slice(0, read.records.length))));
        assert.equal(read.damaged, false);
        if (cut === 0) assert.equal(read.records.length, records.length);
      }),
      { numRuns: 60 },
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder.path, 'sub')).mode & 0o777, 0o700);
  });

  it('tells damage in the middle from a cut end', () => {
    const path = join(folder.path, 'file');
    const file = openRecordFile(path, ['1', '{"two":"zwei"}', '3']);
    file.close();
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('zwei', 'drei'));
    assert.deepEqual(readRecords(path), { records: [1, 3], damaged: true });
    writeFileSync(path, `${text}deadbeef {"x":`);
    assert.deepEqual(readRecords(path), { records: [1, { two: 'zwei' }, 3], damaged: false });
    writeFileSync(path, `${text}deadbeef {"x":1}\n`);
    assert.deepEqual(readRecords(path), { records: [1, { two: 'zwei' }, 3], damaged: false });
  });
});

describe('desired store', () => {
  const snapshotOf = (store: { rev: number; keys(): Iterable<HostKey>; get(key: HostKey): unknown }) => ({
    rev: store.rev,
    objects: Object.fromEntries([...store.keys()].sort().map((key) => [key, store.get(key)])),
  });

  it('is after a start what it was, also without a proper end', () => {
    const store = openDesired(folder.path);
    assert.deepEqual([store.rev, store.complete], [0, false]);
    assert.equal(store.put(network(1)), true);
    assert.equal(store.put(network(1)), false);
    store.put(network(2));
    store.bookmark(5);
    store.put(network(2, { mtu: 1400 }));
    store.drop(`network/${uuid(1)}`);
    store.flush();
    assert.deepEqual(snapshotOf(readDesired(folder.path)), snapshotOf(store));
    const again = openDesired(folder.path);
    assert.deepEqual(snapshotOf(again), snapshotOf(store));
    assert.equal(again.complete, true);
  });

  it('names what a snapshot changed, added and took away', () => {
    const store = openDesired(folder.path);
    store.replace([network(1), network(2), network(3)], 4);
    const keys = store.replace([network(1), network(2, { mtu: 9000 }), network(4)], 9);
    assert.deepEqual(
      keys.sort(),
      [2, 3, 4].map((n) => `network/${uuid(n)}`),
    );
    assert.deepEqual([store.rev, store.size], [9, 3]);
    store.close();
  });

  it('asks for everything again after damage, and knows an empty host from an unknown one', () => {
    const store = openDesired(folder.path);
    store.replace([], 0);
    assert.equal(store.complete, true);
    store.replace([network(1), network(2)], 7);
    store.close();
    assert.equal(readDesired(folder.path).complete, true);
    const text = readFileSync(desiredFile(folder.path), 'utf8');
    writeFileSync(desiredFile(folder.path), text.replace('"network_type"', '"network-type"'));
    const again = openDesired(folder.path);
    assert.deepEqual([again.rev, again.complete, again.size], [0, false, 1]);
    again.close();
  });

  it('does not grow without end', () => {
    const store = openDesired(folder.path);
    const big = (n: number): HostNetwork =>
      network(1, { remote_ports: Array.from({ length: 500 }, () => ({ mac: 'm', ips: [`${n}`], vtep: 'v' })) });
    for (let n = 0; n < 300; n++) {
      store.put(big(n));
      store.flush();
    }
    assert.ok(statSync(desiredFile(folder.path)).size < 2 * 1024 * 1024);
    assert.deepEqual(readDesired(folder.path).get(`network/${uuid(1)}`), big(299));
    store.close();
  });
});

describe('ledger', () => {
  const netns = (name: string): Fact => ({ fact: 'netns', name });
  const cut: CutStep = {
    do: 'cut',
    namespace: 'n',
    connections: { destination: '192.0.2.5', protocol: 'tcp', ports: { first: 1, last: 1 }, target: '10.0.0.5' },
    why: 'gone',
  };
  const router: HostKey = 'router/a';

  it('knows after a kill what was made for whom, and what is still to be cut', () => {
    const ledger = openLedger(folder.path);
    ledger.record(
      [
        [router, netns('one')],
        ['base', netns('two')],
      ],
      [[router, cut]],
    );
    ledger.record([['dhcp/b', netns('two')]], []);
    ledger.strike([factKey(netns('one'))], []);
    const read = readLedger(folder.path);
    assert.deepEqual([...read.units()], ['dhcp/b']);
    assert.deepEqual([...read.madeFor('dhcp/b').values()], [netns('two')]);
    assert.deepEqual(read.cutsOf(router), [cut]);
    ledger.strike([], [cut]);
    assert.deepEqual(readLedger(folder.path).cutsOf(router), []);
    ledger.close();
  });

  it('loses by a torn end only what was being written', () => {
    const ledger = openLedger(folder.path);
    ledger.record([[router, netns('one')]], []);
    ledger.close();
    appendFileSync(join(folder.path, 'ledger'), '0badc0de {"made":{"fact":"netns","na');
    const again = openLedger(folder.path);
    assert.equal(again.has(factKey(netns('one'))), true);
    again.record([[router, netns('two')]], []);
    assert.equal(readLedger(folder.path).madeFor(router).size, 2);
    again.close();
  });
});
