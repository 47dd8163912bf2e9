/**
 * What the agent made on this host, by key, with enough to remove it later. A fact is written down before it is made and struck
 * after it is removed; only what stands here is ever removed.
 */
import { join } from 'node:path';
import { type Fact, type FactKey, factKey } from '../plan/facts.ts';
import type { CutStep } from '../plan/steps.ts';
import { openRecordFile, readRecords } from './record-file.ts';
import type { UnitKey } from './unit.ts';

/** A record of the file. */
type Record_ =
  | { readonly made: Fact; readonly unit: UnitKey }
  | { readonly struck: FactKey }
  /** Connections that are to be cut once the rules that made them are gone. */
  | { readonly cut: CutStep; readonly unit: UnitKey }
  | { readonly isCut: CutStep };

/** What is read of a ledger. */
export interface LedgerView {
  has(key: FactKey): boolean;
  /** What was made for a unit. */
  madeFor(unit: UnitKey): ReadonlyMap<FactKey, Fact>;
  /** Units for which something stands here. */
  units(): Iterable<UnitKey>;
  /** The cuts of a unit that may not have been made. */
  cutsOf(unit: UnitKey): readonly CutStep[];
  /** The local VLANs in which a port of a bridge stands. */
  localVlans(bridge: string | undefined): ReadonlySet<number>;
}

/** The ledger on disk: what the agent made, or is about to make. */
export interface Ledger extends LedgerView {
  /** Writes down that these facts are about to be made, or changed, for units. On disk when it returns. */
  record(made: Iterable<readonly [UnitKey, Fact]>, cuts: Iterable<readonly [UnitKey, CutStep]>): void;
  /** Strikes what is gone and what was cut. */
  strike(gone: Iterable<FactKey>, cuts: Iterable<CutStep>): void;
  close(): void;
}

const text = (record: Record_) => JSON.stringify(record);

const slackBytes = 1024 * 1024;

/** A fact as it is kept: what it holds is not needed to remove it, and one element that changes is nothing to write down. */
function kept(fact: Fact): Fact {
  if (fact.fact === 'set') return { ...fact, elements: [] };
  if (fact.fact === 'flows') return { ...fact, flows: [] };
  return fact.fact === 'file' ? { ...fact, content: '' } : fact;
}

class Book implements LedgerView {
  readonly owner = new Map<FactKey, UnitKey>();
  readonly byUnit = new Map<UnitKey, Map<FactKey, Fact>>();
  readonly cuts = new Map<string, { cut: CutStep; unit: UnitKey }>();

  /** Applies a record; false where it changes nothing. */
  apply(record: Record_): boolean {
    if ('made' in record) return this.#make(record.made, record.unit);
    if ('struck' in record) return this.#strike(record.struck);
    if ('cut' in record) {
      this.cuts.set(JSON.stringify(record.cut), record);
      return true;
    }
    return this.cuts.delete(JSON.stringify(record.isCut));
  }
  #make(fact: Fact, unit: UnitKey): boolean {
    const key = factKey(fact);
    const before = this.owner.get(key);
    if (before === unit && JSON.stringify(this.byUnit.get(unit)?.get(key)) === JSON.stringify(fact)) return false;
    if (before !== undefined && before !== unit) this.#strike(key);
    this.owner.set(key, unit);
    const facts = this.byUnit.get(unit);
    if (facts) facts.set(key, fact);
    else this.byUnit.set(unit, new Map([[key, fact]]));
    return true;
  }
  #strike(key: FactKey): boolean {
    const unit = this.owner.get(key);
    if (unit === undefined) return false;
    this.owner.delete(key);
    const facts = this.byUnit.get(unit);
    facts?.delete(key);
    if (facts?.size === 0) this.byUnit.delete(unit);
    return true;
  }
  *records(): Generator<string> {
    for (const [unit, facts] of this.byUnit) for (const made of facts.values()) yield text({ made, unit });
    for (const { cut, unit } of this.cuts.values()) yield text({ cut, unit });
  }
  has(key: FactKey): boolean {
    return this.owner.has(key);
  }
  madeFor(unit: UnitKey): ReadonlyMap<FactKey, Fact> {
    return this.byUnit.get(unit) ?? new Map();
  }
  units(): Iterable<UnitKey> {
    return this.byUnit.keys();
  }
  localVlans(bridge: string | undefined): ReadonlySet<number> {
    const tags = new Set<number>();
    for (const facts of this.byUnit.values())
      for (const fact of facts.values())
        if (fact.fact === 'ovs-port' && fact.bridge === bridge && fact.tag !== undefined) tags.add(fact.tag);
    return tags;
  }
  cutsOf(unit: UnitKey): readonly CutStep[] {
    if (this.cuts.size === 0) return [];
    return [...this.cuts.values()].filter((entry) => entry.unit === unit).map((entry) => entry.cut);
  }
}

const ledgerFile = (folder: string) => join(folder, 'ledger');

/** The ledger on disk, without the right to change it. Damaged records are passed over; each stands for itself. */
export function readLedger(folder: string): LedgerView {
  return readBook(folder);
}

function readBook(folder: string): Book {
  const book = new Book();
  for (const record of readRecords(ledgerFile(folder)).records as Record_[]) book.apply(record);
  return book;
}

/** Opens the ledger in a folder. Throws what the file system says. */
export function openLedger(folder: string): Ledger {
  const book = readBook(folder);
  const file = openRecordFile(ledgerFile(folder), book.records());
  let liveBytes = file.bytes;
  let behind = false;
  const write = (records: Record_[]) => {
    const changes = records.filter((record) => book.apply(record));
    // Where a write failed (no space left), the file lacks what the book has; it is written anew before anything else.
    const missed = behind;
    behind = true;
    if (missed) file.rewrite(book.records());
    else file.append(changes.map(text));
    behind = false;
    if (file.bytes <= 2 * liveBytes + slackBytes) return;
    file.rewrite(book.records());
    liveBytes = file.bytes;
  };
  return {
    has: (key) => book.has(key),
    madeFor: (unit) => book.madeFor(unit),
    units: () => book.units(),
    cutsOf: (unit) => book.cutsOf(unit),
    localVlans: (bridge) => book.localVlans(bridge),
    record(made, cuts) {
      const facts = Array.from(made, ([unit, fact]): Record_ => ({ made: kept(fact), unit }));
      write([...facts, ...Array.from(cuts, ([unit, cut]): Record_ => ({ cut, unit }))]);
    },
    strike(gone, cuts) {
      const facts = Array.from(gone, (struck): Record_ => ({ struck }));
      write([...facts, ...Array.from(cuts, (isCut): Record_ => ({ isCut }))]);
    },
    close: () => file.close(),
  };
}
