/** The program: every command, this terminal, one exit code. */
import { commands } from './commands.ts';
import { runProgram } from './program.ts';
import { outliveReaders, terminal, watchSignals } from './terminal.ts';

outliveReaders();
const signal = watchSignals();
process.exitCode = await runProgram(commands, process.argv.slice(2), (json) => terminal(json, signal));
