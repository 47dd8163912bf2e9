/**
 * What guests are made of, from Debian's packages, in `.cache/guest` of the clone: a kernel with its modules, a static busybox, and
 * root file systems. Made once, each of them whole or not at all.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digest, locked, run, timed } from '../../../tools/setup-steps.mjs';

/** The clone that this file is part of. */
export const clone = dirname(dirname(dirname(import.meta.dirname)));
const cache = join(clone, '.cache/guest');

/** A kernel that is not the machine's. */
export interface GuestKernel {
  /** What `uname -r` says in the guest. */
  readonly release: string;
  readonly image: string;
  /** A folder with `lib/modules/RELEASE`. */
  readonly folder: string;
  /** A busybox that needs no library. */
  readonly busybox: string;
}

/** Makes `folder` by `fill`, unless it is there already. */
function once(folder: string, what: string, fill: (into: string) => void): void {
  if (existsSync(folder)) return;
  locked(clone, () => {
    if (existsSync(folder)) return;
    const part = `${folder}.part`;
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part, { recursive: true });
    timed(what, () => fill(part));
    renameSync(part, folder);
  });
}

/** The first line of apt's answer that holds `pattern`, with new lists when the ones that are there know nothing. */
function askApt(argv: readonly string[], pattern: RegExp): string {
  for (const fresh of [false, true]) {
    if (fresh) run(['apt-get', 'update', '-q', '-o', 'DPkg::Lock::Timeout=120']);
    const found = pattern.exec(run(argv))?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`${argv.join(' ')} names nothing like ${pattern}`);
}

function fillKernel(folder: string): void {
  const image = askApt(['apt-cache', 'depends', 'linux-image-amd64'], /Depends: (linux-image-\S+)/);
  // apt fetches as a user of its own where that one may write, and as root with a warning elsewhere.
  run(['apt-get', 'download', '-q', '-o', 'APT::Sandbox::User=root', image, 'busybox-static'], { cwd: folder });
  run(['sh', '-c', 'for package in *.deb; do dpkg-deb -x "$package" . && rm "$package" || exit 1; done'], {
    cwd: folder,
  });
  const release = image.replace('linux-image-', '');
  run(['depmod', '-b', folder, release]);
  writeFileSync(join(folder, 'release'), release);
}

/** Debian's kernel. The first call downloads 72 MB and takes some 15 s. */
export function guestKernel(): GuestKernel {
  const folder = join(cache, 'kernel');
  once(folder, 'downloading a Debian kernel for guests', fillKernel);
  const release = readFileSync(join(folder, 'release'), 'utf8');
  return { release, folder, image: join(folder, `boot/vmlinuz-${release}`), busybox: join(folder, 'bin/busybox') };
}

/** What every root has beside what is asked for: enough for Node, which guests take from the machine. */
const base = ['iproute2', 'iputils-ping', 'procps', 'kmod', 'libstdc++6'];

// Debootstrap knows no virtual packages, so only the smallest system is its work. Services are not started while they are installed.
const install = `set -e
root=$1; suite=$2; shift 2
debootstrap --variant=minbase "$suite" "$root"
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive
chroot "$root" apt-get install -y -q --no-install-recommends "$@"
chroot "$root" apt-get clean
chroot "$root" passwd -d root
umount "$root/proc"
rm -rf "$root/usr/sbin/policy-rc.d" "$root/etc/hostname" "$root/etc/resolv.conf" "$root"/var/lib/apt/lists/*
`;

/**
 * A root file system of the machine's own Debian release with these packages (and systemd, by `packages`). The first call with a set
 * of packages takes about a minute.
 */
export function guestRoot(packages: readonly string[]): string {
  const all = [...new Set([...base, ...packages])].sort();
  const suite = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const folder = join(cache, `root-${suite}-${digest(all.join(' ')).slice(0, 12)}`);
  once(folder, `installing a Debian root for guests (${all.join(', ')})`, (into) => {
    const apart = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    run([...apart, 'sh', '-c', install, 'sh', into, suite, ...all]);
  });
  return folder;
}
