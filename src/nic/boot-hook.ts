/** A unit that stands while a move is under way: it ends at boot what a loss of power interrupted, before any network program starts. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { orMissing } from '../host/files.ts';
import { ownMark } from './files/site.ts';
import { removeDurably, writeDurably } from './journal.ts';

const name = 'neutrino-nic-recover.service';
const units = '/etc/systemd/system';
const wanted = `${units}/multi-user.target.wants/${name}`;

/** Whether systemd runs the host, so that a unit is of use. Generators of netplan make its folder where it does not. */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system') && readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd';
}

function unitText(program: readonly string[], stateDir: string): string {
  const words = [...program, 'nic', 'recover', '--state-dir', stateDir].map(
    (word) => `"${word.replace(/(["\\])/g, '\\$1')}"`,
  );
  return [
    ownMark,
    '[Unit]',
    'Description=End a move of a NIC that was interrupted',
    'DefaultDependencies=no',
    `RequiresMountsFor=${stateDir}`,
    'After=local-fs.target ovsdb-server.service',
    'Before=ovs-vswitchd.service networking.service NetworkManager.service systemd-networkd.service network.target',
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=${words.join(' ')}`,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

/** Puts the unit in place, for good, before the first change. */
export async function installBootHook(program: readonly string[], stateDir: string): Promise<void> {
  if (!hasSystemd()) return;
  await writeDurably(`${units}/${name}`, unitText(program, stateDir), 0o644);
  await mkdir(`${units}/multi-user.target.wants`, { recursive: true });
  await symlink(`${units}/${name}`, wanted).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Takes the unit away when nothing is under way any more. */
export async function removeBootHook(): Promise<void> {
  if (!hasSystemd()) return;
  await orMissing(removeDurably(wanted));
  await removeDurably(`${units}/${name}`);
}
