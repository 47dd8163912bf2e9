/** An agent that starts over many routers on the simulated machine: first with nothing there, then with everything as it should be. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a start took, and the memory of the process then: the simulated machine is in it too. */
interface Start {
  readonly ms: number;
  readonly performed: number;
  readonly residentMiB: number;
  /** What the agent alone keeps alive on the heap; in the first start what it made on the machine is in it. */
  readonly agentMiB: number;
}

/** What was measured. */
export interface AgentStartFigures {
  readonly driver: string;
  readonly routers: number;
  readonly forwardings: number;
  readonly built: Start;
  readonly again: Start;
  /** What the agent logged meanwhile. */
  readonly lines: readonly string[];
}

/** Measures and tells. */
export async function benchAgentStart(
  say: (text: string) => void,
  { driver, routers = 1000, forwardings = 10_000 }: { driver: string; routers?: number; forwardings?: number },
): Promise<AgentStartFigures> {
  const script = fileURLToPath(new URL('./agent-start-world.ts', import.meta.url));
  const argv = [
    '--disable-warning=ExperimentalWarning',
    '--expose-gc',
    '--max-semi-space-size=4',
    script,
    driver,
    String(routers),
    String(forwardings),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 300_000 });
  const figures = JSON.parse(stdout) as AgentStartFigures;
  const { built, again } = figures;
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  say(
    `${driver}: agent with ${routers} routers and ${figures.forwardings} forwardings on the simulated machine: built in ${seconds(built.ms)} s (${built.performed} steps), started again in ${seconds(again.ms)} s (${again.performed} steps); the agent keeps ${again.agentMiB} MiB alive, resident with the machine ${again.residentMiB} MiB`,
  );
  for (const line of figures.lines) say(`  log: ${line}`);
  return figures;
}
