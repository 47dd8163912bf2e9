import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LocalVlans, openLocalVlans, readLocalVlans } from './local-vlans.ts';

const none = () => new Set<number>();

function withFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'neutrino-vlans-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function opened<T>(folder: string, work: (vlans: LocalVlans) => T, inUse = none): T {
  const vlans = openLocalVlans(folder, inUse);
  try {
    return work(vlans);
  } finally {
    vlans.close();
  }
}

test('a network keeps its VLAN over restarts, and the next one gets the smallest that is free', () =>
  withFolder((folder) => {
    opened(folder, (vlans) => assert.deepEqual(['a', 'b', 'c', 'a'].map(vlans.tagOf), [1, 2, 3, 1]));
    opened(folder, (vlans) => {
      vlans.free('b');
      assert.deepEqual(['c', 'd', 'e'].map(vlans.tagOf), [3, 2, 4]);
    });
    opened(folder, (vlans) => assert.deepEqual(['e', 'a', 'd', 'c'].map(vlans.tagOf), [4, 1, 2, 3]));
  }));

test('a VLAN in which a port is left is given to nobody', () =>
  withFolder((folder) => {
    opened(
      folder,
      (vlans) => assert.equal(vlans.tagOf('a'), 3),
      () => new Set([1, 2]),
    );
  }));

test('reading changes nothing, and tells what a network would be given', () =>
  withFolder((folder) => {
    opened(folder, (vlans) => vlans.tagOf('a'));
    assert.deepEqual(['b', 'b', 'a'].map(readLocalVlans(folder, none).tagOf), [2, 2, 1]);
    opened(folder, (vlans) => assert.equal(vlans.tagOf('c'), 2));
  }));

test('4094 networks have one, the next has none until one is freed', () =>
  withFolder((folder) => {
    opened(folder, (vlans) => {
      for (let n = 1; n <= 4094; n++) assert.equal(vlans.tagOf(`n${n}`), n);
      assert.equal(vlans.tagOf('more'), undefined);
      vlans.free('n7');
      assert.equal(vlans.tagOf('more'), 7);
    });
  }));

test('the file does not grow with use', () =>
  withFolder((folder) => {
    opened(folder, (vlans) => {
      for (let n = 0; n < 5000; n++) {
        vlans.tagOf(`n${n}`);
        vlans.free(`n${n}`);
      }
      assert.equal(vlans.tagOf('last'), 1);
    });
    appendFileSync(join(folder, 'local-vlans'), 'cut off');
    opened(folder, (vlans) => assert.equal(vlans.tagOf('last'), 1));
  }));
