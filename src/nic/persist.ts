/** Plans how the new state is made to last: files by the program in charge, and the commands that check and apply them. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { orMissing } from '../host/files.ts';
import { deviceOf } from './decide/carry.ts';
import { ifcfgFiles } from './files/ifcfg.ts';
import { ifupdownFiles } from './files/ifupdown.ts';
import { keyfileFiles } from './files/keyfile.ts';
import { netplanFiles } from './files/netplan.ts';
import { networkdFiles } from './files/networkd.ts';
import { type ConfigFile, renamed, type Site } from './files/site.ts';
import { type Told, toldBy } from './files/told.ts';
import { unitFiles, unitName } from './files/unit.ts';
import { type InCharge, whoIsInCharge } from './in-charge.ts';
import type {
  DhcpClient,
  FileChange,
  Hold,
  Journal,
  Manager,
  Move,
  NicDevice,
  Persistence,
  Snapshot,
} from './types.ts';

type Commands = readonly (readonly string[])[];

const none: Persistence = { manager: 'none', files: [], check: [], apply: [], revert: [] };

const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];
const isThere = (program: string): boolean => folders.some((folder) => existsSync(`${folder}/${program}`));

/** The identity association of the lease that systemd-networkd has on the device. */
async function leaseIaid({ index }: NicDevice): Promise<number | undefined> {
  const text = (await orMissing(readFile(`/run/systemd/netif/leases/${index}`, 'utf8'))) ?? '';
  const hex = /^CLIENTID=ff([0-9a-f]{8})/m.exec(text)?.[1];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}

function filesFor(manager: Manager, site: Site): FileChange[] {
  switch (manager) {
    case 'netplan':
      return netplanFiles(site);
    case 'networkmanager':
      return keyfileFiles(site);
    case 'networkd':
      return networkdFiles(site);
    case 'ifcfg':
      return ifcfgFiles(site);
    case 'ifupdown':
      return ifupdownFiles(site);
    default:
      return [];
  }
}

/**
 * What systemd-networkd is told beside the bridge's file. Until the next boot, it keeps the addresses that it finds on the bridge while it
 * takes it over. netplan writes the bridge's file itself and knows no identity association: that goes beside it, to stay.
 */
function besides(manager: Manager, { bridge, iaid }: Site): FileChange[] {
  const name = manager === 'netplan' ? `10-netplan-${bridge}` : `05-neutrino-${bridge}`;
  const file = (root: string, text: string): FileChange => ({
    ...{ path: `${root}/systemd/network/${name}.network.d/neutrino.conf`, before: null, after: text, mode: 0o644 },
  });
  const keep = file('/run', '[Network]\nKeepConfiguration=yes\n');
  return manager === 'netplan' && iaid !== undefined ? [keep, file('/etc', `[DHCPv4]\nIAID=${iaid}\n`)] : [keep];
}

const offline = (path: string): string[] => [
  ...['sh', '-c', 'nmcli --offline connection modify connection.autoconnect yes < "$1" > /dev/null', 'sh', path],
];

/** The profiles that carry addresses or ports, in the order in which they come up. */
function managerCommands(
  files: readonly FileChange[],
  { driver }: Move,
  uuid: string | undefined,
  uuids: readonly string[],
) {
  const written = files.filter(({ after }) => after !== null).map(({ path }) => path);
  const check = written.filter((path) => path.endsWith('.nmconnection')).map(offline);
  const [bridge = '', , inside = ''] = uuids;
  const up = driver === 'linuxbridge' ? [bridge] : [bridge, inside];
  const load = ['nmcli', 'connection', 'reload'];
  const apply = [load, ...up.map((id) => ['nmcli', '--wait', '30', 'connection', 'up', 'uuid', id])];
  const back = uuid === undefined ? [] : [['nmcli', '--wait', '30', 'connection', 'up', 'uuid', uuid]];
  return { check, apply, revert: [load, ...back] };
}

