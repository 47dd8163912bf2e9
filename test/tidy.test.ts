/** What docs/ARCHITECTURE.md and docs/STYLE.md say of the sources, as far as a program can see it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { records } from '../src/model/index.ts';
import { type SourceFile, sourceFiles, valueImports } from './support/source-files.ts';

const isTest = (path: string): boolean => path.endsWith('.test.ts');
const code = sourceFiles(['src', 'test', 'tools'], /\.(ts|mjs)$/).filter(({ path }) => !path.includes('node_modules'));
const product = code.filter(({ path }) => path.startsWith('src/') && !isTest(path));

/** What each folder may import values from, beside itself. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: ['lib'],
  rules: ['model', 'lib'],
  store: ['rules', 'model', 'lib'],
  operations: ['store', 'rules', 'model', 'lib'],
  api: ['operations', 'store', 'rules', 'model', 'lib'],
  plan: ['rules', 'model', 'lib'],
  host: ['plan/facts.ts', 'plan/flow-text.ts', 'lib'],
  agent: ['plan', 'host', 'client', 'model', 'lib'],
  client: ['model', 'lib'],
  metadata: ['plan/render/metadata-proxy.ts', 'rules', 'model', 'lib'],
  mtu: ['plan/render/names.ts', 'rules', 'model', 'lib'],
  config: ['lib'],
  lab: ['host', 'client', 'model', 'lib'],
  nic: ['host', 'lib'],
};
/** Folders that may import from everywhere. */
const open = new Set(['sim', 'cli']);
/** Folders that run anywhere: no module of Node. */
const pure = ['plan', 'rules', 'mtu', 'model', 'lib', 'nic/decide', 'nic/files'];

/** Packages that read and write a format of text, and do nothing else. */
const textFormats = new Set(['yaml']);

const roomOf = (path: string): string => path.split('/')[1] ?? '';

/** Whether what is allowed (a folder, or one file that is a contract with functions in it) is where the path leads. */
const mayHold = (may: string, path: string): boolean => may === roomOf(path) || path === `src/${may}`;

/** The room that an import of ours leads to; undefined for packages. */
function target(file: SourceFile, from: string): string | undefined {
  return from.startsWith('.') ? normalize(join(dirname(file.path), from)) : undefined;
}

test('each folder imports only from the folders that it may', () => {
  const wrong = product.flatMap((file) => {
    const room = roomOf(file.path);
    if (open.has(room)) return [];
    const allowed = rooms[room];
    if (allowed === undefined) return [`${file.path}: docs/ARCHITECTURE.md knows no folder ${room}`];
    return valueImports(file)
      .filter(({ from }) => {
        const path = target(file, from);
        return path !== undefined && roomOf(path) !== room && !allowed.some((may) => mayHold(may, path));
      })
      .map(({ line, from }) => `${file.path}:${line}: imports ${from}`);
  });
  assert.deepEqual(wrong, []);
});

test('what decides runs anywhere: no module of Node, no package', () => {
  const wrong = product
    .filter((file) => pure.some((folder) => file.path.startsWith(`src/${folder}/`)))
    .flatMap((file) =>
      valueImports(file)
        .filter(({ from }) => !from.startsWith('.') && !textFormats.has(from))
        .map(({ line, from }) => `${file.path}:${line}: imports ${from}`),
    );
  assert.deepEqual(wrong, []);
});

