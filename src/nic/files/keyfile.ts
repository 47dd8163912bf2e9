/** NetworkManager's keyfiles: the NIC's profile becomes a port, a new profile of the bridge gets its addresses. */
import type { FileChange } from '../types.ts';
import { keyOf, type Section, sectionsOf, textOf, valueIn, withKeys, withLines } from './ini.ts';
import { changed, newFile, ownMark, type Site } from './site.ts';

const folder = '/etc/NetworkManager/system-connections';

/** Sections that tell how the host is reached, and go with the addresses. */
const moving = new Set(['ipv4', 'ipv6', 'proxy', 'hostname']);
/** What of [connection] tells of the addresses' network rather than of the NIC. */
const shared = new Set([
  'zone',
  'metered',
  'mdns',
  'llmnr',
  'dns-over-tls',
  'autoconnect',
  'autoconnect-priority',
  'permissions',
]);

/** What [connection] says of who has the NIC; NetworkManager replaced the names later and still reads these. */
const portKeys = new Set(['master', 'slave-type', 'controller', 'port-type']);

function ownFile(name: string, sections: readonly (readonly string[])[]): FileChange {
  return newFile(
    `${folder}/${name}.nmconnection`,
    `${ownMark}\n${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`,
    0o600,
  );
}

function connection(id: string, uuid: string, type: string, more: readonly string[]): string[] {
  return ['[connection]', `id=${id}`, `uuid=${uuid}`, `type=${type}`, ...more];
}

function bridgeFiles(site: Site, sharedLines: readonly string[], ip: readonly Section[]): FileChange[] {
  const { bridge, mac, mtu, uuids } = site;
  const [uuid = '', portUuid = '', interfaceUuid = '', nicPortUuid = ''] = uuids;
  const addresses = ip.map(({ lines }) => lines.filter((line, at) => line !== '' || at < lines.length - 1));
  const named = `interface-name=${bridge}`;
  if (site.driver === 'linuxbridge') {
    const head = connection(bridge, uuid, 'bridge', [named, 'autoconnect-slaves=1', ...sharedLines]);
    const ethernet = ['[ethernet]', `cloned-mac-address=${mac}`, `mtu=${mtu}`];
    return [ownFile(bridge, [head, ethernet, ['[bridge]', 'stp=false', `mac-address=${mac}`], ...addresses])];
  }
  const port = (master: string, type: string) => [`master=${master}`, `slave-type=${type}`];
  return [
    ownFile(bridge, [connection(bridge, uuid, 'ovs-bridge', [named, 'autoconnect-slaves=1']), ['[ovs-bridge]']]),
    ownFile(`${bridge}-port`, [
      connection(`${bridge}-port`, portUuid, 'ovs-port', [named, ...port(uuid, 'ovs-bridge')]),
      ['[ovs-port]'],
    ]),
    ownFile(`${bridge}-interface`, [
      connection(`${bridge}-interface`, interfaceUuid, 'ovs-interface', [
        named,
        ...port(portUuid, 'ovs-port'),
        ...sharedLines,
      ]),
      ['[ovs-interface]', 'type=internal'],
      ['[ethernet]', `cloned-mac-address=${mac}`, `mtu=${mtu}`],
      ...addresses,
    ]),
    ownFile(`${bridge}-${site.nic}`, [
      connection(`${bridge}-${site.nic}`, nicPortUuid, 'ovs-port', [
        `interface-name=${site.nic}`,
        ...port(uuid, 'ovs-bridge'),
      ]),
      ['[ovs-port]'],
    ]),
  ];
}

/** The files for a NIC whose profile is the first of the site's files. */
export function keyfileFiles(site: Site): FileChange[] {
  const [profile] = site.files;
  if (!profile) return [];
  const sections = sectionsOf(profile.text);
  const head = sections.find(({ name }) => name === 'connection');
  const sharedLines = (head?.lines ?? []).filter((line) => shared.has(keyOf(line) ?? ''));
  const [uuid = '', , , nicPortUuid = ''] = site.uuids;
  const owner = site.driver === 'linuxbridge' ? [uuid, 'bridge'] : [nicPortUuid, 'ovs-port'];
  const port = sections
    .filter(({ name }) => !moving.has(name ?? ''))
    .map((section) => {
      if (section.name !== 'connection') return section;
      const kept = withKeys(section, (key) => !portKeys.has(key) && key !== 'zone');
      const named = valueIn(kept, 'interface-name') === undefined ? [`interface-name=${site.nic}`] : [];
      return withLines(kept, [...named, `master=${owner[0]}`, `slave-type=${owner[1]}`]);
    });
  const ip = sections.filter(({ name }) => moving.has(name ?? ''));
  // A profile that NetworkManager keeps in memory alone gets a file that hides it.
  const inMemory = !profile.path.startsWith('/etc/');
  const nicFile = inMemory
    ? newFile(`${folder}/${profile.path.split('/').at(-1)}`, textOf(port), 0o600)
    : changed(profile, textOf(port));
  return [...bridgeFiles(site, sharedLines, ip), nicFile];
}
