/** From command values to a program: parsing by commander, help from the declarations, errors as one sentence. */
import { CommanderError, Command as Parser, Option as ParserOption } from 'commander';
import { type Cli, type Command, CommandError, type ExitCode, type Option } from './command.ts';

type Done = (code: ExitCode) => void;

function addOption(parser: Parser, option: Option<unknown>): ParserOption {
  const [name = '', value] = option.flags.split(' ');
  const parsed = new ParserOption(value === undefined ? name : `${name} <${value}>`, option.doc);
  if (option.kind !== 'flag')
    parsed.argParser((given: string, before: string[] | undefined) => [...(before ?? []), given]);
  parser.addOption(parsed);
  return parsed;
}

function readOption(parser: Parser, parsed: ParserOption, option: Option<unknown>): unknown {
  const value = parser.opts()[parsed.attributeName()];
  if (option.kind !== 'flag') return option.read(Array.isArray(value) ? value : []);
  return option.read(value === !parsed.negate ? ['given'] : []);
}

function helpOf(command: Command): string {
  const detail = command.detail === undefined ? '' : `\n${command.detail}\n`;
  const examples = command.examples.map((example) => `  ${example}`).join('\n');
  return `${detail}\nExamples:\n${examples}`;
}

/** The parser of the command's words, made where missing: `port attach` is `attach` of `port`. */
function parserFor(program: Parser, command: Command): Parser {
  let parser = program;
  for (const word of command.name.split(' ')) {
    parser = parser.commands.find((known) => known.name() === word) ?? settled(parser.command(word));
  }
  return parser;
}

function settled(parser: Parser): Parser {
  // Options belong to the word before them: `agent plan --state-dir` is plan's, not agent's.
  return parser.helpCommand(false).enablePositionalOptions().showHelpAfterError('(--help tells more)').exitOverride();
}

function addCommand(program: Parser, command: Command, makeCli: (json: boolean) => Cli, done: Done): void {
  const parser = parserFor(program, command).description(command.summary).addHelpText('after', helpOf(command));
  for (const { name, doc } of command.arguments ?? []) parser.argument(`<${name}>`, doc);
  const options = Object.entries(command.options).map(([key, option]) => ({
    key,
    option,
    parsed: addOption(parser, option),
  }));
  parser.option('--json', 'answer in JSON');
  const count = command.arguments?.length ?? 0;
  parser.action(async (...all: unknown[]) => {
    const given = Object.fromEntries(
      options.map(({ key, option, parsed }) => [key, readOption(parser, parsed, option)]),
    );
    done(await command.run(given, makeCli(parser.opts().json === true), ...(all.slice(0, count) as string[])));
  });
}

/** The text of an error as a person is told it; what is no CommandError is a defect and shows where it came from. */
function tellError(error: unknown): string {
  if (error instanceof CommandError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * Runs what the arguments say and gives the exit code. Answers go through `makeCli`, errors and help of a wrong call to stderr,
 * help that was asked for to stdout.
 */
export async function runProgram(
  commands: readonly Command[],
  args: readonly string[],
  makeCli: (json: boolean) => Cli,
): Promise<ExitCode> {
  const program = settled(new Parser('neutrino')).description('OpenStack-compatible cloud networking for Linux hosts.');
  program.configureHelp({ sortSubcommands: false });
  let exitCode: ExitCode = 0;
  for (const command of commands) addCommand(program, command, makeCli, (code) => (exitCode = code));
  nameGroups(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has told the person already; its code 0 is help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`neutrino: ${tellError(error)}\n`);
    return error instanceof CommandError ? error.exitCode : 1;
  }
}

/** A word that only groups others (`port`) is summed up by them. */
function nameGroups(program: Parser): void {
  for (const parser of program.commands) {
    if (parser.description() === '')
      parser.description(`${parser.commands.map((child) => child.name()).join(', ')} (see ${parser.name()} --help)`);
  }
}
