/**
 * systemd-networkd: the file that configures the NIC stays as it is. Files of ours sort before it: the NIC becomes a port, and the
 * bridge gets what the NIC's file says.
 */
import type { FileChange } from '../types.ts';
import { keyOf, type Section, sectionsOf, textOf, withKeys, withLines } from './ini.ts';
import { newFile, ownMark, type Site } from './site.ts';

const folder = '/etc/systemd/network';
const prefix = '05-neutrino';

/** Settings of [Network] that make devices on the NIC, and stay with it. */
const onNic = new Set(['VLAN', 'MACVLAN', 'MACVTAP', 'IPVLAN', 'IPVTAP', 'Bridge', 'Bond', 'VRF']);

function forBridge(sections: readonly Section[], { bridge, iaid }: Site): Section[] {
  const moved = sections.map((section) => {
    if (section.name === 'Match')
      return withLines(
        withKeys(section, () => false),
        [`Name=${bridge}`],
      );
    if (section.name === 'Link') return withKeys(section, (key) => key !== 'MACAddress' && key !== 'RequiredForOnline');
    return section.name === 'Network' ? withKeys(section, (key) => !onNic.has(key)) : section;
  });
  if (iaid === undefined) return moved;
  // Without it, the bridge would ask as another client, and be given another address.
  const at = moved.findIndex(({ name }) => name === 'DHCPv4' || name === 'DHCP');
  const section = moved[at];
  if (!section) return [...moved, { name: 'DHCPv4', lines: ['', '[DHCPv4]', `IAID=${iaid}`] }];
  if (section.lines.some((line) => keyOf(line) === 'IAID')) return moved;
  return moved.toSpliced(at, 1, withLines(section, [`IAID=${iaid}`]));
}

function linesWith(sections: readonly Section[], name: string, keys: ReadonlySet<string>): string[] {
  return sections
    .filter((section) => section.name === name)
    .flatMap(({ lines }) => lines.filter((l) => keys.has(keyOf(l) ?? '')));
}

function portText(sections: readonly Section[], { nic, bridge, driver }: Site): string {
  const link = linesWith(sections, 'Link', new Set(['MTUBytes', 'ActivationPolicy']));
  const above = linesWith(sections, 'Network', onNic);
  const port = driver === 'linuxbridge' ? [`Bridge=${bridge}`] : ['LinkLocalAddressing=no', 'IPv6AcceptRA=no'];
  const online = driver === 'linuxbridge' ? [] : ['RequiredForOnline=no'];
  return [
    ownMark,
    ...['[Match]', `Name=${nic}`, ''],
    ...(link.length + online.length > 0 ? ['[Link]', ...link, ...online, ''] : []),
    ...['[Network]', ...port, ...above, ''],
  ].join('\n');
}

function netdevText({ bridge, mac, mtu }: Site): string {
  const device = ['[NetDev]', `Name=${bridge}`, 'Kind=bridge', `MACAddress=${mac}`, `MTUBytes=${mtu}`];
  return [ownMark, ...device, '', '[Bridge]', 'STP=no', 'ForwardDelaySec=0', ''].join('\n');
}

/** The files for a NIC that the first of the site's files configures; the others are its drop-ins. */
export function networkdFiles(site: Site): FileChange[] {
  const [main, ...dropIns] = site.files;
  const sections = sectionsOf(main?.text ?? '');
  const bridge = `${folder}/${prefix}-${site.bridge}.network`;
  return [
    ...(site.driver === 'linuxbridge' ? [newFile(`${folder}/${prefix}-${site.bridge}.netdev`, netdevText(site))] : []),
    newFile(bridge, `${ownMark}\n${textOf(forBridge(sections, site))}`),
    ...dropIns.map(({ path, text }) => {
      const { iaid: _, ...plain } = site;
      return newFile(`${bridge}.d/${path.split('/').at(-1)}`, textOf(forBridge(sectionsOf(text), plain)));
    }),
    newFile(
      `${folder}/${prefix}-${site.nic}.network`,
      portText(
        [main, ...dropIns].flatMap((f) => sectionsOf(f?.text ?? '')),
        site,
      ),
    ),
  ];
}
