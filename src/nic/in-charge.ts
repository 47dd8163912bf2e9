/** Finds out which program keeps the configuration of the NIC, by what runs first and by files second, and reads its files. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { orMissing } from '../host/files.ts';
import { run } from '../host/run.ts';
import { hasSystemd } from './boot-hook.ts';
import { deviceOf } from './decide/carry.ts';
import { isIfcfgOf } from './files/ifcfg.ts';
import { isInterfacesOf } from './files/ifupdown.ts';
import { isNetplanOf } from './files/netplan.ts';
import type { ConfigFile } from './files/site.ts';
import type { Manager, Snapshot } from './types.ts';

/** Who is in charge, and the files that say so. */
export interface InCharge {
  readonly manager: Manager;
  readonly files: readonly ConfigFile[];
  /** The program that follows netplan's files, or ifcfg files. */
  readonly renderer?: 'networkmanager' | 'networkd';
  /** The profile of NetworkManager that is up on the NIC. */
  readonly uuid?: string;
}

/** Bytes of the largest file that is looked at. */
const largest = 1 << 20;

async function readConfig(path: string): Promise<ConfigFile[]> {
  const status = await orMissing(stat(path));
  if (!status?.isFile() || status.size > largest) return [];
  return [{ path, text: await readFile(path, 'utf8'), mode: status.mode & 0o7777 }];
}

async function readFolder(folder: string, wanted: RegExp): Promise<ConfigFile[]> {
  const names = ((await orMissing(readdir(folder))) ?? []).filter((name) => wanted.test(name)).sort();
  return (await Promise.all(names.map((name) => readConfig(`${folder}/${name}`)))).flat();
}

async function linesOf(...argv: string[]): Promise<string[]> {
  const text = await run(argv).then(
    ({ stdout }) => stdout,
    () => '',
  );
  return text.split('\n').filter((line) => line !== '');
}

/** The profile that NetworkManager has up on the device, and its file. */
async function profileOn(device: string): Promise<{ uuid: string; path: string } | undefined> {
  const terse = ['-t', '-e', 'no', '-f'];
  const devices = await linesOf('nmcli', ...terse, 'DEVICE,CON-UUID', 'device', 'status');
  const uuid = devices.find((line) => line.startsWith(`${device}:`))?.slice(device.length + 1);
  if (!uuid) return undefined;
  const profiles = await linesOf('nmcli', ...terse, 'UUID,FILENAME', 'connection', 'show');
  const path = profiles.find((line) => line.startsWith(`${uuid}:`))?.slice(uuid.length + 1);
  return path ? { uuid, path } : undefined;
}

/** The file by which systemd-networkd configured the device, and its drop-ins. */
async function networkFiles(index: number): Promise<string[]> {
  const text = (await orMissing(readFile(`/run/systemd/netif/links/${index}`, 'utf8'))) ?? '';
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]?.replace(/^"|"$/g, '') ?? '';
  if (!/^(configured|configuring)$/.test(value('ADMIN_STATE'))) return [];
  const main = value('NETWORK_FILE');
  const dropIns = value('NETWORK_FILE_DROPINS')
    .split(/[\s:]+/)
    .filter(Boolean);
  return main === '' ? [] : [main, ...dropIns];
}

const netplanFolders = ['/etc/netplan', '/run/netplan', '/lib/netplan'];

async function netplanOf(nic: string, mac: string): Promise<ConfigFile[]> {
  const files = (await Promise.all(netplanFolders.map((folder) => readFolder(folder, /\.yaml$/)))).flat();
  return files.filter((file) => isNetplanOf(file, nic, mac));
}

const ifcfgFolder = '/etc/sysconfig/network-scripts';

async function ifcfgOf(nic: string, mac: string): Promise<ConfigFile[]> {
  const files = await readFolder(ifcfgFolder, /^(ifcfg|route6?|rule6?)-/);
  return files.some((file) => isIfcfgOf(file, nic, mac)) ? files : [];
}

async function interfacesOf(nic: string): Promise<ConfigFile[]> {
  const [main, more] = await Promise.all([
    readConfig('/etc/network/interfaces'),
    readFolder('/etc/network/interfaces.d', /^[\w-]+(\.cfg)?$/),
  ]);
  const all = [...main, ...more];
  return all.some((file) => isInterfacesOf(file, nic)) ? all : [];
}

async function byProcess(nic: string, mac: string, index: number): Promise<InCharge | undefined> {
  const profile = await profileOn(nic);
  if (profile) {
    const { path, uuid } = profile;
    const renderer = 'networkmanager';
    if (path.includes('/netplan-')) return { manager: 'netplan', files: await netplanOf(nic, mac), renderer, uuid };
    if (path.startsWith(ifcfgFolder)) return { manager: 'ifcfg', files: await ifcfgOf(nic, mac), renderer, uuid };
    return { manager: 'networkmanager', files: await readConfig(path), renderer, uuid };
  }
  const files = await networkFiles(index);
  if (files.length === 0) return undefined;
  const renderer = 'networkd';
  if (/-netplan-/.test(files[0] ?? '')) return { manager: 'netplan', files: await netplanOf(nic, mac), renderer };
  return { manager: 'networkd', files: (await Promise.all(files.map(readConfig))).flat(), renderer };
}

/** Who is in charge of the NIC. */
export async function whoIsInCharge(snapshot: Snapshot, nic: string): Promise<InCharge> {
  const device = deviceOf(snapshot, nic);
  if (!device) return { manager: 'none', files: [] };
  const { mac, index } = device;
  const running = await byProcess(nic, mac, index);
  if (running && running.files.length > 0) return running;
  const [netplan, ifcfg, interfaces] = await Promise.all([netplanOf(nic, mac), ifcfgOf(nic, mac), interfacesOf(nic)]);
  if (netplan.length > 0) return { manager: 'netplan', files: netplan };
  if (ifcfg.length > 0) return { manager: 'ifcfg', files: ifcfg };
  if (interfaces.length > 0) return { manager: 'ifupdown', files: interfaces };
  return { manager: hasSystemd() ? 'unit' : 'none', files: [] };
}