test('nothing of the product imports a test or a tool', () => {
  const wrong = product.flatMap((file) =>
    valueImports(file)
      .filter(({ from }) => /^(test|tools)\//.test(target(file, from) ?? '') || isTest(from))
      .map(({ line, from }) => `${file.path}:${line}: imports ${from}`),
  );
  assert.deepEqual(wrong, []);
});

/** A file that is a table: nearly all of its lines are entries. */
const tables = new Set(['src/config/options.ts', 'src/rules/extensions.ts']);

test('no file is longer than 400 lines, or 700 where it is a table', () => {
  const long = code.filter(({ path, lines }) => lines.length > (tables.has(path) ? 700 : 400));
  assert.deepEqual(
    long.map(({ path, lines }) => `${path}: ${lines.length} lines`),
    [],
  );
});

test('every file of errors is named in the catalogue', () => {
  const catalogue = code.find(({ path }) => path === 'src/model/faults.ts')?.lines.join('\n') ?? '';
  const files = code.map(({ path }) => path).filter((path) => /^src\/model\/faults-/.test(path));
  assert.deepEqual(
    files.filter((path) => !catalogue.includes(`'./${path.slice('src/model/'.length)}'`)),
    [],
  );
});

test('files have kebab-case names', () => {
  const wrong = code.filter(
    ({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.(ts|mjs)$/.test(path.slice(path.lastIndexOf('/') + 1)),
  );
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  );
});

/** Whether a line above ends a docstring, decorations of lint aside. */
function isDocumented(lines: readonly string[], index: number): boolean {
  let above = index - 1;
  while (above >= 0 && /^\s*\/\/ biome-ignore/.test(lines[above] ?? '')) above -= 1;
  return (lines[above] ?? '').trimEnd().endsWith('*/');
}

/** Whether the file's own docstring is about this declaration: it is the first that the file exports. */
function isSubject(lines: readonly string[], index: number): boolean {
  const first = lines.findIndex((line) => /^export (?!(type )?[{*])/.test(line));
  return first === index && (lines[0] ?? '').startsWith('/**');
}

test('every exported function, interface and class says what it is', () => {
  const declaration = /^export (?:default )?(?:async )?(?:function\*? |interface |abstract class |class )(\w+)/;
  // What a function takes is explained by the function and by the members.
  const parameters = /(Options|Limits|Query|Events)$/;
  const wrong = product.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) => {
      const name = declaration.exec(line)?.[1];
      if (name === undefined || parameters.test(name) || isDocumented(lines, index) || isSubject(lines, index))
        return [];
      // Further signatures of one function stand under the first.
      if (declaration.exec(lines[index - 1] ?? '')?.[1] === name) return [];
      return [`${path}:${index + 1}: ${name}`];
    }),
  );
  assert.deepEqual(wrong, []);
});

/** Written so that this file does not hold them itself. */
const banned: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`), 'a task belongs into an issue'],
  [new RegExp(`/${'work'}/|/home/[a-z]`), 'a path of one machine'],
  [new RegExp(`regist${'ry'}\\.(npm|yarn)|npm${'mirror'}|artifact${'ory'}`, 'i'), 'the address of a package registry'],
];

test('no tasks, machine paths or addresses of package registries', () => {
  const files = [
    ...code,
    ...sourceFiles(['docs', 'README.md', 'README.zh-CN.md', '.ci', 'neutrino'], /./),
    ...sourceFiles(['package.json', 'package-lock.json', 'tools/node/package-lock.json', '.npmrc'], /./),
  ];
  const wrong = files.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) =>
      banned.filter(([pattern]) => pattern.test(line)).map(([, why]) => `${path}:${index + 1}: ${why}: ${line.trim()}`),
    ),
  );
  assert.deepEqual(wrong, []);
});

test('every field of the model is explained in whole sentences', () => {
  const wrong = records.flatMap(({ name, doc, fields }) => {
    const docs = [
      ['', doc] as const,
      ...Object.entries(fields).map(([field, { doc: of }]) => [`.${field}`, of] as const),
    ];
    return docs.filter(([, text]) => !/[.…]$/.test(text.trim())).map(([field, text]) => `${name}${field}: ${text}`);
  });
  assert.deepEqual(wrong, []);
});

test('links in the documents lead somewhere', () => {
  const documents = sourceFiles(['docs', 'README.md', 'README.zh-CN.md'], /\.md$/);
  const wrong = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^(https?:|#|mailto:)/.test(link))
      .filter((link) => !existsSync(join(dirname(path), link.replace(/#.*/, ''))))
      .map((link) => `${path}: ${link}`),
  );
  assert.deepEqual(wrong, []);
});

test('exact versions of packages, and a lock file without addresses', () => {
  for (const folder of ['.', 'tools/node']) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
    assert.deepEqual(
      Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version))),
      [],
    );
    assert.doesNotMatch(readFileSync(join(folder, 'package-lock.json'), 'utf8'), /"resolved"/);
  }
});