function commandsFor(
  { manager, renderer, uuid }: InCharge,
  files: readonly FileChange[],
  move: Move,
  uuids: readonly string[],
): { check: Commands; apply: Commands; revert: Commands } {
  const reload = ['networkctl', 'reload'];
  const generate = ['netplan', 'generate'];
  if (renderer === 'networkmanager') {
    const commands = managerCommands(files, move, uuid, uuids);
    if (manager !== 'netplan') return commands;
    // netplan makes the profiles, and names them.
    const up = ['nmcli', '--wait', '30', 'connection', 'up', 'id', `netplan-${move.bridge}`];
    const apply = [['nmcli', 'connection', 'reload'], up];
    return { check: [generate], apply, revert: [generate, ...commands.revert] };
  }
  if (manager === 'netplan' && renderer === 'networkd')
    return { check: [generate], apply: [reload], revert: [generate, reload] };
  if (manager === 'netplan') return { check: isThere('netplan') ? [generate] : [], apply: [], revert: [] };
  if (manager === 'networkd') return { check: [], apply: [reload], revert: [reload] };
  if (manager === 'ifupdown')
    return { check: isThere('ifquery') ? [['ifquery', move.bridge]] : [], apply: [], revert: [] };
  if (manager === 'unit') {
    const unit = unitName(move.bridge);
    const again = ['systemctl', 'daemon-reload'];
    const check = [['systemd-analyze', 'verify', `/etc/systemd/system/${unit}`]];
    return { check, apply: [again, ['systemctl', 'enable', unit]], revert: [['systemctl', 'disable', unit], again] };
  }
  return { check: [], apply: [], revert: [] };
}

/** What the files of the program in charge say of the NIC and the bridge. */
export async function toldByFiles(snapshot: Snapshot, { nic, bridge }: Move): Promise<Told> {
  const { manager, files } = await whoIsInCharge(snapshot, nic);
  return toldBy(manager, files, [nic, bridge], deviceOf(snapshot, nic)?.mac ?? '');
}

/** Whether the files speak of the bridge already: then a person wrote them for it, and they stay. */
function nameBridge(files: readonly ConfigFile[], bridge: string): boolean {
  return files.some(({ text }) => renamed(text, bridge, '') !== text);
}

async function planAdoption(move: Move, before: Snapshot, clients: readonly DhcpClient[]): Promise<Persistence> {
  const device = deviceOf(before, move.nic);
  if (!device) return none;
  const found = await whoIsInCharge(before, move.nic);
  if (nameBridge(found.files, move.bridge)) return { ...none, manager: found.manager };
  const iaid = found.renderer === 'networkd' ? await leaseIaid(device) : undefined;
  const { nic, bridge, driver } = move;
  const site: Site = {
    ...{ nic, bridge, driver, mac: device.mac, mtu: device.mtu, files: found.files },
    uuids: Array.from({ length: 4 }, () => randomUUID()),
    ...(iaid === undefined ? {} : { iaid }),
    ...(move.datapath === undefined ? {} : { datapath: move.datapath }),
  };
  const files = found.manager === 'unit' ? unitFiles(move, before, clients) : filesFor(found.manager, site);
  const more = found.renderer === 'networkd' ? besides(found.manager, site) : [];
  const all = await Promise.all([...files, ...more].map(withPresent));
  return { manager: found.manager, files: all, ...commandsFor(found, all, move, site.uuids) };
}

/** What is there already in place of a new file. */
async function withPresent(file: FileChange): Promise<FileChange> {
  if (file.before !== null) return file;
  return { ...file, before: (await orMissing(readFile(file.path, 'utf8'))) ?? null };
}

/** The way back from what an adoption wrote: to the originals that it kept. */
async function planRelease(move: Move, earlier: Journal | undefined): Promise<Persistence> {
  if (!earlier) return none;
  const { persistence } = earlier;
  const files = await Promise.all(
    persistence.files.toReversed().map(async ({ path, before, mode }) => {
      const now = (await orMissing(readFile(path, 'utf8'))) ?? null;
      return { path, before: now, after: before, mode };
    }),
  );
  const { manager, apply, revert, check } = persistence;
  const own = check.filter(([program]) => program === 'netplan');
  const hold = holdFor(apply, move);
  return { manager, files, check: own, apply: revert, revert: apply, ...(hold ? { hold } : {}) };
}

/** A manager that follows files at once takes a NIC back into its bridge: it is told to leave it alone. */
function holdFor(apply: Commands, { nic }: Move): Hold | undefined {
  const programs = new Set(apply.map(([program]) => program));
  if (programs.has('networkctl')) {
    const path = `/run/systemd/network/04-neutrino-${nic}.network`;
    const text = `[Match]\nName=${nic}\n\n[Link]\nUnmanaged=yes\n`;
    const reload = [['networkctl', 'reload']];
    return { files: [{ path, before: null, after: text, mode: 0o644 }], apply: reload, lift: reload };
  }
  if (!programs.has('nmcli')) return undefined;
  const managed = (answer: string) => [['nmcli', 'device', 'set', nic, 'managed', answer]];
  return { files: [], apply: managed('no'), lift: managed('yes') };
}

/** Plans how the new state is made to last. */
export function planPersistence(
  move: Move,
  before: Snapshot,
  earlier: Journal | undefined,
  clients: readonly DhcpClient[],
): Promise<Persistence> {
  return move.kind === 'release' ? planRelease(move, earlier) : planAdoption(move, before, clients);
}
