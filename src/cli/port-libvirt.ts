/** `neutrino port attach --libvirt`: binds a port to this host and gives it to a domain of libvirt. */
import type { NetworkingClient } from '../client/index.ts';
import type { port as portResource } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { attachInterface, type Domain, detachInterface, interfaceXml, showDomain } from './libvirt.ts';
import { makeBridge, type Switch } from './plug-switch.ts';

type Port = Row<typeof portResource>;

/** What a port is given to, and how. */
export interface DomainAttach {
  readonly domain: string;
  /** Only say the interface, for a definition that somebody else writes. */
  readonly printXml: boolean;
  readonly host: string;
  /** The switch of the agent here, where it uses one. */
  readonly at: Switch | undefined;
}

/** What came of it. */
export interface DomainAttached {
  readonly port: Port;
  readonly xml: string;
  readonly made: readonly string[];
  /** null: it was not looked at. */
  readonly running: boolean | null;
}

/** What a port's device_id begins with, when it was given to a domain. */
const prefix = 'libvirt:';

/** The domain that a port was given to; undefined for ports elsewhere. */
export function domainOf(port: Port): string | undefined {
  return port.device_id.startsWith(prefix) ? port.device_id.slice(prefix.length) : undefined;
}

const bindingOf = (port: Port) => ({
  'binding:host_id': port['binding:host_id'] ?? '',
  device_id: port.device_id,
  device_owner: port.device_owner,
});

/** Binds the port, then gives the domain its interface; when that fails the port is as it was. */
export async function attachToDomain(api: NetworkingClient, port: Port, how: DomainAttach): Promise<DomainAttached> {
  const { domain, printXml, host, at } = how;
  const there: Domain | null = printXml ? null : await showDomain(domain);
  const { mtu } = await api.networks.show(port.network_id);
  const bound = await api.ports.update(port.id, {
    'binding:host_id': host,
    device_id: port.device_id || `${prefix}${domain}`,
    device_owner: port.device_owner || 'compute:nova',
  });
  const plug = { portId: port.id, mac: port.mac_address, mtu };
  const details = bound['binding:vif_details'] as { bridge_name?: string };
  const bridge = details.bridge_name ?? at?.integrationBridge ?? 'br-int';
  const xml = interfaceXml(plug, { vifType: bound['binding:vif_type'], bridge });
  if (there === null) return { port: bound, xml, made: [], running: null };
  try {
    if (at && bound.trunk_details) await makeBridge(at, bridge);
    const made = await attachInterface(domain, there, plug, xml);
    return { port: bound, xml, made, running: there.running };
  } catch (error) {
    await api.ports.update(port.id, bindingOf(port));
    throw error;
  }
}

/** Takes the port's interface from its domain. Tells what was removed. */
export async function detachFromDomain(port: Port, domain: string | undefined): Promise<string[]> {
  return domain === undefined ? [] : detachInterface(domain, port.mac_address);
}
