/** ifupdown's interfaces files: the stanzas of the NIC become those of the bridge, and the NIC a manual one. */
import type { FileChange } from '../types.ts';
import { type ConfigFile, changed, renamed, type Site } from './site.ts';

/** Words that begin a stanza or stand alone. */
const beginning = /^\s*(iface|mapping|auto|allow-\S+|no-\S+|source|source-directory|rename|template)\s/;
/** Options that make the NIC what it is, and stay with it. */
const onNic = /^\s*(bond[-_]|slaves|vlan|wireless|wpa-|ethernet-|link-|hardware-|offload-|ethtool)/;

interface Stanza {
  /** `iface NAME FAMILY METHOD`, or what else begins it; '' for what stands before the first. */
  readonly words: readonly string[];
  readonly lines: readonly string[];
}

function stanzasOf(text: string): Stanza[] {
  const stanzas: { words: string[]; lines: string[] }[] = [{ words: [], lines: [] }];
  let continued = false;
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (!continued && beginning.test(line)) stanzas.push({ words: line.trim().split(/\s+/), lines: [line] });
    else stanzas.at(-1)?.lines.push(line);
    continued = line.endsWith('\\');
  }
  return stanzas.filter(({ lines }) => lines.length > 0);
}

const isOf = (name: string | undefined, nic: string): boolean => name === nic || name?.startsWith(`${nic}:`) === true;

/** Whether a file has stanzas of the NIC. */
export function isInterfacesOf({ text }: Pick<ConfigFile, 'text'>, nic: string): boolean {
  return stanzasOf(text).some(({ words }) => words[0] === 'iface' && words[1] === nic);
}

function makingLines({ nic, bridge, driver, datapath = 'system', mac, mtu }: Site): string[] {
  if (driver === 'openvswitch') {
    const set = `-- set bridge ${bridge} other-config:hwaddr=\\"${mac}\\"${datapath === 'system' ? '' : ` datapath_type=${datapath}`} -- set interface ${bridge} mtu_request=${mtu}`;
    return [`    pre-up ovs-vsctl --may-exist add-br ${bridge} -- --may-exist add-port ${bridge} ${nic} ${set}`];
  }
  const make = `ip link add ${bridge} address ${mac} mtu ${mtu} type bridge stp_state 0 forward_delay 0`;
  return [
    `    pre-up [ -d /sys/class/net/${bridge} ] || ${make}`,
    `    pre-up ip link set ${nic} master ${bridge} && ip link set ${nic} up`,
    `    post-down ip link del ${bridge} || true`,
  ];
}

/** The option lines of a stanza up to the last one, and the comments and empty lines that follow and belong to what comes next. */
function split(lines: readonly string[]): readonly [string[], string[]] {
  const last = lines.findLastIndex((line, at) => at === 0 || (line.trim() !== '' && !/^#/.test(line)));
  return [lines.slice(0, last + 1), lines.slice(last + 1)];
}

function toBridge({ lines }: Stanza, site: Site, first: boolean): string[] {
  const [header = '', ...options] = lines;
  const moved = options.filter((line) => !onNic.test(line));
  const [own, after] = split([header, ...moved]);
  const making = first ? makingLines(site) : [];
  return [...own.map((line) => renamed(line, site.nic, site.bridge)), ...making, ...after];
}

function nicLines(stanzas: readonly Stanza[], nic: string): string[] {
  const kept = stanzas.flatMap(({ words, lines }) =>
    words[1] === nic ? lines.filter((line) => onNic.test(line)) : [],
  );
  return [`iface ${nic} inet manual`, ...new Set(kept)];
}

/** The files for a NIC: those of the site that have stanzas of it. */
export function ifupdownFiles(site: Site): FileChange[] {
  const { nic, bridge } = site;
  let first = true;
  return site.files.flatMap((file) => {
    const stanzas = stanzasOf(file.text);
    const own = stanzas.filter(({ words }) => words[0] === 'iface' && isOf(words[1], nic));
    if (own.length === 0) return [];
    const lines = stanzas.flatMap((stanza): readonly string[] => {
      const [what = '', name] = stanza.words;
      if (what === 'iface' && isOf(name, nic)) {
        const head = first ? [...nicLines(own, nic), '', `auto ${bridge}`] : [];
        const body = toBridge(stanza, site, first);
        first = false;
        return [...head, ...body];
      }
      // An alias is brought up under the bridge's name; the NIC itself stays up by its own.
      const rest = what === 'auto' || what.startsWith('allow-') ? stanza.lines : [];
      if (rest.length > 0 && stanza.words.some((word) => word.startsWith(`${nic}:`)))
        return [stanza.lines[0]?.replaceAll(`${nic}:`, `${bridge}:`) ?? '', ...stanza.lines.slice(1)];
      return stanza.lines;
    });
    return [changed(file, `${lines.join('\n')}\n`)];
  });
}
