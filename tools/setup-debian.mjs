/** The programs that Neutrino runs, from Debian's packages. Installed only as root and only on a machine with apt-get. */
import { accessSync, constants, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locked, run, say, timed } from './setup-steps.mjs';

/** Where programs of the system are; a user's PATH often lacks the sbin folders. */
const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

/** Programs by the package that brings them. */
const host = {
  ip: 'iproute2',
  iptables: 'iptables',
  ipset: 'ipset',
  nft: 'nftables',
  conntrack: 'conntrack',
  dnsmasq: 'dnsmasq-base',
  dhcp_release: 'dnsmasq-utils',
  haproxy: 'haproxy',
  arping: 'iputils-arping',
  radvd: 'radvd',
  ndptool: 'libndp-tools',
  sysctl: 'procps',
};
const demo = { ...host, udhcpc: 'udhcpc', curl: 'curl', tcpdump: 'tcpdump', ping: 'iputils-ping' };
/** What moves a NIC and asks its gateway. */
const nic = { ip: host.ip, arping: host.arping, ping: demo.ping };
/** What hosts with Open vSwitch have beside. */
const ovs = { 'ovs-vswitchd': 'openvswitch-switch', 'ovs-vsctl': 'openvswitch-switch', ethtool: 'ethtool' };
const test = {
  ...demo,
  ...ovs,
  openstack: 'python3-openstackclient',
  dhclient: 'isc-dhcp-client',
  modprobe: 'kmod',
  'qemu-system-x86_64': 'qemu-system-x86',
  debootstrap: 'debootstrap',
  virsh: 'libvirt-clients',
  libvirtd: 'libvirt-daemon',
  'virt-qemu-run': 'libvirt-daemon-driver-qemu',
  'dbus-daemon': 'dbus-daemon',
  '/usr/lib/postgresql/*/bin/initdb': 'postgresql',
};
const sets = { host, nic, demo, demoOvs: { ...demo, ...ovs }, test };

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a program is there; a path may have one `*`, a version number. */
function isThere(program) {
  if (!program.startsWith('/')) return folders.some((folder) => isExecutable(join(folder, program)));
  return Array.from({ length: 20 }, (_, i) => program.replace('*', String(i + 10))).some(isExecutable);
}

/** The packages of the set (`host`, `demo`, `demoOvs`, `test`) whose programs are missing. */
export function missingPackages(set) {
  const missing = Object.entries(sets[set]).filter(([program]) => !isThere(program));
  return [...new Set(missing.map(([, name]) => name))];
}

const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };

/** Who asks Debian whether a service may start; 101 is no. */
const policy = '/usr/sbin/policy-rc.d';

/**
 * Works while no package starts the service that it brings (PostgreSQL, Open vSwitch): what is started here is started by name. A
 * machine that has a policy of its own keeps it.
 */
function withoutServices(work) {
  let ours = false;
  try {
    writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
    ours = true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    work();
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function install(packages) {
  const argv = [
    'apt-get',
    'install',
    '-y',
    '-q',
    '--no-install-recommends',
    '-o',
    'DPkg::Lock::Timeout=120',
    ...packages,
  ];
  const env = { ...environment, RUNLEVEL: '1' };
  withoutServices(() => {
    try {
      run(argv, { env });
    } catch {
      // The package lists are old or were never fetched.
      run(['apt-get', 'update', '-q', '-o', 'DPkg::Lock::Timeout=120'], { env });
      run(argv, { env });
    }
  });
}

/**
 * Installs the packages of the set that are missing. Without the right to, says nothing: the command that needs a program says
 * so in its own words.
 */
export function ensureDebianPackages(root, set) {
  if (missingPackages(set).length === 0) return;
  if (process.getuid?.() !== 0 || !isThere('apt-get')) return;
  locked(root, () => {
    const packages = missingPackages(set);
    if (packages.length === 0) return;
    timed(`installing Debian packages: ${packages.join(', ')}`, () => install(packages));
    const still = missingPackages(set);
    if (still.length > 0) say(`still missing after the installation: ${still.join(', ')}`);
  });
}
