/** The reference page of the configuration, from the table of options. */
import type { OptionDefinition } from './option.ts';

const files: Readonly<Record<string, string>> = { l3: 'l3_agent.ini', l2: 'the L2 agent', dhcp: 'dhcp_agent.ini' };

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function row(option: OptionDefinition<unknown>): string {
  const older = option.deprecated.map((name) => `\`${name}\``).join(', ');
  const fallback = option.kind.print(option.default);
  const where = option.role === undefined ? '' : ` Only in the file of ${files[option.role] ?? option.role}.`;
  const cells = [
    `\`${option.name}\``,
    `${option.doc}${where}${older === '' ? '' : ` Older name: ${older}.`}`,
    option.kind.expected,
    fallback === '' ? '' : `\`${fallback}\``,
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

/** The page as Markdown. */
export function configurationPage(options: readonly OptionDefinition<unknown>[]): string {
  const sections = Map.groupBy(options, (option) => option.section);
  const tables = [...sections].map(([section, of]) =>
    [`## [${section}]`, '', '| option | meaning | takes | default |', '|---|---|---|---|', ...of.map(row), ''].join(
      '\n',
    ),
  );
  return [
    '# Configuration',
    '',
    'Generated from `src/config/options.ts` by `npm run docs`; do not edit.',
    '',
    "Neutrino needs no file at all. It reads Neutron's own: `neutrino up --config-file /etc/neutron/neutron.conf --config-file",
    '/etc/neutron/l3_agent.ini`, or `--config-dir FOLDER` for all *.conf and *.ini files of a folder. Where an option stands in',
    'several files, the later file counts. An option that is not here has no effect and is named in a warning, with file and line;',
    'a wrong value stops the start.',
    '',
    ...tables,
  ].join('\n');
}
