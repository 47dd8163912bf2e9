/**
 * Lists as JSON text: the database writes the members that are columns, here come those that are computed between them. What
 * results is what `renderRows` gives, to the letter of JSON; `render-text.test.ts` compares them.
 */
import type { Resource } from '../../model/language.ts';
import type { ReadContext } from '../../operations/context.ts';
import type { Subject } from '../../rules/policy.ts';
import type { TextForm, TextMember, TextRow } from '../../store/store.ts';
import type { AnyRow, Exposed } from './exposure.ts';
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

/** The text of the list. */
export async function renderText(
  c: ReadContext,
  exposed: Exposed,
  { computed }: ListForm,
  found: readonly TextRow<Resource>[],
): Promise<string> {
  const isComputed = computed.length > 0 && found.length > 0;
  const rows = isComputed ? found.map(({ row }) => row) : [];
  const values = isComputed ? ((await exposed.operations.compute?.(c, rows)) as AnyRow[] | undefined) : undefined;
  const texts = found.map(({ pieces }, at) => {
    let members = pieces[0] ?? '';
    for (const [index, member] of computed.entries()) {
      members += computedText(member, values?.[at] ?? {}) + (pieces[index + 1] ?? '');
    }
    return `{${members.slice(1)}}`;
  });
  return `[${texts.join(',')}]`;
}
