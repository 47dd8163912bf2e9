/** The programs that Neutrino runs, from Debian's packages. Installed only as root and only on a machine with apt-get. */
import { accessSync, constants } from 'node:fs';
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
  sysctl: 'procps',
};
const demo = { ...host, udhcpc: 'udhcpc', curl: 'curl', tcpdump: 'tcpdump', ping: 'iputils-ping' };
const test = {
  ...demo,
  openstack: 'python3-openstackclient',
  dhclient: 'isc-dhcp-client',
  ethtool: 'ethtool',
  modprobe: 'kmod',
  'qemu-system-x86_64': 'qemu-system-x86',
  debootstrap: 'debootstrap',
  '/usr/lib/postgresql/*/bin/initdb': 'postgresql',
};
const sets = { host, demo, test };

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

/** The packages of the set (`host`, `demo`, `test`) whose programs are missing. */
export function missingPackages(set) {
  const missing = Object.entries(sets[set]).filter(([program]) => !isThere(program));
  return [...new Set(missing.map(([, name]) => name))];
}

const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };

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
  // RUNLEVEL 1: packages that bring a service (PostgreSQL) do not start it; what is started here is started by name.
  const env = { ...environment, RUNLEVEL: '1' };
  try {
    run(argv, { env });
  } catch {
    // The package lists are old or were never fetched.
    run(['apt-get', 'update', '-q', '-o', 'DPkg::Lock::Timeout=120'], { env });
    run(argv, { env });
  }
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
