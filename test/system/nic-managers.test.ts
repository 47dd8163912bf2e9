/** The programs that keep a NIC's configuration: adopted, restarted, released, restarted, under pings. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { noGuest } from '../support/guest/guest.ts';
import { type InstalledHost, type NetworkProgram, startInstalledHost } from './support/installed-host.ts';
import { startPing } from './support/nic-world.ts';

interface Case {
  readonly program: NetworkProgram;
  readonly manager: string;
  readonly ovs?: boolean;
  readonly path: string;
  readonly text: string;
}

const keyfile = '/etc/NetworkManager/system-connections/Wired.nmconnection';
const profile = (ipv4: string) => `# by hand
[connection]
id=Wired
uuid=11111111-1111-1111-1111-111111111111
type=ethernet
interface-name=ens0

[ipv4]
${ipv4}
`;
const network = (lines: string) => `# office\n[Match]\nName=en*\n\n[Network]\n${lines}\n`;
const netplan = (renderer: string, lines: string) => `# by hand
network:
  version: 2
  renderer: ${renderer}
  ethernets:
    ens0:
      # the office
      ${lines}
`;
const fixed = 'addresses: [192.0.2.2/24]\n      routes: [{to: default, via: 192.0.2.1}]';
const interfaces =
  'auto lo\niface lo inet loopback\n\n# office\nauto ens0\niface ens0 inet static\n    address 192.0.2.2/24\n    gateway 192.0.2.1\n';

const lan = '/etc/systemd/network/20-lan.network';
const plan = '/etc/netplan/50-office.yaml';
const nm = { program: 'NetworkManager', manager: 'networkmanager' } as const;
const networkd = { program: 'systemd-networkd', manager: 'networkd' } as const;

const cases: Readonly<Record<string, Case>> = {
  'systemd-networkd': { ...networkd, path: lan, text: network('Address=192.0.2.2/24\nGateway=192.0.2.1') },
  'systemd-networkd, DHCP': { ...networkd, path: lan, text: network('DHCP=ipv4') },
  'systemd-networkd, Open vSwitch': {
    ...networkd,
    ovs: true,
    path: lan,
    text: network('Address=192.0.2.2/24\nGateway=192.0.2.1'),
  },
  NetworkManager: { ...nm, path: keyfile, text: profile('method=manual\naddress1=192.0.2.2/24,192.0.2.1') },
  'NetworkManager, DHCP': { ...nm, path: keyfile, text: profile('method=auto') },
  'netplan for systemd-networkd': {
    program: 'systemd-networkd',
    manager: 'netplan',
    path: plan,
    text: netplan('networkd', fixed),
  },
  'netplan for systemd-networkd, DHCP': {
    program: 'systemd-networkd',
    manager: 'netplan',
    path: plan,
    text: netplan('networkd', 'dhcp4: true'),
  },
  'netplan for NetworkManager': {
    program: 'NetworkManager',
    manager: 'netplan',
    path: plan,
    text: netplan('NetworkManager', fixed),
  },
  ifupdown: { program: 'ifupdown', manager: 'ifupdown', path: '/etc/network/interfaces', text: interfaces },
  'ifupdown, Open vSwitch': {
    program: 'ifupdown',
    manager: 'ifupdown',
    ovs: true,
    path: '/etc/network/interfaces',
    text: interfaces,
  },
};

/** The IPv4 address of a device, once it has one; waits 20 s at most. */
async function addressOf({ sh }: InstalledHost, device: string): Promise<string> {
  let text = '';
  for (let at = 0; at < 100; at++) {
    text = (await sh('ip -br -4 addr; ip route; ovs-vsctl show 2>/dev/null; cat /run/networkd.log 2>/dev/null')).stdout;
    const address = new RegExp(`^${device}(?:@\\S+)? +\\S+ +([0-9.]+)/24`, 'm').exec(text)?.[1];
    if (address !== undefined && text.includes(`default via 192.0.2.1 dev ${device}`)) return address;
    await sleep(200);
  }
  throw new Error(`${device} has no address and default route: ${text}`);
}

async function answers({ outside }: InstalledHost, address: string): Promise<void> {
  for (let at = 0; at < 20; at++) {
    if ((await outside.run(['ping', '-c', '1', '-W', '1', address], { mayFail: true })).code === 0) return;
  }
  throw new Error(`${address} does not answer from outside`);
}

async function underPing(host: InstalledHost, address: string, work: () => Promise<void>): Promise<number> {
  const ping = startPing(host.outside, address);
  await work();
  const { sent, lost } = await ping.end();
  assert.ok(sent > 20, `only ${sent} pings went out`);
  assert.ok(lost <= 100, `${lost} of ${sent} pings lost`);
  return lost;
}

describe('who keeps the configuration', { skip: noGuest() ?? false, timeout: 1_200_000 }, () => {
  for (const [name, { program, manager, ovs = false, path, text }] of Object.entries(cases))
    test(name, async (t) => {
      const host = await startInstalledHost(program, { [path]: text }, { ovs });
      const driver = ovs ? ['--driver', 'ovs', '--datapath-type', 'netdev'] : [];
      const lost: number[] = [];
      const done = async (...args: string[]) => {
        const { stdout, stderr } = await host.nic(...args, '--json');
        assert.match(stdout, /"outcome": "confirmed"/, stdout + stderr);
      };
      try {
        const address = await addressOf(host, 'ens0');
        lost.push(await underPing(host, address, () => done('adopt', 'ens0', ...driver, '--yes')));
        const status = JSON.parse((await host.nic('status', '--json')).stdout);
        assert.deepEqual([status[0].manager, status[0].inPlace, status[0].changedFiles], [manager, true, []]);
        assert.equal(await addressOf(host, 'br-ex'), address);
        await host.restart();
        assert.equal(await addressOf(host, 'br-ex'), address, 'after a restart');
        await answers(host, address);
        lost.push(await underPing(host, address, () => done('release', 'br-ex', '--yes')));
        assert.equal(await readFile(join(host.folder, 'upper', path), 'utf8'), text);
        await host.restart();
        assert.equal(await addressOf(host, 'ens0'), address, 'after a release and a restart');
        await answers(host, address);
        t.diagnostic(`pings lost: ${lost.join(' adopting, ')} releasing`);
      } finally {
        await host.close();
      }
    });
});
