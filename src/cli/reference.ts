/** The reference page of the commands, from their declarations. */
import type { Command } from './command.ts';

function section(command: Command): string {
  const args = (command.arguments ?? []).map(({ name }) => ` ${name}`).join('');
  const takes = [
    ...(command.arguments ?? []).map(({ name, doc }) => `| \`${name}\` | ${doc} |`),
    ...Object.values(command.options).map(({ flags, doc }) => `| \`${flags}\` | ${doc} |`),
    '| `--json` | answer in JSON |',
  ];
  return [
    `## neutrino ${command.name}${args}`,
    command.summary,
    ...(command.detail === undefined ? [] : [command.detail]),
    ['| takes | meaning |', '|---|---|', ...takes].join('\n'),
    ['```', ...command.examples, '```'].join('\n'),
  ].join('\n\n');
}

const introduction = `# Commands

Generated from \`src/cli\` by \`npm run docs\`; do not edit.

\`./neutrino\` at the root of a clone runs a command from any directory. Answers go to stdout, everything else to stderr. Exit
codes: 0 fine, 1 failed (or, for commands that judge: there is something to do), 2 called wrongly.`;

/** The page as Markdown. */
export function commandsPage(commands: readonly Command[]): string {
  return `${[introduction, ...commands.map(section)].join('\n\n')}\n`;
}
