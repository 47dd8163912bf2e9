/** The cost of many routers, and of one forwarding more on a router with many: measured on a real kernel, in a private world. */
import { fileURLToPath } from 'node:url';
import { noPrivateWorld, runInPrivateWorld } from '../support/private-world.ts';

/** How large the worlds are. */
export interface ColdStartSizes {
  readonly driver: 'iptables' | 'nftables';
  readonly routers: number;
  /** Between them all. */
  readonly forwardings: number;
  /** Numbers of forwardings on one router, for the cost of one more. */
  readonly growth: readonly number[];
}

/** What was measured, in milliseconds. `stepsLeft` is 0 (empty) where the plan found everything as it should be. */
export interface ColdStartFigures {
  readonly driver: string;
  readonly growth: readonly Readonly<Record<string, number>>[];
  readonly coldStart: {
    readonly routers: number;
    readonly forwardings: number;
    readonly facts: number;
    readonly renderMs: number;
    readonly observeMs: number;
    readonly planMs: number;
    readonly stepsLeft: readonly string[];
  };
}

const usual: Omit<ColdStartSizes, 'driver'> = { routers: 200, forwardings: 2000, growth: [10, 1000, 10_000] };

/** Measures and tells; undefined where no private world can be made. */
export async function benchColdStart(
  say: (text: string) => void,
  wanted: Pick<ColdStartSizes, 'driver'> & Partial<ColdStartSizes>,
): Promise<ColdStartFigures | undefined> {
  const why = noPrivateWorld();
  if (why !== undefined) {
    say(`cold start: not measured (${why})`);
    return undefined;
  }
  const sizes = { ...usual, ...wanted };
  const script = fileURLToPath(new URL('./cold-start-world.ts', import.meta.url));
  const numbers = [sizes.routers, sizes.forwardings, ...sizes.growth].map(String);
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', script, sizes.driver, ...numbers];
  const { code, stdout, stderr } = await runInPrivateWorld(argv, { deadlineMs: 300_000 });
  if (code !== 0) throw new Error(`the measurement of the cold start ended with ${code}: ${stderr}`);
  const figures: ColdStartFigures = { driver: sizes.driver, ...JSON.parse(stdout) };
  const { routers, forwardings, renderMs, observeMs, planMs } = figures.coldStart;
  const whole = renderMs + observeMs + planMs;
  say(
    `${sizes.driver}: cold start over ${routers} routers with ${forwardings} forwardings: ${whole.toFixed(0)} ms (rendered ${renderMs.toFixed(0)}, observed ${observeMs.toFixed(0)}, planned ${planMs.toFixed(0)})`,
  );
  for (const row of figures.growth) {
    const of = (name: string) => (row[name] ?? Number.NaN).toFixed(1);
    say(
      `${sizes.driver}: one forwarding more than ${row.forwardings}: rendered ${of('renderMs')}, planned ${of('diffMs')}, loaded ${of('addMs')} ms; removed ${of('removeMs')}; all loaded ${of('firstLoadMs')}, all observed ${of('observeMs')}`,
    );
  }
  return figures;
}
