/** Interfaces of libvirt's virtual machines: the XML of a port, and `virsh` that gives it to a domain or takes it away. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError as ProgramError, run } from '../host/run.ts';
import { CommandError } from './command.ts';
import { type Plug, tapOf } from './plug.ts';

/** How an interface is wired on its host, by the port's binding:vif_type. */
export interface Wiring {
  /** `bridge`: the agent puts the tap into a bridge. `ovs`: libvirt makes a port of a bridge of Open vSwitch. */
  readonly vifType: string;
  /** That bridge: the integration bridge, or that of the port's trunk. */
  readonly bridge: string;
}

/**
 * The interface as libvirt's domain XML has it. On a Linux bridge host libvirt makes a tap of the name by which the agent knows it; on an
 * Open vSwitch host it makes the port of the switch, with the port's id as `external_ids:iface-id`.
 */
export function interfaceXml({ portId, mac, mtu }: Plug, { vifType, bridge }: Wiring): string {
  const onSwitch = [
    `  <source bridge='${bridge}'/>`,
    `  <virtualport type='openvswitch'>`,
    `    <parameters interfaceid='${portId}'/>`,
    `  </virtualport>`,
  ];
  const lines = [
    `<interface type='${vifType === 'ovs' ? 'bridge' : 'ethernet'}'>`,
    `  <mac address='${mac}'/>`,
    ...(vifType === 'ovs' ? onSwitch : []),
    `  <target dev='${tapOf(portId)}'/>`,
    `  <model type='virtio'/>`,
    `  <mtu size='${mtu}'/>`,
    `</interface>`,
  ];
  return `${lines.join('\n')}\n`;
}

/** libvirt knows no domain of this name. */
class NoDomain extends CommandError {}

async function virsh(args: readonly string[]): Promise<string> {
  try {
    return (await run(['virsh', '--quiet', ...args], { deadlineMs: 60_000 })).stdout;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    if (/failed to get domain|Domain not found/.test(error.stderr)) throw new NoDomain(error.message);
    throw new CommandError(
      `${error.message} (libvirt's connection is that of \`virsh\`; LIBVIRT_DEFAULT_URI names another)`,
    );
  }
}

/** A name that no option of virsh could be. */
export function checkDomain(name: string): void {
  if (!/^[A-Za-z0-9_][\w.+:@-]{0,200}$/.test(name))
    throw new CommandError(`--libvirt takes the name or UUID of a domain, not ${JSON.stringify(name)}.`, 2);
}

/** What matters of a domain. */
export interface Domain {
  readonly running: boolean;
  /** It has a definition that outlives its run. */
  readonly persistent: boolean;
}

/** Looks at a domain; a CommandError with virsh's words where there is none. */
export async function showDomain(domain: string): Promise<Domain> {
  const info = await virsh(['dominfo', domain]);
  const value = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(info)?.[1]?.trim();
  return {
    running: value('State') === 'running' || value('State') === 'paused',
    persistent: value('Persistent') !== 'no',
  };
}

/** Where a change of a domain's devices goes: into its run, its definition, or both. */
const scopeOf = ({ running, persistent }: Domain): string[] => [
  ...(running ? ['--live'] : []),
  ...(persistent ? ['--config'] : []),
];

/** The interface of this MAC in what `domiflist` says: its type; undefined where there is none. */
function typeOf(list: string, mac: string): string | undefined {
  const line = list.split('\n').find((one) => one.toLowerCase().includes(mac.toLowerCase()));
  return line?.trim().split(/\s+/)[1];
}

/** The type of the domain's interface with this MAC, in its run or its definition. */
async function findInterface(
  domain: string,
  { running, persistent }: Domain,
  mac: string,
): Promise<string | undefined> {
  const live = running ? typeOf(await virsh(['domiflist', domain]), mac) : undefined;
  return live ?? (persistent ? typeOf(await virsh(['domiflist', domain, '--inactive']), mac) : undefined);
}

/** Gives a domain the interface. Tells what was made: nothing where it has one of this MAC. */
export async function attachInterface(domain: string, at: Domain, plug: Plug, xml: string): Promise<string[]> {
  if ((await findInterface(domain, at, plug.mac)) !== undefined) return [];
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-port-'));
  try {
    const file = join(folder, 'interface.xml');
    await writeFile(file, xml);
    await virsh(['attach-device', domain, file, ...scopeOf(at)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return [`interface ${tapOf(plug.portId)} of domain ${domain} (MAC ${plug.mac}, MTU ${plug.mtu})`];
}

/** Takes the interface with this MAC from a domain. Tells what was removed: nothing where the domain is gone. */
export async function detachInterface(domain: string, mac: string): Promise<string[]> {
  const at = await showDomain(domain).catch((error: unknown) => {
    if (error instanceof NoDomain) return undefined;
    throw error;
  });
  if (at === undefined) return [];
  const type = await findInterface(domain, at, mac);
  if (type === undefined) return [];
  await virsh(['detach-interface', domain, type, '--mac', mac, ...scopeOf(at)]);
  return [`interface with MAC ${mac} of domain ${domain}`];
}
