/** The agent's entry points. */
export { type Agent, type AgentOptions, type AgentState, agentFolder, startAgent } from './agent.ts';
export { agentReport } from './heartbeat.ts';
export type { Log } from './log.ts';
export type { MeteringOptions } from './metering.ts';
export { planHost } from './preview.ts';
export type { Status } from './unit.ts';
export type { FixedEnvironment } from './units.ts';
export type { Backoff } from './wait.ts';
