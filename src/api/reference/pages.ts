/** The reference pages, written from the model, the catalogue of faults and the list of extensions. */
import { type FaultKind, faultKinds } from '../../model/faults.ts';
import { resources } from '../../model/index.ts';
import type { Field, Resource, Role, Roles } from '../../model/language.ts';
import { driverNeeds, extensions, type Need, publishedExtensions } from '../../rules/extensions.ts';
import { defaultSettings } from '../../rules/settings.ts';
// Whatever declares faults, so that the catalogue is whole.
import '../faults.ts';
import '../identity/faults.ts';

const roles: Readonly<Record<Role, string>> = {
  reader: 'reader',
  member: 'member',
  manager: 'manager',
  network_owner: "network's owner",
  network_manager: "manager of the network's project",
  admin: 'admin',
};

const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');
const mark = (is: boolean | undefined) => (is ? 'yes' : '');
const code = (text: string) => `\`${text}\``;

const generated = '<!-- Written by tools/generate-reference.ts from the sources; do not edit. -->';

function membersOf({ members = {} }: Field<unknown>): string {
  return Object.entries(members)
    .map(([name, role]) => ` ${code(name)} is for: ${roles[role]}.`)
    .join('');
}

function fieldRow(name: string, field: Field<unknown>): string[] {
  const fallback = field.default === undefined ? '' : code(JSON.stringify(field.default));
  const post = field.post ? `${roles[field.post]}${field.required ? ', required' : ''}` : '';
  const see = field.see ? ` Shown to: ${roles[field.see]}.` : '';
  return [
    code(name),
    field.type.expected,
    post,
    field.put ? roles[field.put] : '',
    fallback,
    mark(field.filter),
    mark(field.sort),
    field.alias ? code(field.alias) : '',
    `${field.doc}${see}${membersOf(field)}`,
  ];
}

const namesOf = (some: Roles) =>
  [some]
    .flat()
    .map((role) => roles[role])
    .join(', ');

function methods(resource: Resource): string[][] {
  const path = `/v2.0${resource.path}`;
  const { policy } = resource;
  const lines: (string[] | undefined)[] = [
    ['GET', path, roles[policy.get]],
    ['GET', `${path}/{${resource.namedBy}}`, roles[policy.get]],
    policy.create ? ['POST', path, roles[policy.create]] : undefined,
    policy.update ? ['PUT', `${path}/{${resource.namedBy}}`, namesOf(policy.update)] : undefined,
    policy.delete ? ['DELETE', `${path}/{${resource.namedBy}}`, namesOf(policy.delete)] : undefined,
    ...resource.actions.map((action) => [
      action.shows ? 'GET' : 'PUT',
      `${path}/{${resource.namedBy}}/${action.name}`,
      roles[action.role],
    ]),
  ];
  return lines
    .filter((line) => line !== undefined)
    .map(([method = '', url = '', role = '']) => [method, code(url), role]);
}

function resourceSection(resource: Resource): string {
  const fields = Object.entries(resource.fields).filter(([, field]) => !field.hidden);
  const special = resource.specialFilters.map(code).join(', ');
  const head = ['field', 'value', 'POST', 'PUT', 'default', 'filter', 'sort', 'extension', 'meaning'];
  return [
    `## ${resource.name}`,
    resource.doc,
    `Extension: ${code(resource.alias)}.${resource.quota ? ` Quota: ${resource.quota.default} for each project.` : ''}`,
    table(['method', 'path', 'who'], methods(resource)),
    table(
      head,
      fields.map(([name, field]) => fieldRow(name, field as Field<unknown>)),
    ),
    ...(special ? [`Further filters: ${special}.`] : []),
  ].join('\n\n');
}

const apiIntroduction = `# The Networking API

${generated}

Everything is under \`/v2.0\`, with a token in \`X-Auth-Token\`. \`GET /openapi.json\` describes the same to programs. "Who" names the
role that is needed in the owning project; an administrator may do everything. Where POST or PUT is empty, the system sets the field.
\`tenant_id\` is another name of \`project_id\`, in bodies and in queries.

Lists: \`?name=a&name=b\` is either; several fields hold together; \`fields\` chooses what is shown; \`sort_key\` with \`sort_dir\`; \`limit\`,
\`marker\`, \`page_reverse\` with links in \`<collection>_links\`. POST takes one object or a list of them under the collection's name: all
are created, or none. \`If-Match: revision_number=N\` on PUT and DELETE refuses with 412 where the row has changed. Rows with \`tags\` have
\`…/{id}/tags\` and \`…/{id}/tags/{tag}\` with GET, PUT, DELETE; POST of a list to the former adds its tags.`;

/** docs/reference/api.md */
export function apiPage(): string {
  return `${[apiIntroduction, ...resources.map(resourceSection)].join('\n\n')}\n`;
}

/** A sentence with the names of its arguments in place of values. */
function sentenceOf(kind: FaultKind<never[]>): string {
  const names = /^\(([^)]*)\)/.exec(String(kind.sentence))?.[1] ?? '';
  const args = names.split(',').flatMap((name) => (name.trim() ? [`<${name.trim().replace(/[:=].*/s, '')}>`] : []));
  try {
    return (kind.sentence as (...all: unknown[]) => string)(...args);
  } catch {
    return (kind.sentence as (...all: unknown[]) => string)(...args.map((arg) => [arg]));
  }
}

/** docs/reference/errors.md */
export function errorsPage(): string {
  const rows = [...faultKinds]
    .map((kind) => [String(kind.status), code(kind.type), sentenceOf(kind), kind.remedy])
    .sort((a, b) => a.join().localeCompare(b.join(), 'en'));
  const introduction = `# Errors

${generated}

The Networking API answers with \`{"NeutronError": {"type", "message", "detail"}}\`, Identity with \`{"error": {"code", "message", "title"}}\`. Every
answer has the request's id in \`X-Openstack-Request-Id\`; the log has it too.`;
  return `${introduction}\n\n${table(['status', 'type', 'message', 'what to do'], rows)}\n`;
}

/** docs/reference/extensions.md */
export function extensionsPage(): string {
  const published = new Set(publishedExtensions(defaultSettings).map((extension) => extension.alias));
  const switchedBy = (need: Need) =>
    `${code(need)} in ${code((driverNeeds as readonly string[]).includes(need) ? 'extension_drivers' : 'service_plugins')}`;
  const rows = [...extensions]
    .sort((a, b) => (a.alias < b.alias ? -1 : 1))
    .map(({ alias, description, needs }) => [
      code(alias),
      description,
      needs.length > 0 ? needs.map(switchedBy).join(', ') : 'always',
      mark(published.has(alias)),
    ]);
  const introduction = `# Extensions

${generated}

\`GET /v2.0/extensions\` lists an extension only where its behaviour is there. What is switched off does not exist: its paths are 404, its
fields are unknown in requests and missing in answers.`;
  return `${introduction}\n\n${table(['alias', 'what it brings', 'switched on by', 'by default'], rows)}\n`;
}

/** The pages, by file name under docs/reference. */
export const referencePages: Readonly<Record<string, () => string>> = {
  'api.md': apiPage,
  'errors.md': errorsPage,
  'extensions.md': extensionsPage,
};
