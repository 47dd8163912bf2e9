/** Whether the host still reaches what it reached before: its gateways, by the link and by ping, and TCP services by name. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../host/run.ts';
import { routeDevices, wordAfter } from './decide/words.ts';
import type { Checks, Finding, Snapshot } from './types.ts';

/** How long all checks together may take after the move, milliseconds. */
const patienceMs = 6000;

const zoned = (address: string, device: string): string => (/^fe80:/i.test(address) ? `${address}%${device}` : address);

async function answersPing(address: string, device: string): Promise<boolean> {
  const family = address.includes(':') ? '-6' : '-4';
  const argv = ['ping', family, '-n', '-q', '-c', '1', '-W', '1', '-I', device, zoned(address, device)];
  return run(argv, { deadlineMs: 3000 }).then(
    () => true,
    () => false,
  );
}

interface NeighbourState {
  readonly dst: string;
  readonly lladdr?: string;
  readonly state?: readonly string[];
}

/** Whether the gateway is there on the link: ARP asks for it, or neighbour discovery, which a ping has just made. */
async function answersLink(address: string, device: string): Promise<boolean> {
  if (!address.includes(':')) {
    const argv = ['arping', '-q', '-f', '-c', '1', '-w', '1', '-I', device, address];
    const answered = await run(argv, { deadlineMs: 3000 }).then(
      () => true,
      () => false,
    );
    if (answered) return true;
  }
  const { stdout } = await run(['ip', '-j', 'neigh', 'show', address, 'dev', device], { codes: [0, 1, 255] });
  const [entry] = JSON.parse(stdout.trim() || '[]') as NeighbourState[];
  return entry?.lladdr !== undefined && (entry.state?.some((s) => s === 'REACHABLE' || s === 'PERMANENT') ?? false);
}

/** The gateways of default routes that leave by the device. */
export function gatewaysBy(snapshot: Snapshot, device: string): string[] {
  const all = snapshot.routes
    .filter((route) => routeDevices(route).includes(device) && /^(default|::\/0)$/.test(route.words[1] ?? ''))
    .map(({ words }) => wordAfter(words, 'via'))
    .filter((address) => address !== undefined && address !== 'inet6');
  return [...new Set(all)] as string[];
}

/** Finds out which gateways answer now, by the device that has the addresses. */
export async function planChecks(snapshot: Snapshot, device: string, tcp: readonly string[]): Promise<Checks> {
  const found = await Promise.all(
    gatewaysBy(snapshot, device).map(async (address) => {
      const ping = await answersPing(address, device);
      return ping || (await answersLink(address, device)) ? [{ address, ping }] : [];
    }),
  );
  return { gateways: found.flat(), tcp };
}

function reaches(target: string): Promise<boolean> {
  const [, host = '', port = ''] =
    /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(target)?.filter((part) => part !== undefined) ?? [];
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

async function until(what: () => Promise<boolean>, deadline: number): Promise<boolean> {
  for (;;) {
    if (await what()) return true;
    if (performance.now() > deadline) return false;
    await sleep(100);
  }
}

/** What does not answer any more by the device that now has the addresses; empty: all is well. */
export async function failedChecks(checks: Checks, device: string): Promise<Finding[]> {
  const deadline = performance.now() + patienceMs;
  const failed = (code: string, target: string): Finding => ({ level: 'refusal', code, values: { target } });
  const gateways = checks.gateways.map(async ({ address, ping }) => {
    const answers = ping ? answersPing : answersLink;
    const well = await until(() => answers(address, device), deadline);
    return well ? [] : [failed(ping ? 'gateway-silent' : 'gateway-not-on-link', address)];
  });
  const services = checks.tcp.map(async (target) =>
    (await until(() => reaches(target), deadline)) ? [] : [failed('tcp-silent', target)],
  );
  return (await Promise.all([...gateways, ...services])).flat();
}
