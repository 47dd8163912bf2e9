/** Load over HTTP from this process: keep-alive connections, a number of them at once, the time of each answer. */
import { type Answer, Connection } from './connection.ts';

/** What was measured of one operation. */
export interface Measured {
  readonly name: string;
  readonly concurrency: number;
  readonly count: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the server for each request, microseconds. */
  readonly serverCpuUs: number;
}

const idle = new Map<string, Connection[]>();

/** Sends one request with a token, over a connection that is free or a new one; the body is JSON. */
export async function send(base: string, token: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const free = idle.get(base) ?? [];
  idle.set(base, free);
  let connection = free.pop();
  while (connection && !connection.isUsable) connection = free.pop();
  connection ??= new Connection(base);
  const answer = await connection.ask(token, method, path, body === undefined ? undefined : JSON.stringify(body));
  free.push(connection);
  return answer;
}

/** Closes the connections to a server that nobody uses. */
export function closeConnections(base: string): void {
  for (const connection of idle.get(base) ?? []) connection.close();
  idle.delete(base);
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

/** Runs `work` for each number below `count`, `concurrency` at once, and measures. `cpuUs` reads the server's CPU time so far. */
export async function measure(
  name: string,
  options: { count: number; concurrency: number; cpuUs: () => number },
  work: (index: number) => Promise<Answer>,
): Promise<Measured> {
  const { count, concurrency, cpuUs } = options;
  const times: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      const start = performance.now();
      const answer = await work(index);
      times.push(performance.now() - start);
      if (answer.status >= 300) throw new Error(`${name}: ${answer.status} ${answer.body.slice(0, 300)}`);
    }
  };
  const cpuBefore = cpuUs();
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  return {
    name,
    concurrency,
    count,
    perSecond: count / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    serverCpuUs: (cpuUs() - cpuBefore) / count,
  };
}
