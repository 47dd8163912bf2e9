/** Every command, in the order of help. */
import { agentCommand, agentPlanCommand, agentSyncCommand } from './agent.ts';
import type { Command } from './command.ts';
import { demoCommand } from './demo.ts';
import { meteringListCommand, meteringShowCommand } from './metering/show.ts';
import { mtuAuditCommand } from './mtu/audit.ts';
import { mtuCalcCommand } from './mtu/calc.ts';
import { mtuExplainCommand } from './mtu/explain.ts';
import { mtuProbeCommand } from './mtu/probe.ts';
import { nicAdoptCommand, nicPlanCommand, nicReleaseCommand, nicRepairCommand } from './nic/move.ts';
import { nicStatusCommand } from './nic/status.ts';
import { nicConfirmCommand, nicGuardCommand, nicRecoverCommand, nicRollbackCommand } from './nic/trial.ts';
import { portAttachCommand, portDetachCommand } from './port.ts';
import { serverCommand, upCommand } from './up.ts';
import { versionCommand } from './version.ts';

/** The commands of the program. */
export const commands: readonly Command[] = [
  upCommand,
  serverCommand,
  agentCommand,
  agentPlanCommand,
  agentSyncCommand,
  portAttachCommand,
  portDetachCommand,
  mtuCalcCommand,
  mtuExplainCommand,
  mtuAuditCommand,
  mtuProbeCommand,
  meteringListCommand,
  meteringShowCommand,
  nicPlanCommand,
  nicAdoptCommand,
  nicConfirmCommand,
  nicRollbackCommand,
  nicReleaseCommand,
  nicStatusCommand,
  nicRepairCommand,
  nicRecoverCommand,
  nicGuardCommand,
  demoCommand,
  versionCommand,
];
