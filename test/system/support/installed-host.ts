/**
 * A host of Debian's packages: an emulated host whose root is a Debian of these packages, with the machine's own kernel. Its network
 * program runs as it does where it is installed, but for systemd; a restart is another emulated host on the same files.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHost, type LabHost, type Outcome } from '../../../src/lab/host.ts';
import { startSwitchScript } from '../../../src/lab/ovs.ts';
import { createWire } from '../../../src/lab/wire.ts';
import { clone, guestRoot } from '../../support/guest/cache.ts';
import { program } from './small-cloud.ts';

/** What manages the network. */
export type NetworkProgram = 'NetworkManager' | 'systemd-networkd' | 'ifupdown';

/** One root for all of them: a program that is not started does nothing. */
export const installedPackages = [
  'systemd-sysv',
  'netplan.io',
  'network-manager',
  'iputils-arping',
  'isc-dhcp-client',
  'openvswitch-switch',
  'nftables',
  'ifupdown',
  'dbus',
];

/** A host that can be started again. */
export interface InstalledHost {
  readonly outside: LabHost;
  /** A folder that the host and this process both see. */
  readonly folder: string;
  /** Runs a command on the host, in a shell. */
  sh(script: string): Promise<Outcome>;
  /** Runs `neutrino nic …` on the host. */
  nic(...args: readonly string[]): Promise<Outcome>;
  /** Ends all of its processes at once and starts it again: a loss of power. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const root = '/run/root';
const node = dirname(process.execPath);

const mountAll = (lower: string, folder: string): string => `set -e
mkdir -p ${root} ${folder}/upper ${folder}/work
mount -t overlay overlay -o lowerdir=${lower},upperdir=${folder}/upper,workdir=${folder}/work ${root}
mount -t proc proc ${root}/proc
mount -o remount,ro,bind /sys || mount -t sysfs -o ro sysfs /sys
mount -t sysfs -o ro sysfs ${root}/sys
mount --rbind /dev ${root}/dev
mount -t tmpfs tmpfs ${root}/run
mkdir -p ${root}/run/netns ${root}/run/dbus ${root}/run/systemd/netif/links ${root}/run/systemd/netif/leases ${root}/run/network
mkdir -p ${root}/run/systemd/netif/lldp
chroot ${root} chown -R systemd-network:systemd-network /run/systemd/netif
for one in ${clone} ${node} ${folder}; do mkdir -p ${root}$one; mount --bind $one ${root}$one; done
chroot ${root} dbus-uuidgen --ensure
chroot ${root} dbus-daemon --system --fork
`;

/** Open vSwitch with its database where Debian has it: it outlives a restart. */
const startOvs = `set -e
mkdir -p /run/openvswitch /etc/openvswitch
[ -e /etc/openvswitch/conf.db ] || ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
rm -f /etc/openvswitch/.conf.db.~lock~
ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/ovsdb-server.pid --detach 2>/dev/null
ovs-vsctl --no-wait init
${startSwitchScript('/run/openvswitch')}`;

const settings = `[main]
auth-polkit=false
`;

const starts: Readonly<Record<NetworkProgram, string>> = {
  NetworkManager: `mkdir -p /etc/NetworkManager/conf.d; printf '${settings.replaceAll('\n', '\\n')}' > /etc/NetworkManager/conf.d/polkit.conf
chmod 600 /etc/NetworkManager/system-connections/* 2>/dev/null; netplan generate; NetworkManager`,
  'systemd-networkd': 'netplan generate; setsid /lib/systemd/systemd-networkd >/run/networkd.log 2>&1 &',
  ifupdown: 'ifup -a',
};

/** A host whose NIC `ens0` is managed by `manager`, by these files; the outside is its gateway and DHCP server. */
export async function startInstalledHost(
  manager: NetworkProgram,
  files: Readonly<Record<string, string>>,
  options: { readonly ovs?: boolean } = {},
): Promise<InstalledHost> {
  const lower = guestRoot(installedPackages);
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-nic-'));
  const outside = await createHost('outside');
  let host: LabHost | undefined;
  const inside = (script: string, timeoutMs = 60_000) => {
    if (!host) throw new Error('the host is off');
    return host.run(['chroot', root, 'sh', '-c', script], { mayFail: true, timeoutMs });
  };
  const must = async (script: string) => {
    const { code, stdout, stderr } = await inside(script);
    if (code !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
  };
  const start = async () => {
    host = await createHost('host');
    await host.run(['sh', '-c', mountAll(lower, folder)]);
    await createWire({ host, device: 'ens0' }, { host: outside, device: 'out0', address: '192.0.2.1/24' });
    await must('ip link set ens0 down; ip link set ens0 address 52:54:00:00:00:01');
    if (options.ovs) await outside.run(['ethtool', '-K', 'out0', 'tx', 'off']);
    if (options.ovs) await must(startOvs);
    await must(starts[manager]);
  };
  const serve = () => {
    const range = ['--dhcp-range=192.0.2.50,192.0.2.60,255.255.255.0,10m', '--dhcp-option=3,192.0.2.1', '--port=0'];
    const where = [
      `--dhcp-leasefile=${folder}/leases`,
      `--pid-file=${folder}/dnsmasq.pid`,
      `--log-facility=${folder}/dhcp.log`,
    ];
    return outside.run([
      'dnsmasq',
      '--conf-file=/dev/null',
      '--log-dhcp',
      '--user=root',
      '--interface=out0',
      ...range,
      ...where,
    ]);
  };
  const close = async () => {
    await host?.close();
    await outside.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await mkdir(join(folder, 'upper'), { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, 'upper', path)), { recursive: true });
      await outside.run(['sh', '-c', 'cat > "$1"', 'sh', join(folder, 'upper', path)], {
        input: text,
      });
    }
    await start();
    await serve();
    return {
      outside,
      folder,
      close,
      sh: inside,
      nic: (...args) => inside([...program, 'nic', ...args, '--state-dir', join(folder, 'state')].join(' '), 120_000),
      async restart() {
        await host?.close();
        // The wire goes with the host's namespace, in the kernel's own time.
        for (let at = 0; at < 200; at++) {
          if ((await outside.run(['ip', 'link', 'show', 'out0'], { mayFail: true })).code !== 0) break;
          await sleep(20);
        }
        await start();
        await serve().catch(() => undefined);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
