/** What an editor of configuration files is told, and what it gives. Editors are pure: texts in, texts out. */
import type { FileChange, NicDriver } from '../types.ts';

/** A file as it is. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** The host's configuration around a NIC. */
export interface Site {
  readonly nic: string;
  readonly bridge: string;
  readonly driver: NicDriver;
  /** Open vSwitch: `system` or `netdev`. */
  readonly datapath?: string;
  readonly mac: string;
  readonly mtu: number;
  /** The files of the program in charge that concern the NIC, and those of their folder. */
  readonly files: readonly ConfigFile[];
  /** Identifiers for new profiles. */
  readonly uuids: readonly string[];
  /** The identity association that the DHCP client of systemd-networkd used on the NIC; absent: none is known. */
  readonly iaid?: number;
}

/** The first line of files that are ours alone. */
export const ownMark = '# Written by neutrino nic adopt; neutrino nic release takes it away.';

/** A new file. */
export function newFile(path: string, text: string, mode = 0o644): FileChange {
  return { path, before: null, after: text, mode };
}

/** A file with another text. */
export function changed(file: ConfigFile, text: string): FileChange {
  return { path: file.path, before: file.text, after: text, mode: file.mode };
}

/** Replaces a device's name wherever it stands as a word. */
export function renamed(text: string, from: string, to: string): string {
  const escaped = from.replace(/[.*+?^$|()[\]{}\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\w.-])${escaped}(?![\\w.-])`, 'g'), to);
}
