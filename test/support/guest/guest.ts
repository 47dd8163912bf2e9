/**
 * Guests: hosts whose kernel is Debian's, emulated in software by QEMU. The root is the machine's own file system (or one of
 * Debian's packages), read-only, with a writable layer over it, so programs are the same and no image is needed.
 *
 * A guest stands in a rack: an emulated host of the lab that holds the QEMU process and the far ends of the guest's NICs, as taps. What
 * they are joined to is made there; the machine's own network is not reachable, and when the rack goes, the guest is gone.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CommandHost, commandHost, createHost, type LabHost } from '../../../src/lab/host.ts';
import { run as runHere } from '../../../tools/setup-steps.mjs';
import { clone, guestKernel, guestRoot } from './cache.ts';
import { openChannel } from './channel.ts';
import { guestInitramfs } from './initramfs.ts';
import { openQmp } from './qmp.ts';

/** A NIC of a guest. Its other end is a tap of the rack. */
export interface GuestNic {
  /** The tap's name in the rack. */
  readonly tap: string;
  readonly mac: string;
}

export interface GuestOptions {
  readonly name: string;
  /**
   * `shell` (default): nothing runs but the agent, devices are `eth0`, `eth1`, …, and the root is the machine's. `systemd`: Debian's own
   * start with what `packages` brings.
   */
  readonly init?: 'shell' | 'systemd';
  /** Packages of a Debian root that is made for the guest; left out: the machine's own root. */
  readonly packages?: readonly string[];
  /** A disk of `createDisk`: what is written survives `reboot` and the next guest on the same disk. Without: memory. */
  readonly disk?: string;
  readonly nics?: readonly GuestNic[];
  /** MiB, 1024 at most; default 768. */
  readonly memoryMb?: number;
  /** Further words for the kernel: `net.ifnames=0`. */
  readonly append?: string;
}

/** A guest that runs. */
export interface Guest extends CommandHost {
  /** The emulated host that its NICs lead to. */
  readonly rack: LabHost;
  /** The end of what it wrote to its console. */
  console(): string;
  /** Restarts it, in order or as a power cut does, and waits until it is up again. Commands that run end. */
  reboot(how?: 'clean' | 'power cut'): Promise<void>;
  /** Pulls the cable of a NIC or puts it back. */
  cable(tap: string, state: 'in' | 'out'): Promise<void>;
}

const bootMs = 300_000;
const consoleBytes = 64 << 10;
/** At most so many at once. */
const slots = 2;

/** Why no guest can run here, or undefined where one can. */
export function noGuest(): string | undefined {
  if (process.getuid?.() !== 0) return 'guests need root';
  if (process.arch !== 'x64') return 'guests are made for x86-64 alone';
  if (freemem() < 1.5 * 2 ** 30) return 'guests need 1.5 GiB of free memory';
  for (const program of ['qemu-system-x86_64', 'modprobe', 'apt-get', 'dpkg-deb']) {
    try {
      runHere(['sh', '-c', `command -v ${program}`]);
    } catch {
      return `guests need the program ${program}`;
    }
  }
  return undefined;
}

/** Makes an empty disk for guests: a sparse file of so many MiB. */
export async function createDisk(file: string, megabytes = 2048): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  runHere(['truncate', '-s', `${megabytes}M`, file]);
  runHere(['mkfs.ext4', '-q', '-F', '-O', '^metadata_csum', file]);
  return file;
}

function commandLine(options: GuestOptions, folder: string): string[] {
  const kernel = guestKernel();
  const { name, init = 'shell', nics = [], memoryMb = 768 } = options;
  if (memoryMb > 1024) throw new Error(`a guest has 1024 MiB at most, not ${memoryMb}`);
  const root = options.packages === undefined ? '/' : guestRoot(options.packages);
  const words = {
    ...{ name, init, root, clone, release: kernel.release, modules: kernel.folder },
    node: dirname(process.execPath),
  };
  const told = Object.entries(words).map(([key, value]) => `guest.${key}=${value}`);
  const append = ['console=ttyS0', 'panic=0', 'quiet', 'mitigations=off', ...told, options.append ?? ''].join(' ');
  const files = (tag: string) => `local,path=/,mount_tag=${tag},security_model=none,readonly=on,multidevs=remap`;
  return [
    'qemu-system-x86_64',
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-accel', 'tcg,thread=multi', '-cpu', 'qemu64'],
    ...['-m', String(memoryMb), '-kernel', kernel.image, '-initrd', guestInitramfs(kernel), '-append', append],
    ...['-virtfs', files('root'), '-virtfs', files('machine'), '-serial', 'stdio'],
    ...['-qmp', `unix:${folder}/qmp,server=on,wait=off`],
    ...['-device', 'virtio-serial', '-chardev', `socket,id=agent,path=${folder}/port,server=on,wait=off`],
    ...['-device', 'virtserialport,chardev=agent,name=agent'],
    ...(options.disk ? ['-drive', `file=${options.disk},format=raw,if=virtio,cache=unsafe`] : []),
    ...(nics.length === 0 ? ['-nic', 'none'] : []),
    ...nics.flatMap(({ tap, mac }) => [
      ...['-netdev', `tap,id=${tap},ifname=${tap},script=no,downscript=no,vhost=off`],
      ...['-device', `virtio-net-pci,id=nic-${tap},netdev=${tap},mac=${mac},romfile=`],
    ]),
  ];
}

