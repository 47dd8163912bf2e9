/** Load over HTTP from this process: keep-alive connections, a number of them at once, the time of each answer. */
import { Agent, request } from 'node:http';

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

/** An answer: status and body. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends one request with a token; the body is JSON. */
export function send(base: string, token: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string | number> = { 'x-auth-token': token };
  if (text !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = Buffer.byteLength(text);
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(`${base}${path}`, { method, headers, agent, timeout: 60_000 }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within 60 s: ${method} ${path}`)));
    outgoing.end(text);
  });
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
