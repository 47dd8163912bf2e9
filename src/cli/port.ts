/** `neutrino port attach` and `neutrino port detach`: what Nova does for virtual machines, for namespaces and taps of this host. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkingClient } from '../client/index.ts';
import type { port as portResource } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { cloudOption, withCloud } from './cloud-option.ts';
import { type Cli, CommandError, command, flag, seconds, text } from './command.ts';
import { stateDirOption } from './common-options.ts';
import { readNote } from './host-agent.ts';
import { checkDomain } from './libvirt.ts';
import { type Plugged, plugNetns, plugTap, unplug } from './plug.ts';
import { plugIntoSwitch, type Switch, switchOfHost, unplugFromSwitch } from './plug-switch.ts';
import { attachToDomain, type DomainAttached, detachFromDomain, domainOf } from './port-libvirt.ts';
import { giveMetadata, metadataOptions } from './port-metadata.ts';
import { defaultStateDir } from './state.ts';
import { hostName, requireAgentRights } from './system.ts';

type Port = Row<typeof portResource>;

const common = {
  stateDir: stateDirOption,
  cloud: cloudOption,
  host: text('--host NAME', 'what the agent here calls this host; default: what it noted in the state folder'),
};

/** What the agent of this host is called; where none has run here, the machine's name. */
function agentHost(stateDir: string): string {
  try {
    return readNote(stateDir).host;
  } catch {
    return hostName(undefined);
  }
}

/** The trunk of a parent port. */
function trunkOf({ trunk_details: details }: Port): { trunkId?: string } {
  return details ? { trunkId: String((details as { trunk_id: unknown }).trunk_id) } : {};
}

/** What an answer in JSON says of a port. */
function portSummary({ id, status, mac_address, fixed_ips, 'binding:host_id': host }: Port) {
  return { id, status, mac_address, fixed_ips, host };
}

/** The port by id or name. */
async function findPort(api: NetworkingClient, given: string): Promise<Port> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(given)) return api.ports.show(given);
  const [first, second] = await api.ports.list({ name: given });
  if (!first) throw new CommandError(`There is no port ${JSON.stringify(given)}: name it by its id or name.`);
  if (second) throw new CommandError(`More than one port is called ${JSON.stringify(given)}: name it by its id.`);
  return first;
}

function checkAttachable(port: Port, host: string): void {
  const { device_owner: owner, 'binding:host_id': bound } = port;
  if (owner !== '' && !owner.startsWith('compute:'))
    throw new CommandError(
      `Port ${port.id} belongs to something else (device_owner ${owner}): attach a port of its own.`,
    );
  if (bound && bound !== host)
    throw new CommandError(
      `Port ${port.id} is attached on host ${bound}: detach it there first (this host is ${host}).`,
    );
}

/** Waits until the port's host has wired it. */
async function untilActive(api: NetworkingClient, id: string, waitSeconds: number, signal: AbortSignal): Promise<Port> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    const port = await api.ports.show(id);
    const left = deadline - performance.now();
    if (port.status === 'ACTIVE' || left <= 0 || signal.aborted) return port;
    await sleep(Math.min(50, left));
  }
}

/** Why a port is not ACTIVE, as far as the API tells. */
function whyNotActive(port: Port, waitSeconds: number): string {
  const host = port['binding:host_id'];
  const start = `Port ${port.id} is ${port.status} after ${waitSeconds} s`;
  if (port['binding:vif_type'] === 'binding_failed')
    return `${start}: no L2 agent of host ${host} can wire it; see \`openstack network agent list\`.`;
  return `${start}: see the log of the agent of host ${host}, and \`neutrino agent plan\` there.`;
}

