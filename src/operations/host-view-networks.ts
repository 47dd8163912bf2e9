/** Loads the host objects of networks, of their DHCP services, and of what their instances are told of themselves. */
import type { HostDhcp, HostMetadata, HostNetwork } from '../model/host-objects.ts';
import { agent, dhcpBinding, network, port } from '../model/index.ts';
import { hostDhcp } from '../rules/host-view/dhcp.ts';
import { hostMetadata } from '../rules/host-view/metadata.ts';
import { hostNetwork, isTunnelled } from '../rules/host-view/network.ts';
import { l2AgentTypes } from '../rules/schedule.ts';
import type { NetworkingSettings } from '../rules/settings.ts';
import { metadataOwners } from '../rules/wake.ts';
import type { Condition } from '../store/query.ts';
import type { Reader } from '../store/store.ts';
import { portsOfNetwork, subnetsOfNetwork } from './host-view-subnets.ts';
import { travelOnHost } from './network-segment.ts';

/** `network/<id>` of a network that the host has a port (an instance's, a router's) or a DHCP service on. */
export async function loadNetwork(r: Reader, host: string, id: string): Promise<HostNetwork | undefined> {
  const isHere =
    (await r.first(port, { network_id: id, 'binding:host_id': host })) ??
    (await r.first(dhcpBinding, { network_id: id, host }));
  const stored = isHere && (await r.get(network, id));
  if (!stored) return undefined;
  const row = { ...stored, ...(await travelOnHost(r, stored, host)) };
  if (!isTunnelled(row)) return hostNetwork(row, [], new Map());
  const elsewhere: Condition = {
    op: 'and',
    of: [
      { op: 'in', column: 'network_id', values: [id] },
      { op: 'not', of: { op: 'in', column: 'binding:host_id', values: ['', host] } },
    ],
  };
  const remote = await r.list(port, elsewhere);
  return hostNetwork(row, remote, await tunnelEndpoints(r, new Set(remote.map((other) => other['binding:host_id']))));
}

/** The tunnel endpoints of hosts that have one, by host: what their L2 agent reported. */
async function tunnelEndpoints(r: Reader, hosts: ReadonlySet<string>): Promise<Map<string, string>> {
  if (hosts.size === 0) return new Map();
  const agents = await r.find(agent, { host: [...hosts], agent_type: l2AgentTypes });
  return new Map(
    agents.flatMap((row) => {
      const ip = row.configurations.tunneling_ip;
      return typeof ip === 'string' && ip !== '' ? [[row.host, ip] as const] : [];
    }),
  );
}

/** `dhcp/<network id>` of a network that the host serves. */
export async function loadDhcp(
  r: Reader,
  settings: NetworkingSettings,
  host: string,
  id: string,
): Promise<HostDhcp | undefined> {
  const binding = await r.first(dhcpBinding, { network_id: id, host });
  const own = binding?.port_id ? await r.get(port, binding.port_id) : undefined;
  const row = own && (await r.get(network, id));
  if (!row) return undefined;
  const ports = await portsOfNetwork(r, id);
  return hostDhcp(row, own, ports, await subnetsOfNetwork(r, id), settings);
}

/** `metadata/<network id>` of a network whose DHCP service, or a router on which, the host has. */
export async function loadMetadata(
  r: Reader,
  settings: NetworkingSettings,
  host: string,
  id: string,
): Promise<HostMetadata | undefined> {
  const here = await r.first(port, { network_id: id, 'binding:host_id': host, device_owner: metadataOwners });
  const row = here && (await r.get(network, id));
  if (!row) return undefined;
  return hostMetadata(row, await portsOfNetwork(r, id), await subnetsOfNetwork(r, id), settings);
}
