/** Sends one packet that must not be fragmented, and tells what became of it. Whoever answers echo requests is a far end. */
import type { Sent } from '../mtu/world.ts';
import type { Namespace } from '../plan/facts.ts';
import { inNamespace } from './namespaces.ts';
import { CommandError, run } from './run.ts';

/** A packet and its way. */
export interface Packet {
  readonly namespace: Namespace;
  /** The address that it is sent from. */
  readonly from: string;
  readonly to: string;
  /** The whole packet, IP header included. */
  readonly bytes: number;
  /** Milliseconds that an answer may take. */
  readonly waitMs: number;
}

/** The headers of IP and ICMP. */
const headers = { 4: 28, 6: 48 } as const;

function unsendable(text: string): Sent {
  const line = text.split('\n').find((one) => one.startsWith('ping:')) ?? text.trim().split('\n')[0] ?? '';
  return { outcome: 'unsendable', why: line.replace(/^ping: /, '') };
}

/** What the text of ping says. */
export function readPing(code: number, stdout: string, stderr: string): Sent {
  if (code === 0) return { outcome: 'passed' };
  const text = `${stdout}\n${stderr}`;
  const told = /^From (\S+?):? .*(?:Frag needed and DF set|Packet too big).*?mtu ?[=:] ?(\d+)/m.exec(text);
  if (told) return { outcome: 'refused', mtu: Number(told[2]), by: told[1] ?? null };
  const own = /message too long,? mtu ?[=:] ?(\d+)/.exec(text);
  if (own) return { outcome: 'refused', mtu: Number(own[1]), by: null };
  // The other end of a pair does not take it, and its kernel says so in this odd way.
  if (/No buffer space available/.test(text)) return { outcome: 'lost' };
  return code === 1 && !/^ping: /m.test(text) ? { outcome: 'lost' } : unsendable(text);
}

/** Sends it. Throws where there is no ping. */
export async function sendPacket({ namespace, from, to, bytes, waitMs }: Packet): Promise<Sent> {
  const version = to.includes(':') ? 6 : 4;
  const data = String(Math.max(0, bytes - headers[version]));
  const seconds = (waitMs / 1000).toFixed(2);
  const argv = ['ping', `-${version}`, '-n', '-c', '1', '-W', seconds, '-M', 'do', '-I', from, '-s', data, to];
  try {
    const { code, stdout, stderr } = await run(inNamespace(namespace, argv), {
      codes: [0, 1, 2],
      deadlineMs: waitMs + 5000,
    });
    return readPing(code, stdout, stderr);
  } catch (error) {
    if (error instanceof CommandError && error.code === null && /did not end/.test(error.message))
      return { outcome: 'lost' };
    throw error;
  }
}

/**
 * Forgets what was learned of the ways from a namespace: a size that was told earlier would be answered for by the sender's own
 * kernel. It is learned again with the next packet that is too large.
 */
export async function forgetPathMtus(namespace: Namespace): Promise<void> {
  for (const family of ['-4', '-6'])
    await run(inNamespace(namespace, ['ip', family, 'route', 'flush', 'cache']), { codes: [0, 1, 2, 255] });
}

interface RouteEntry {
  readonly dev?: string;
  readonly prefsrc?: string;
}

/** The device that leads to an address from this host, or undefined where none does. */
export async function deviceTowards(to: string): Promise<string | undefined> {
  const { stdout } = await run(['ip', '-j', 'route', 'get', to], { codes: [0, 1, 2] });
  const [route] = stdout.trim() === '' ? [] : (JSON.parse(stdout) as RouteEntry[]);
  return route?.dev;
}