function attachWords(plugged: Plugged, port: Port): string {
  const { tap, netns, device, made } = plugged;
  const what = made.length === 0 ? ['nothing had to be made'] : made.map((one) => `made ${one}`);
  const addresses = port.fixed_ips.map(({ ip_address }) => ip_address).join(', ');
  const next =
    netns === null
      ? `Give ${tap} to the machine, with MAC ${port.mac_address}.`
      : `DHCP may run now (the address will be ${addresses}); the first line keeps it from this host's resolv.conf:\n  mkdir -p /etc/netns/${netns} && touch /etc/netns/${netns}/resolv.conf\n  ip netns exec ${netns} udhcpc -i ${device}`;
  return `${what.join('\n')}\nport ${port.id} is ${port.status} on host ${port['binding:host_id']}\n${next}\n`;
}

const attachOptions = {
  ...common,
  netns: text('--netns NAME', 'the network namespace; made when missing'),
  tap: flag('--tap', 'make a tap for a virtual machine instead'),
  libvirt: text('--libvirt DOMAIN', 'give it to this domain of libvirt instead, by `virsh`'),
  printXml: flag(
    '--print-xml',
    'with --libvirt: bind the port and print the interface for a definition; run no `virsh`',
  ),
  ...metadataOptions,
  wait: seconds('--wait SECONDS', 'how long to wait until the port is ACTIVE; 0: not at all.', 10),
};

interface Attach {
  readonly netns: string | undefined;
  readonly wait: number;
  readonly host: string;
  readonly at: Switch | undefined;
}

async function attach(api: NetworkingClient, given: string, { netns, wait, host, at }: Attach, cli: Cli) {
  const port = await findPort(api, given);
  checkAttachable(port, host);
  const { mtu } = await api.networks.show(port.network_id);
  const plug = { portId: port.id, mac: port.mac_address, mtu, ...trunkOf(port) };
  const plugged = netns === undefined ? await plugTap(plug) : await plugNetns(plug, netns);
  try {
    if (at && plugged.made.length > 0) await plugIntoSwitch(at, plug, plugged);
    const deviceId = port.device_id || (netns === undefined ? `tap:${plugged.tap}` : `netns:${netns}`);
    const owner = port.device_owner || 'compute:nova';
    const changes = { 'binding:host_id': host, device_id: deviceId, device_owner: owner };
    await api.ports.update(port.id, changes);
  } catch (error) {
    // Only what this call made: a port that was plugged before stays so.
    if (plugged.made.length > 0) {
      if (at) await unplugFromSwitch(at, port.id);
      await unplug(port.id);
    }
    throw error;
  }
  const now = await cli.during('waiting for the agent', untilActive(api, port.id, wait, cli.signal));
  return { plugged, port: now };
}

interface ToDomain extends Omit<Attach, 'netns'> {
  readonly domain: string;
  readonly printXml: boolean;
}

/** Gives a port to a domain and waits until the agent has wired it, where the domain runs. */
async function attachDomain(api: NetworkingClient, given: string, how: ToDomain, cli: Cli): Promise<DomainAttached> {
  const port = await findPort(api, given);
  checkAttachable(port, how.host);
  const attached = await attachToDomain(api, port, how);
  if (!attached.running) return attached;
  const now = await cli.during('waiting for the agent', untilActive(api, port.id, how.wait, cli.signal));
  return { ...attached, port: now };
}

function domainWords(domain: string, { port, xml, made, running }: DomainAttached): string {
  if (running === null) return xml;
  const what = made.length === 0 ? ['nothing had to be made'] : made.map((one) => `made ${one}`);
  const next = running ? '' : `The port becomes ACTIVE when the domain starts: virsh start ${domain}\n`;
  return `${what.join('\n')}\nport ${port.id} is ${port.status} on host ${port['binding:host_id']}\n${next}`;
}

