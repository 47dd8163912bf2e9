/** The program: every command, this terminal, one exit code. */
import { agentCommand, agentPlanCommand, agentSyncCommand } from './agent.ts';
import type { Command } from './command.ts';
import { demoCommand } from './demo.ts';
import { portAttachCommand, portDetachCommand } from './port.ts';
import { runProgram } from './program.ts';
import { terminal, watchSignals } from './terminal.ts';
import { serverCommand, upCommand } from './up.ts';
import { versionCommand } from './version.ts';

/** Every command, in the order of help. */
const commands: readonly Command[] = [
  upCommand,
  serverCommand,
  agentCommand,
  agentPlanCommand,
  agentSyncCommand,
  portAttachCommand,
  portDetachCommand,
  demoCommand,
  versionCommand,
];

const signal = watchSignals();
process.exitCode = await runProgram(commands, process.argv.slice(2), (json) => terminal(json, signal));
