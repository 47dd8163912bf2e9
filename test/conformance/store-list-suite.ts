/** Lists against the same conditions and orders in plain JavaScript, on rows and conditions made at random. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { network, subnet } from '../../src/model/index.ts';
import type { Row } from '../../src/model/language.ts';
import type { Condition, Page, Scalar } from '../../src/store/query.ts';
import type { Store } from '../../src/store/store.ts';
import { networkRow, subnetRow } from './store-rows.ts';

type Network = Row<typeof network>;
type Plain = Readonly<Record<string, unknown>>;

const words = ['', 'a', 'A', 'ab', 'b%', '_', 'é', '日本', '10', "o'"];
const types = ['vxlan', 'vlan', null] as const;
const numbers = [null, 0, 1, 2, 10];

const someRow = fc.record({
  name: fc.constantFrom(...words),
  description: fc.constantFrom(...words),
  'router:external': fc.boolean(),
  mtu: fc.constantFrom(68, 1500, 9000),
  'provider:network_type': fc.constantFrom(...types),
  'provider:segmentation_id': fc.constantFrom(...numbers),
  tags: fc.uniqueArray(fc.constantFrom(...words), { maxLength: 4 }),
});

const columns: Record<string, readonly Scalar[]> = {
  name: words,
  description: [...words, 'a\u0000b', 7, '\ud800'],
  'router:external': [true, false, 'true'],
  mtu: [68, 1500, 9000, '1500'],
  'provider:network_type': types,
  'provider:segmentation_id': numbers,
};
const column = fc.constantFrom(...Object.keys(columns));

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  column.chain((name) =>
    fc.record({
      op: fc.constant('in' as const),
      column: fc.constant(name),
      values: fc.array(fc.constantFrom(...(columns[name] ?? [])), { maxLength: 4 }),
    }),
  ),
  column.chain((name) =>
    fc.record({
      op: fc.constantFrom('lt', 'le', 'gt', 'ge'),
      column: fc.constant(name),
      value: fc.constantFrom(...(columns[name] ?? [])),
    }),
  ),
  fc.record({
    op: fc.constant('contains' as const),
    column: fc.constantFrom('name', 'provider:network_type'),
    value: fc.constantFrom(...words, 'lan', 'a\u0000'),
  }),
  fc.record({
    op: fc.constantFrom('has_all', 'has_any'),
    column: fc.constant('tags'),
    values: fc.array(fc.constantFrom(...words, 'x\u0000'), { maxLength: 3 }),
  }),
  fc.constantFrom<Condition>({
    op: 'among',
    column: 'id',
    record: 'subnet',
    select: 'network_id',
    where: { op: 'in', column: 'name', values: ['even'] },
  }),
);

const condition = fc.letrec<{ any: Condition }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({ op: fc.constantFrom('and', 'or'), of: fc.array(tie('any'), { maxLength: 3 }) }),
    fc.record({ op: fc.constant('not'), of: tie('any') }),
  ),
})).any as fc.Arbitrary<Condition>;

const sort = fc.array(fc.record({ column, direction: fc.constantFrom('asc' as const, 'desc' as const) }), {
  maxLength: 3,
});

// By code point, as both databases compare.
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

function comparable(a: unknown, b: unknown): boolean {
  if (a === null || b === null || typeof a !== typeof b) return false;
  return typeof b !== 'string' || (b.isWellFormed() && !b.includes('\u0000'));
}

function holds(row: Plain, c: Condition): boolean {
  switch (c.op) {
    case 'and':
      return c.of.every((part) => holds(row, part));
    case 'or':
      return c.of.some((part) => holds(row, part));
    case 'not':
      return !holds(row, c.of);
    case 'in':
      return c.values.some((value) => value === row[c.column]);
    case 'contains':
      return typeof row[c.column] === 'string' && String(row[c.column]).includes(c.value);
    case 'has_all':
      return c.values.every((value) => (row[c.column] as string[]).includes(value));
    case 'has_any':
      return c.values.some((value) => (row[c.column] as string[]).includes(value));
    case 'among':
      return Number(String(row.id).slice(1)) % 2 === 0;
    default: {
      if (!comparable(row[c.column], c.value)) return false;
      const order = compare(row[c.column], c.value);
      return { lt: order < 0, le: order <= 0, gt: order > 0, ge: order >= 0 }[c.op];
    }
  }
}

function sorted(rows: readonly Network[], by: NonNullable<Page['sort']>): Network[] {
  const keys = [...by, { column: 'id', direction: 'asc' as const }];
  return rows.toSorted((left: Plain, right: Plain) => {
    for (const { column: name, direction } of keys) {
      const [a, b] = [left[name] ?? null, right[name] ?? null];
      const order = a === null || b === null ? Number(b === null) - Number(a === null) : compare(a, b);
      if (order !== 0) return direction === 'asc' ? order : -order;
    }
    return 0;
  });
}

/** Runs the suite on a store that `open` makes. */
export function listSuite(open: () => Promise<Store>): void {
  describe('lists', () => {
    let store: Store;
    let rows: Network[] = [];
    before(async () => {
      store = await open();
      const drafts = fc.sample(someRow, { numRuns: 60, seed: 1 });
      rows = drafts.map((draft, i) => networkRow(`n${String(i).padStart(2, '0')}`, draft as Partial<Network>));
      rows = await store.transact((t) => t.insertMany(network, rows));
      const even = rows.filter((_, i) => i % 2 === 0).map(({ id }) => ({ ...subnetRow(`s${id}`, id), name: 'even' }));
      const odd = rows.filter((_, i) => i % 2 === 1).map(({ id }) => ({ ...subnetRow(`s${id}`, id), name: 'odd' }));
      await store.transact((t) => t.insertMany(subnet, [...even, ...odd]));
    });

    const ids = (found: readonly Network[]) => found.map(({ id }) => id);
    const listed = async (where: Condition | undefined, page?: Page) =>
      ids(await store.read((r) => r.list(network, where, page)));

    it('hold the rows that satisfy the condition, in order', async () => {
      await fc.assert(
        fc.asyncProperty(condition, sort, async (where, by) => {
          const expected = sorted(
            rows.filter((row) => holds(row, where)),
            by,
          );
          assert.deepEqual(await listed(where, { sort: by }), ids(expected));
        }),
        { numRuns: 300 },
      );
    });

    it('come page by page, forwards and backwards, as they come whole', async () => {
      await fc.assert(
        fc.asyncProperty(condition, sort, fc.integer({ min: 1, max: 9 }), async (where, by, limit) => {
          const whole = await listed(where, { sort: by });
          for (const reverse of [false, true]) {
            const pages: string[][] = [];
            let marker: string | undefined;
            for (;;) {
              const page = await listed(where, { sort: by, limit, reverse, ...(marker ? { marker } : {}) });
              if (page.length === 0) break;
              assert(page.length <= limit && pages.length <= whole.length);
              if (reverse) pages.unshift(page);
              else pages.push(page);
              marker = reverse ? page[0] : page.at(-1);
            }
            assert.deepEqual(pages.flat(), whole);
          }
        }),
        { numRuns: 60 },
      );
    });

    it('say as text what they say as rows', async () => {
      const members = Object.entries(network.fields)
        .filter(([, field]) => field.stored !== false)
        .map(([name]) => ({ name: `${name}"'`, column: name, omitted: name === 'provider:segmentation_id' }));
      const pieces = [members.slice(0, 5), [], members.slice(5)];
      const asText = async (where: Condition, page: Page) => {
        const form = { columns: ['id', 'tags', 'admin_state_up'] as const, pieces };
        const found = await store.read((r) => r.listText(network, where, page, form));
        return found.map((one) => ({ row: one.row, body: JSON.parse(`{${one.pieces.join('').slice(1)}}`) }));
      };
      const asRows = async (where: Condition, page: Page) => {
        const found = await store.read((r) => r.list(network, where, page));
        return found.map((row) => {
          const { id, tags, admin_state_up } = row;
          const shown = members.filter(({ column: name, omitted }) => !omitted || (row as Plain)[name] !== null);
          const body = Object.fromEntries(shown.map(({ name, column: from }) => [name, (row as Plain)[from]]));
          return { row: { id, tags, admin_state_up }, body };
        });
      };
      await fc.assert(
        fc.asyncProperty(condition, sort, fc.boolean(), async (where, by, reverse) => {
          const page = { sort: by, limit: 20, reverse };
          const [text, plain] = [await asText(where, page), await asRows(where, page)];
          assert.deepEqual(text, plain);
          assert.equal(JSON.stringify(text), JSON.stringify(plain));
        }),
        { numRuns: 100 },
      );
    });

    it('are empty after a marker that is no row', async () => {
      assert.deepEqual(await listed(undefined, { marker: 'none' }), []);
    });

    it('refuse columns that do not exist, are JSON, or are no text', async () => {
      await assert.rejects(listed({ op: 'in', column: 'x"', values: [1] }), /has no column/);
      await assert.rejects(listed(undefined, { sort: [{ column: 'subnets', direction: 'asc' }] }), /has no column/);
      await assert.rejects(listed(undefined, { sort: [{ column: 'tags', direction: 'asc' }] }), /has no order/);
      await assert.rejects(listed({ op: 'contains', column: 'mtu', value: '1' }), /is no text/);
    });
  });
}
