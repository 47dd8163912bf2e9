/** The devices that a port of an instance is: a veth pair into a network namespace, or a tap for a virtual machine. */
import { attachedAlias, attachedNetns } from '../host/attachment.ts';
import { CommandError as ProgramError, run } from '../host/run.ts';
import { deviceSuffix } from '../model/host-objects.ts';
import { CommandError } from './command.ts';

/** What is plugged. */
export interface Plug {
  readonly portId: string;
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
  /** The trunk that the port is the parent port of. */
  readonly trunkId?: string;
}

/** Where it was plugged. */
export interface Plugged {
  /** The device on the host. */
  readonly tap: string;
  /** The namespace, or null for a tap of a virtual machine. */
  readonly netns: string | null;
  /** The device in the namespace. */
  readonly device: string | null;
  /** What had to be made, in words. */
  readonly made: readonly string[];
}

interface Link {
  readonly ifname: string;
  readonly address: string;
  readonly link_index?: number;
  readonly ifindex: number;
  readonly ifalias?: string;
}

/** The name of a port's device on the host. */
export function tapOf(portId: string): string {
  return `tap${deviceSuffix(portId)}`;
}

async function ip(...args: string[]): Promise<string> {
  try {
    return (await run(['ip', ...args])).stdout;
  } catch (error) {
    if (error instanceof ProgramError) throw new CommandError(error.message);
    throw error;
  }
}

const inside = (netns: string): string[] => ['-n', netns];

async function links(netns: string | null): Promise<Link[]> {
  return JSON.parse(await ip(...(netns === null ? [] : inside(netns)), '-j', 'link', 'show'));
}

async function namespaces(): Promise<string[]> {
  const text = await ip('-j', 'netns', 'list');
  return text.trim() === '' ? [] : (JSON.parse(text) as { name: string }[]).map(({ name }) => name);
}

function checkNetns(name: string): void {
  if (!/^[A-Za-z0-9_][\w.-]{0,200}$/.test(name))
    throw new CommandError(
      `--netns takes a name of letters, digits, "-", "_" and ".", not ${JSON.stringify(name)}.`,
      2,
    );
}

/** The first of eth0, eth1 … that is free. */
function freeName(taken: readonly Link[]): string {
  const names = new Set(taken.map(({ ifname }) => ifname));
  for (let n = 0; ; n++) if (!names.has(`eth${n}`)) return `eth${n}`;
}

/** Gives a namespace the port: a pair of `tap…` on the host and `ethN` inside. Doing it again changes nothing. */
export async function plugNetns(plug: Plug, netns: string): Promise<Plugged> {
  checkNetns(netns);
  const tap = tapOf(plug.portId);
  const made: string[] = [];
  const makeNetns = !(await namespaces()).includes(netns);
  const outer = (await links(null)).find(({ ifname }) => ifname === tap);
  const within = makeNetns ? [] : await links(netns);
  const old = within.find(({ address, ifindex }) => address === plug.mac && outer?.link_index === ifindex);
  if (outer && !old)
    throw new CommandError(
      `${tap} exists and does not lead into ${netns}: \`neutrino port detach ${plug.portId}\` first.`,
    );
  if (makeNetns) {
    await ip('netns', 'add', netns);
    made.push(`network namespace ${netns}`);
  }
  const device = old?.ifname ?? freeName(within);
  const mtu = String(plug.mtu);
  if (!old) {
    const peer = ['peer', 'name', device, 'address', plug.mac, 'mtu', mtu, 'netns', netns];
    await ip('link', 'add', tap, 'mtu', mtu, 'type', 'veth', ...peer);
    await ip('link', 'set', tap, 'alias', attachedAlias(netns, makeNetns));
    made.push(`pair ${tap} – ${device} (MAC ${plug.mac}, MTU ${mtu})`);
  }
  await ip(...inside(netns), 'link', 'set', 'lo', 'up');
  await ip(...inside(netns), 'link', 'set', device, 'up');
  await ip('link', 'set', tap, 'up');
  return { tap, netns, device, made };
}

/** Makes the tap for a virtual machine. Doing it again changes nothing. */
export async function plugTap(plug: Plug): Promise<Plugged> {
  const tap = tapOf(plug.portId);
  const made: string[] = [];
  if (!(await links(null)).some(({ ifname }) => ifname === tap)) {
    await ip('tuntap', 'add', 'dev', tap, 'mode', 'tap');
    await ip('link', 'set', tap, 'alias', 'neutrino tap', 'mtu', String(plug.mtu));
    made.push(`tap ${tap} (MTU ${plug.mtu}; the machine's NIC has MAC ${plug.mac})`);
  }
  await ip('link', 'set', tap, 'up');
  return { tap, netns: null, device: null, made };
}

/** Takes the devices of a port away, and a namespace that was made for it, once it is empty. Tells what was removed. */
export async function unplug(portId: string): Promise<string[]> {
  const tap = tapOf(portId);
  const link = (await links(null)).find(({ ifname }) => ifname === tap);
  if (!link) return [];
  await ip('link', 'delete', tap);
  const removed = [`device ${tap}`];
  const { netns = '', made = false } = attachedNetns(link.ifalias) ?? {};
  if (!made || !(await namespaces()).includes(netns)) return removed;
  const left = (await links(netns)).filter(({ ifname }) => ifname !== 'lo');
  if (left.length > 0 || (await ip('netns', 'pids', netns)).trim() !== '') return removed;
  await ip('netns', 'delete', netns);
  return [...removed, `network namespace ${netns}`];
}
