/** The first file system of a guest: finds the root, lays a writable layer over it, and hands over to its init. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { digest, locked, run } from '../../../tools/setup-steps.mjs';
import { clone, type GuestKernel } from './cache.ts';

/** Modules that are needed before the root is there. */
const early = ['virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_net', '9pnet_virtio', '9p', 'overlay', 'ext4'];

/*
 * The kernel's command line says `guest.KEY=VALUE`: root (a folder of the machine), init (shell or systemd), name, node (the folder of
 * the machine's Node), clone, release. Two views of the machine's files: one that is cached and lies under the root, one that is not, at
 * /run/machine. Not every module loads on every processor (crc32c-intel): what is missing is told by the mount that fails. A disk, where there is one, holds the writable layer and so survives a reboot; without one, memory does.
 */
const init = `#!/bin/busybox sh
export PATH=/bin
fail() { echo "guest: $*"; sync; sleep 1; poweroff -f; }
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev
for word in $(cat /proc/cmdline); do
  case "$word" in guest.*=*) key=\${word%%=*}; eval "\${key#guest.}='\${word#*=}'";; esac
done
for module in $(cat /modules/order); do insmod /modules/$module; done 2>/dev/null
nine=trans=virtio,version=9p2000.L,msize=512000
mkdir -p /machine /layer /new
mount -t 9p -o ro,$nine,cache=loose root /machine || fail "the machine's files cannot be mounted"
if [ -b /dev/vda ]; then mount -t ext4 /dev/vda /layer || fail "the disk cannot be mounted"
else mount -t tmpfs -o size=50% tmpfs /layer; fi
mkdir -p /layer/upper /layer/work
mount -t overlay -o lowerdir=/machine$root,upperdir=/layer/upper,workdir=/layer/work overlay /new || fail "no root"
mkdir -p /new/proc /new/sys /new/dev /new/run /new/tmp /new/usr/lib/modules/$release
mount -t tmpfs -o mode=755 tmpfs /new/run; mount -t tmpfs -o mode=1777 tmpfs /new/tmp
mkdir -p /new/run/guest /new/run/machine /new/run/netns
mount -t 9p -o ro,$nine,cache=none machine /new/run/machine || fail "the machine's files cannot be mounted"
mount --bind /machine$modules/lib/modules/$release /new/usr/lib/modules/$release
for folder in $node $clone; do
  case "$root$folder" in //tmp/*|//run/*|/[!/]*) mkdir -p /new$folder; mount --bind /machine$folder /new$folder;; esac
done
cp /bin/busybox /guest/* /new/run/guest/
echo $name > /proc/sys/kernel/hostname
if [ $init = systemd ]; then
  wants=/new/run/systemd/system/sysinit.target.wants
  mkdir -p $wants; cp /guest/guest-agent.service /new/run/systemd/system/
  ln -s ../guest-agent.service $wants/
  echo $name > /new/etc/hostname
  set -- /sbin/init
else set -- /bin/bash /run/guest/shell-init; fi
for folder in proc sys dev; do mount --move /$folder /new/$folder; done
exec switch_root /new "$@"
`;

/** The first process of a guest without systemd: bash, which reaps what daemons leave behind. */
const shellInit = `export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts; mount -t tmpfs tmpfs /dev/shm; mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
/run/guest/agent & wait $!
echo "guest: the agent ended with $?"
/run/guest/busybox poweroff -f
`;

const agent = `#!/bin/sh
for word in $(cat /proc/cmdline); do
  case "$word" in guest.node=*) node=\${word#*=};; guest.clone=*) clone=\${word#*=};; esac
done
export PATH=$node:/usr/sbin:/usr/bin:/sbin:/bin
exec $node/node --disable-warning=ExperimentalWarning $clone/test/support/guest/agent.ts
`;

// It needs no network and is not in the way of one: it is there from the first moments to the last.
const service = `[Unit]
DefaultDependencies=no
After=systemd-udevd.service
[Service]
ExecStart=/run/guest/agent
Restart=no
TimeoutStopSec=2
`;

const texts = [
  ['init', init],
  ['guest/shell-init', shellInit],
  ['guest/agent', agent],
  ['guest/guest-agent.service', service],
] as const;

/** The modules to load early, in their order, as files. */
function moduleFiles(kernel: GuestKernel): string[] {
  const argv = ['modprobe', '-d', kernel.folder, '-S', kernel.release, '--show-depends', '-a', ...early];
  const files = run(argv).matchAll(/^insmod (\S+)/gm);
  return [...new Set([...files].map((match) => match[1] ?? ''))];
}

function build(kernel: GuestKernel, folder: string): void {
  for (const part of ['bin', 'proc', 'sys', 'dev', 'modules', 'guest']) mkdirSync(join(folder, part));
  copyFileSync(kernel.busybox, join(folder, 'bin/busybox'));
  const files = moduleFiles(kernel);
  for (const file of files) copyFileSync(file, join(folder, 'modules', basename(file)));
  writeFileSync(join(folder, 'modules/order'), files.map((file) => basename(file)).join('\n'));
  for (const [name, text] of texts) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), name.endsWith('.service') ? 0o644 : 0o755);
  }
}

/** The initramfs for this kernel, an archive of a few megabytes; made when it is not there. */
export function guestInitramfs(kernel: GuestKernel): string {
  const file = join(
    clone,
    `.cache/guest/initramfs-${kernel.release}-${digest(JSON.stringify([texts, early])).slice(0, 12)}.cpio`,
  );
  if (existsSync(file)) return file;
  locked(clone, () => {
    const folder = mkdtempSync(join(clone, '.cache/guest/initramfs-'));
    build(kernel, folder);
    const archive = `find . | ${kernel.busybox} cpio -o -H newc > ${file}.part`;
    run(['sh', '-c', archive], { cwd: folder });
    renameSync(`${file}.part`, file);
    rmSync(folder, { recursive: true });
  });
  return file;
}
