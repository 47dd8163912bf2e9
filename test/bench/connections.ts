/** New connections a second through a router, by the number of its forwardings: measured on a real kernel, in a private world. */
import { fileURLToPath } from 'node:url';
import { noPrivateWorld, runInPrivateWorld } from '../support/private-world.ts';

/** What was measured. */
export interface ConnectionFigures {
  readonly driver: string;
  readonly forwardings: number;
  /** One for each round. */
  readonly perSecond: readonly number[];
}

/** Measures and tells; undefined where no private world can be made. */
export async function benchConnections(
  say: (text: string) => void,
  { rounds = 3, millis = 1500, sizes = [10, 100, 1000, 10_000] } = {},
): Promise<readonly ConnectionFigures[] | undefined> {
  const why = noPrivateWorld();
  if (why !== undefined) {
    say(`new connections: not measured (${why})`);
    return undefined;
  }
  const script = fileURLToPath(new URL('./connections-world.ts', import.meta.url));
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', script];
  const numbers = [rounds, millis, ...sizes].map(String);
  const { code, stdout, stderr } = await runInPrivateWorld([...argv, ...numbers], { deadlineMs: 300_000 });
  if (code !== 0) throw new Error(`the measurement of new connections ended with ${code}: ${stderr}`);
  const figures = JSON.parse(stdout) as ConnectionFigures[];
  for (const { driver, forwardings, perSecond } of figures) {
    const best = Math.max(...perSecond).toFixed(0);
    const all = perSecond.map((one) => one.toFixed(0)).join(', ');
    say(`${driver}: new connections through ${forwardings} forwardings: ${best} a second (${all})`);
  }
  return figures;
}