async function runAttachDomain(
  how: ToDomain,
  dir: string,
  cloud: string | undefined,
  given: string,
  cli: Cli,
): Promise<0> {
  checkDomain(how.domain);
  const attached = await withCloud(cloud, dir, ({ networking }) => attachDomain(networking, given, how, cli));
  const { port, xml, made, running } = attached;
  cli.answer({ port: portSummary(port), domain: how.domain, xml, made }, () => domainWords(how.domain, attached));
  if (!running || how.wait === 0 || port.status === 'ACTIVE') return 0;
  throw new CommandError(whyNotActive(port, how.wait));
}

/** `neutrino port attach`. */
export const portAttachCommand = command({
  name: 'port attach',
  summary: 'Give a port to a network namespace or a virtual machine of this host.',
  detail:
    'Makes the device, binds the port to this host and waits until the agent has wired it. A domain of libvirt gets\nthe interface in its run and its definition, whichever there is. Run as root, on the host of the\nagent, with the credentials of an administrator.',
  arguments: [{ name: 'PORT', doc: 'the id or name of the port' }],
  options: attachOptions,
  examples: [
    'neutrino port attach web --netns web',
    'neutrino port attach web --netns web --public-key ~/.ssh/id_ed25519.pub',
    'neutrino port attach 36bcd62a-0860-4e22-bf8a-81f5052eff60 --tap',
    'neutrino port attach web --libvirt vm1',
  ],
  async run({ stateDir, cloud, host: name, netns, tap, libvirt: domain, printXml, wait, ...metadata }, cli, given) {
    if ([tap, netns !== undefined, domain !== undefined].filter(Boolean).length !== 1)
      throw new CommandError('Say one of --netns NAME, --tap and --libvirt DOMAIN.', 2);
    if (printXml && domain === undefined) throw new CommandError('--print-xml goes with --libvirt DOMAIN.', 2);
    requireAgentRights('there is nothing to do without');
    const dir = stateDir ?? defaultStateDir();
    const host = name ?? agentHost(dir);
    await withCloud(cloud, dir, async ({ networking }) =>
      giveMetadata(networking, await findPort(networking, given ?? ''), metadata),
    );
    if (domain !== undefined) {
      const to = { domain, printXml, wait, host, at: switchOfHost(dir) };
      return runAttachDomain(to, dir, cloud, given ?? '', cli);
    }
    const how = { netns, wait, host, at: switchOfHost(dir) };
    const { plugged, port } = await withCloud(cloud, dir, ({ networking }) =>
      attach(networking, given ?? '', how, cli),
    );
    cli.answer({ port: portSummary(port), ...plugged }, () => attachWords(plugged, port));
    if (wait === 0 || port.status === 'ACTIVE') return 0;
    throw new CommandError(whyNotActive(port, wait));
  },
});

/** `neutrino port detach`. */
export const portDetachCommand = command({
  name: 'port detach',
  summary: 'Take a port from its namespace, tap or virtual machine of this host.',
  arguments: [{ name: 'PORT', doc: 'the id or name of the port' }],
  options: {
    ...common,
    libvirt: text('--libvirt DOMAIN', 'the domain of libvirt; default: the one it was given to here'),
  },
  examples: ['neutrino port detach web'],
  async run({ stateDir, cloud, host: name, libvirt: domain }, cli, given) {
    requireAgentRights('there is nothing to do without');
    const dir = stateDir ?? defaultStateDir();
    const host = name ?? agentHost(dir);
    const removed = await withCloud(cloud, dir, async ({ networking: api }) => {
      const port = await findPort(api, given ?? '');
      checkAttachable(port, host);
      if (domain !== undefined) checkDomain(domain);
      const taken = await detachFromDomain(port, domain ?? domainOf(port));
      await api.ports.update(port.id, { 'binding:host_id': '', device_id: '', device_owner: '' });
      const at = switchOfHost(dir);
      if (at) await unplugFromSwitch(at, port.id);
      return [...taken, ...(await unplug(port.id))];
    });
    const words = removed.length === 0 ? 'It was not attached here.\n' : `removed ${removed.join(', ')}\n`;
    cli.answer({ removed }, () => words);
    return 0;
  },
});