const busy = 77;
const waitMs = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Starts QEMU when one of the slots is free, waiting for one for 10 minutes at most. */
async function startQemu(rack: LabHost, argv: readonly string[], folder: string): Promise<ChildProcess> {
  const deadline = Date.now() + 600_000;
  for (let slot = 1; Date.now() < deadline; slot = (slot % slots) + 1) {
    const lock = join(clone, `.cache/guest/slot-${slot}.lock`);
    const qemu = rack.start(['flock', '-n', '-E', String(busy), '-F', lock, ...argv]);
    const there = rack.run(['sh', '-c', `until [ -S ${folder}/port ] && [ -S ${folder}/qmp ]; do sleep 0.05; done`]);
    const ended = new Promise<number | null>((resolve) => qemu.once('exit', resolve));
    const code = await Promise.race([there.then(() => undefined), ended]);
    if (code === undefined) return qemu;
    there.catch(() => undefined);
    if (code !== busy) throw new Error(`qemu-system-x86_64 ended with ${code}: ${String(qemu.stderr?.read() ?? '')}`);
    await waitMs(250);
  }
  throw new Error(`for 10 minutes ${slots} other guests of this clone have been running`);
}

/** Starts a guest and waits until commands can be run in it. `rack`: an emulated host for it to stand in; left out, one of its own. */
export async function bootGuest(options: GuestOptions, rack?: LabHost): Promise<Guest> {
  const { name, nics = [] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-guest-'));
  const argv = commandLine(options, folder);
  const place = rack ?? (await createHost(`rack of ${name}`));
  let printed = '';
  let qemu: ChildProcess | undefined;
  let channel: Awaited<ReturnType<typeof openChannel>> | undefined;
  const close = async () => {
    channel?.close();
    if (rack && qemu && qemu.exitCode === null && qemu.signalCode === null) {
      const gone = new Promise((resolve) => qemu?.once('exit', resolve));
      rack.kill(qemu);
      await gone;
      for (const { tap } of nics) await rack.run(['ip', 'link', 'del', tap], { mayFail: true });
    }
    if (!rack) await place.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const links = nics.flatMap(({ tap }) => [`tuntap add dev ${tap} mode tap`, `link set ${tap} up`]);
    if (links.length > 0) await place.run(['ip', '-batch', '-'], { input: `${links.join('\n')}\n` });
    qemu = await startQemu(place, argv, folder);
    const ended = new Promise<never>((_, reject) => {
      const hear = (data: Buffer) => {
        printed = (printed + data.toString()).slice(-consoleBytes);
        if (printed.includes('Kernel panic')) reject(new Error('its kernel panicked'));
      };
      qemu?.stdout?.on('data', hear);
      qemu?.stderr?.on('data', hear);
      qemu?.once('exit', (code, signal) => reject(new Error(`QEMU ended with ${code ?? signal}`)));
    });
    ended.catch(() => undefined);
    const open = await openChannel(`${folder}/port`, `${folder}/agent`);
    channel = open;
    const up = async (before: string | undefined) => {
      try {
        return await Promise.race([open.untilBoot(before, bootMs), ended]);
      } catch (error) {
        throw new Error(
          `the guest ${name}: ${(error as Error).message}; its console says: ${printed.trim().slice(-4000)}`,
        );
      }
    };
    let boot = await up(undefined);
    const qmp = await openQmp(`${folder}/qmp`);
    const client = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'client.ts')];
    const host = commandHost(name, [...client, open.path], close);
    return {
      ...host,
      rack: place,
      console: () => printed,
      async reboot(how = 'clean') {
        const restart = options.init === 'systemd' ? ['systemctl', 'reboot'] : ['/run/guest/busybox', 'reboot', '-f'];
        if (how === 'power cut') await qmp('system_reset');
        else await host.run(['sh', '-c', `sync; ${restart.join(' ')}`], { mayFail: true, timeoutMs: bootMs });
        boot = await up(boot);
      },
      cable: (tap, state) => qmp('set_link', { name: `nic-${tap}`, up: state === 'in' }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
