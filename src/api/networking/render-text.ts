/**
 * Lists as JSON text: the database writes the members that are columns, here come those that are computed between them. What
 * results is what `renderRows` gives, to the letter of JSON; `render-text.test.ts` compares them.
 */

import type { ByteList } from '../../lib/byte-list.ts';
import type { Resource } from '../../model/language.ts';
import type { ReadContext } from '../../operations/context.ts';
import type { Subject } from '../../rules/policy.ts';
import type { Condition, Page } from '../../store/query.ts';
import type { TextForm, TextMember, TextRow } from '../../store/store.ts';
import type { AnyRow, Exposed } from './exposure.ts';
import { tableOf } from './lookup.ts';
import type { Extent } from './paging.ts';
import { type Member, type Shape, shapeOf } from './render.ts';

/** What a list asks of the database, and the computed members: one behind each piece but the last. */
export interface ListForm {
  readonly ask: TextForm<Resource>;
  readonly computed: readonly Member[];
}

const forms = new WeakMap<Shape, ListForm>();

function makeForm(exposed: Exposed, shape: Shape): ListForm {
  const pieces: TextMember[][] = [[]];
  const computed: Member[] = [];
  for (const member of shape.members) {
    if (member.isComputed) {
      computed.push(member);
      pieces.push([]);
    } else pieces.at(-1)?.push(member);
  }
  const looked = computed.length > 0 ? (exposed.operations.computesFrom ?? []) : [];
  const columns = [...new Set(['id', ...looked])].filter((name) => name in exposed.resource.fields);
  return { ask: { columns: columns as TextForm<Resource>['columns'], pieces }, computed };
}

/** How a list for this caller is made as text; `undefined` where its computed fields need whole rows. */
export function textFormOf(exposed: Exposed, subject: Subject, wanted: readonly string[]): ListForm | undefined {
  const shape = shapeOf(exposed, subject, wanted);
  if (shape.hasComputed && exposed.operations.compute && !exposed.operations.computesFrom) return undefined;
  const known = forms.get(shape);
  if (known) return known;
  const form = makeForm(exposed, shape);
  forms.set(shape, form);
  return form;
}

function computedText({ name, omitted }: Member, values: AnyRow): string {
  const value = values[name] ?? null;
  return omitted && value === null ? '' : `,${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

/** The texts of rows. */
async function renderTexts(
  c: ReadContext,
  exposed: Exposed,
  computed: readonly Member[],
  found: readonly TextRow<Resource>[],
): Promise<string[]> {
  const isComputed = computed.length > 0 && found.length > 0;
  const rows = isComputed ? found.map(({ row }) => row) : [];
  const values = isComputed ? ((await exposed.operations.compute?.(c, rows)) as AnyRow[] | undefined) : undefined;
  return found.map(({ pieces }, at) => {
    let members = pieces[0] ?? '';
    for (const [index, member] of computed.entries()) {
      members += computedText(member, values?.[at] ?? {}) + (pieces[index + 1] ?? '');
    }
    return `{${members.slice(1)}}`;
  });
}

/** Rows that are read and written at a time: what is made for them is young when it goes. */
const CHUNK = 100;

interface PieceOfList {
  readonly found: readonly TextRow<Resource>[];
  readonly texts: readonly string[];
}

/** What is listed. */
export interface Listed {
  readonly where: Condition | undefined;
  readonly page: Page;
  readonly form: ListForm;
  /** Asked once the list is found to be of more rows than are read at a time. */
  readonly mayBeLong: () => boolean;
}

/** The page's rows piece by piece, each with the rows that it is of; one piece where another order than that of ids is asked for. */
async function* piecesOf(c: ReadContext, exposed: Exposed, { where, page, form }: Listed): AsyncGenerator<PieceOfList> {
  const table = tableOf(exposed.resource);
  const read = async (part: Page) => {
    const found = await c.r.listText(table, where, part, form.ask);
    return { found, texts: await renderTexts(c, exposed, form.computed, found) };
  };
  if (page.sort?.length || page.reverse || !form.ask.columns.includes('id')) return yield await read(page);
  let left = page.limit ?? Number.POSITIVE_INFINITY;
  let { marker } = page;
  while (left > 0) {
    const limit = Math.min(left, CHUNK);
    const piece = await read({ limit, ...(marker === undefined ? {} : { marker }) });
    yield piece;
    if (piece.found.length < limit) return;
    left -= limit;
    marker = piece.found.at(-1)?.row.id as string;
    await new Promise((resume) => setImmediate(resume));
  }
}

/**
 * Adds the list as JSON (`[{…},{…}]`). A long list in the order of ids is read piece by piece of one state of the database, and
 * others are answered in between.
 * @returns which rows; `undefined` where the list is long and may not be: what was added is a part of it.
 */
export async function listBytes(
  c: ReadContext,
  exposed: Exposed,
  listed: Listed,
  to: ByteList,
): Promise<Extent | undefined> {
  let extent: Extent = { count: 0, first: undefined, last: undefined };
  to.add('[');
  for await (const { found, texts } of piecesOf(c, exposed, listed)) {
    if (found.length === 0) break;
    if (extent.count > 0 && !listed.mayBeLong()) return undefined;
    to.add(`${extent.count === 0 ? '' : ','}${texts.join(',')}`);
    const ids = found.map(({ row }) => (row as AnyRow).id);
    const { count, first } = extent;
    extent = { count: count + ids.length, first: count === 0 ? ids[0] : first, last: ids.at(-1) };
  }
  to.add(']');
  return extent;
}
