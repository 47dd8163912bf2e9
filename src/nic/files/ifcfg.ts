/** ifcfg files of the RHEL family: the NIC's file becomes a port, the bridge gets its addresses, routes and rules. */
import type { FileChange } from '../types.ts';
import { type ConfigFile, changed, newFile, ownMark, renamed, type Site } from './site.ts';

const folder = '/etc/sysconfig/network-scripts';

/** Keys that tell of the addresses, and go with them. */
const moving =
  /^(BOOTPROTO|IPADDR\d*|PREFIX\d*|NETMASK\d*|BROADCAST\d*|NETWORK\d*|GATEWAY\d*|GATEWAYDEV|DNS\d*|DOMAIN|SEARCH|DEFROUTE|PEERDNS|PEERROUTES|PERSISTENT_DHCLIENT|DHCP.*|IPV4_.*|IPV6.*|DHCPV6.*|ARPCHECK|ARPUPDATE|ZONE|METRIC|SCOPE|SRCADDR|ACD_TIMEOUT|ROUTING_RULE.*|MDNS|LLMNR|RES_OPTIONS)$/;
/** Keys that say who has the NIC. */
const portKeys = /^(BRIDGE|BRIDGE_UUID|OVS_BRIDGE|DEVICETYPE)$/;

const keyOf = (line: string): string => /^\s*([A-Za-z_]\w*)=/.exec(line)?.[1] ?? '';
const unquoted = (text: string): string => text.replace(/^(["'])(.*)\1$/, '$2');

function linesOf({ text }: ConfigFile): string[] {
  return text.replace(/\n$/, '').split('\n');
}

function valueIn(lines: readonly string[], key: string): string | undefined {
  const line = lines.findLast((candidate) => keyOf(candidate) === key);
  return line === undefined ? undefined : unquoted(line.slice(line.indexOf('=') + 1).trim());
}

/** Whether the file is that of the NIC, by its DEVICE, its HWADDR or its name. */
export function isIfcfgOf(file: ConfigFile, nic: string, mac: string): boolean {
  if (!/\/ifcfg-[^/]+$/.test(file.path) || /\.(bak|orig|rpmnew|rpmsave)$|~$/.test(file.path)) return false;
  const lines = linesOf(file);
  const device = valueIn(lines, 'DEVICE');
  if (device !== undefined) return device === nic;
  const hardware = valueIn(lines, 'HWADDR');
  return hardware === undefined ? file.path.endsWith(`/ifcfg-${nic}`) : hardware.toLowerCase() === mac;
}

function portText(file: ConfigFile, { bridge, driver }: Site): string {
  const lines = linesOf(file);
  const ovs = driver === 'openvswitch';
  const kept = lines.filter(
    (line) => !moving.test(keyOf(line)) && !portKeys.test(keyOf(line)) && !(ovs && keyOf(line) === 'TYPE'),
  );
  const port = ovs ? ['DEVICETYPE=ovs', 'TYPE=OVSPort', `OVS_BRIDGE=${bridge}`] : [`BRIDGE=${bridge}`];
  return `${[...kept, 'BOOTPROTO=none', ...port].join('\n')}\n`;
}

function bridgeText(file: ConfigFile, site: Site): string {
  const { bridge, driver, mac, mtu, nic } = site;
  const lines = linesOf(file);
  const moved = lines.filter((line) => moving.test(keyOf(line))).map((line) => renamed(line, nic, bridge));
  const boot = valueIn(lines, 'ONBOOT') ?? 'yes';
  const controlled = lines.filter((line) => keyOf(line) === 'NM_CONTROLLED');
  const head = [ownMark, `DEVICE=${bridge}`, `NAME=${bridge}`, `ONBOOT=${boot}`, `MTU=${mtu}`, ...controlled];
  if (driver === 'linuxbridge')
    return `${[...head, 'TYPE=Bridge', 'STP=off', 'DELAY=0', `MACADDR=${mac}`, ...moved].join('\n')}\n`;
  const dynamic = /^(dhcp|bootp)$/.test(valueIn(lines, 'BOOTPROTO') ?? '');
  const rest = dynamic ? moved.filter((line) => keyOf(line) !== 'BOOTPROTO') : moved;
  const lease = dynamic ? ['OVSBOOTPROTO=dhcp', `OVSDHCPINTERFACES=${nic}`] : [];
  const extra = `OVS_EXTRA="set bridge ${bridge} other-config:hwaddr=${mac}"`;
  return `${[...head, 'DEVICETYPE=ovs', 'TYPE=OVSBridge', extra, ...lease, ...rest].join('\n')}\n`;
}

/** The files for a NIC, among those of the folder. */
export function ifcfgFiles(site: Site): FileChange[] {
  const { nic, bridge } = site;
  const file = site.files.find((candidate) => isIfcfgOf(candidate, nic, site.mac));
  if (!file) return [];
  const name = file.path.slice(file.path.lastIndexOf('/ifcfg-') + '/ifcfg-'.length);
  const beside = site.files.filter(({ path }) => /\/(route6?|rule6?)-/.test(path) && path.endsWith(`-${name}`));
  return [
    newFile(`${folder}/ifcfg-${bridge}`, bridgeText(file, site)),
    ...beside.flatMap((other) => [
      newFile(other.path.replace(/-[^/-][^/]*$/, `-${bridge}`), renamed(other.text, nic, bridge), other.mode),
      { path: other.path, before: other.text, after: null, mode: other.mode },
    ]),
    changed(file, portText(file, site)),
  ];
}
