/** The program: every command, this terminal, one exit code. */
import type { Command } from './command.ts';
import { runProgram } from './program.ts';
import { terminal, watchSignals } from './terminal.ts';
import { versionCommand } from './version.ts';

/** Every command, in the order of help. */
const commands: readonly Command[] = [versionCommand];

const signal = watchSignals();
process.exitCode = await runProgram(commands, process.argv.slice(2), (json) => terminal(json, signal));
