/**
 * What a host is told, read from the database: the objects of `model/host-objects.ts` by key, for one host. Whether a host has an
 * object is a question of few look-ups, asked first: most hosts that a change wakes have nothing of it.
 */
import type { HostKey, HostObject } from '../model/host-objects.ts';
import { dhcpBinding, port, routerBinding, securityGroupRule } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { isInstancePort } from '../rules/host-view/addresses.ts';
import type { NetworkingSettings } from '../rules/settings.ts';
import { metadataOwners, setsOf } from '../rules/wake.ts';
import type { Reader } from '../store/store.ts';
import { loadDhcp, loadMetadata, loadNetwork } from './host-view-networks.ts';
import { loadAddressSet, loadPort, loadSecurityGroup } from './host-view-ports.ts';
import { loadRouter } from './host-view-router.ts';
import { SharedSets } from './host-view-sets.ts';
import { loadTrunk, trunkKeys } from './host-view-trunk.ts';

type Load = (
  r: Reader,
  settings: NetworkingSettings,
  host: string,
  id: string,
  sets: SharedSets | undefined,
) => Promise<HostObject | undefined>;

const loaders: Readonly<Record<HostObject['kind'], Load>> = {
  network: (r, _settings, host, id) => loadNetwork(r, host, id),
  port: (r, _settings, host, id) => loadPort(r, host, id),
  security_group: (r, _settings, host, id) => loadSecurityGroup(r, host, id),
  address_set: (r, _settings, host, id, sets) => loadAddressSet(r, host, id, sets),
  dhcp: loadDhcp,
  router: loadRouter,
  trunk: (r, _settings, host, id) => loadTrunk(r, host, id),
  metadata: loadMetadata,
};

/** What a server asks of the host view: hosts that look at one state share what is the same for all of them. */
export function openHostView() {
  const sets = new SharedSets();
  return {
    hostObject: (r: Reader, settings: NetworkingSettings, host: string, key: HostKey) =>
      hostObject(r, settings, host, key, sets),
    hostObjectKeys,
  };
}

/** The object as the host is to have it now; `undefined`: the host has none of this key. */
export async function hostObject(
  r: Reader,
  settings: NetworkingSettings,
  host: string,
  key: HostKey,
  sets?: SharedSets,
): Promise<HostObject | undefined> {
  const slash = key.indexOf('/');
  return loaders[key.slice(0, slash) as HostObject['kind']](r, settings, host, key.slice(slash + 1), sets);
}

/** The keys of everything that the host has: what a snapshot holds. Sorted. */
export async function hostObjectKeys(r: Reader, host: string): Promise<HostKey[]> {
  const keys = new Set<HostKey>();
  const ports = await r.find(port, { 'binding:host_id': host });
  for (const row of ports) keys.add(`network/${row.network_id}`);
  for (const row of ports) if (metadataOwners.includes(row.device_owner)) keys.add(`metadata/${row.network_id}`);
  const instancePorts = ports.filter(isInstancePort);
  for (const row of instancePorts) keys.add(`port/${row.id}`);
  for (const binding of await r.find(dhcpBinding, { host })) {
    keys.add(`network/${binding.network_id}`);
    if (binding.port_id !== null) keys.add(`dhcp/${binding.network_id}`);
  }
  for (const binding of await r.find(routerBinding, { host })) keys.add(`router/${binding.router_id}`);
  for (const key of await groupKeys(r, instancePorts)) keys.add(key);
  for (const key of await trunkKeys(r, host, instancePorts)) keys.add(key);
  return [...keys].sort();
}

async function groupKeys(r: Reader, ports: readonly Row<typeof port>[]): Promise<HostKey[]> {
  const groups = [...new Set(ports.flatMap((row) => row.security_groups))];
  if (groups.length === 0) return [];
  const rules = await r.find(securityGroupRule, { security_group_id: groups });
  return [...groups.map((id): HostKey => `security_group/${id}`), ...setsOf(rules)];
}
