import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileChange } from '../types.ts';
import { unifiedDiff } from './diff.ts';
import { keyfileFiles } from './keyfile.ts';
import { netplanFiles } from './netplan.ts';
import { networkdFiles } from './networkd.ts';
import type { ConfigFile, Site } from './site.ts';

const file = (path: string, text: string): ConfigFile => ({ path, text, mode: 0o644 });

const site = (files: readonly ConfigFile[], more: Partial<Site> = {}): Site => ({
  nic: 'ens0',
  bridge: 'br-ex',
  driver: 'linuxbridge',
  mac: '52:54:00:00:00:01',
  mtu: 1500,
  files,
  uuids: ['uuid-bridge', 'uuid-port', 'uuid-interface', 'uuid-nic-port'],
  ...more,
});

const texts = (changes: readonly FileChange[]): Record<string, string | null> =>
  Object.fromEntries(changes.map(({ path, after }) => [path, after]));

test('netplan: keys move line by line, with their comments; everything else stays as it is', () => {
  const before = `# subiquity wrote this
network:
  version: 2
  # the only NIC
  ethernets:
    ens0:            # uplink
      match:
        macaddress: 52:54:00:00:00:01
      set-name: ens0
      # static, see the ticket
      addresses:
      - 192.0.2.2/24   # main
      - "2001:db8::2/64"
      routes:
        - to: default
          via: 192.0.2.1
      # ask before changing
      nameservers:
          addresses: [192.0.2.53]
      mtu: 1500
    ens1: {dhcp4: true}
  vlans:
    v10: {id: 10, link: ens0}
# end
`;
  const path = '/etc/netplan/50-cloud-init.yaml';
  const [change] = netplanFiles(site([file(path, before)]));
  assert.equal(
    change?.after,
    `# subiquity wrote this
network:
  version: 2
  # the only NIC
  ethernets:
    ens0:            # uplink
      match:
        macaddress: 52:54:00:00:00:01
      set-name: ens0
      mtu: 1500
    ens1: {dhcp4: true}
  vlans:
    v10: {id: 10, link: ens0}
  bridges:
    br-ex:
      interfaces: [ens0]
      macaddress: 52:54:00:00:00:01
      mtu: 1500
      parameters: {stp: false, forward-delay: 0}
      # static, see the ticket
      addresses:
      - 192.0.2.2/24   # main
      - "2001:db8::2/64"
      routes:
        - to: default
          via: 192.0.2.1
      # ask before changing
      nameservers:
          addresses: [192.0.2.53]
# end
`,
  );
});

test('diffs show what changes, with three lines around it', () => {
  const before = 'a\nb\nc\nd\ne\nf\n';
  assert.equal(
    unifiedDiff('/etc/x', before, 'a\nb\nc\nd\ne\nF\n'),
    '--- /etc/x\n+++ /etc/x\n@@ -3 +3 @@\n c\n d\n e\n-f\n+F',
  );
  assert.equal(unifiedDiff('/etc/x', null, 'a\n'), '--- /dev/null\n+++ /etc/x\n@@ -1 +1 @@\n+a');
});

test('netplan: four spaces, a bridges section that is there, a definition that gets empty, Open vSwitch', () => {
  const before = `network:
    ethernets:
        ens0:
            dhcp4: true
    bridges:
        br0:
            interfaces: [ens7]
    version: 2
`;
  const [change] = netplanFiles(site([file('/etc/netplan/a.yaml', before)], { driver: 'openvswitch' }));
  assert.equal(
    change?.after,
    `network:
    ethernets:
        ens0: {}
    bridges:
        br0:
            interfaces: [ens7]
        br-ex:
            interfaces: [ens0]
            macaddress: 52:54:00:00:00:01
            mtu: 1500
            openvswitch: {}
            dhcp4: true
    version: 2
`,
  );
});

test('netplan: a definition in braces, found by its match', () => {
  const before = 'network:\n  ethernets:\n    uplink: {match: {name: "en*"}, dhcp4: true, dhcp6: true}\n';
  const [change] = netplanFiles(site([file('/etc/netplan/a.yaml', before)]));
  assert.match(change?.after ?? '', /uplink: \{ match: \{ name: "en\*" \} \}/);
  assert.match(change?.after ?? '', /interfaces:\n +- uplink\n[\s\S]*dhcp4: true\n +dhcp6: true\n/);
});

test('systemd-networkd: the file stays, files of ours sort before it', () => {
  const before = `# office
[Match]
Name=en*

[Link]
RequiredForOnline=routable
MTUBytes=9000

[Network]
# primary
Address=192.0.2.2/24
DHCP=ipv6
VLAN=v10

[Route]
Gateway=192.0.2.1
Metric=100
`;
  const changes = networkdFiles(site([file('/etc/systemd/network/20-lan.network', before)], { iaid: 77, mtu: 9000 }));
  assert.deepEqual(texts(changes), {
    '/etc/systemd/network/05-neutrino-br-ex.netdev': `# Written by neutrino nic adopt; neutrino nic release takes it away.
[NetDev]
Name=br-ex
Kind=bridge
MACAddress=52:54:00:00:00:01
MTUBytes=9000

[Bridge]
STP=no
ForwardDelaySec=0
`,
    '/etc/systemd/network/05-neutrino-br-ex.network': `# Written by neutrino nic adopt; neutrino nic release takes it away.
# office
[Match]
Name=br-ex

[Link]
MTUBytes=9000

[Network]
# primary
Address=192.0.2.2/24
DHCP=ipv6

[Route]
Gateway=192.0.2.1
Metric=100

[DHCPv4]
IAID=77
`,
    '/etc/systemd/network/05-neutrino-ens0.network': `# Written by neutrino nic adopt; neutrino nic release takes it away.
[Match]
Name=ens0

[Link]
MTUBytes=9000

[Network]
Bridge=br-ex
VLAN=v10
`,
  });
});

test('NetworkManager: the profile becomes a port, comments stay, a profile of the bridge gets the addresses', () => {
  const before = `# by hand
[connection]
id=Wired
uuid=11111111-1111-1111-1111-111111111111
type=ethernet
interface-name=ens0
zone=public

[ethernet]
# the NIC's
mac-address=52:54:00:00:00:01

[ipv4]
method=manual
# main
address1=192.0.2.2/24,192.0.2.1

[ipv6]
method=auto
addr-gen-mode=eui64
`;
  const path = '/etc/NetworkManager/system-connections/Wired.nmconnection';
  assert.deepEqual(texts(keyfileFiles(site([file(path, before)]))), {
    '/etc/NetworkManager/system-connections/br-ex.nmconnection': `# Written by neutrino nic adopt; neutrino nic release takes it away.
[connection]
id=br-ex
uuid=uuid-bridge
type=bridge
interface-name=br-ex
autoconnect-slaves=1
zone=public

[ethernet]
cloned-mac-address=52:54:00:00:00:01
mtu=1500

[bridge]
stp=false
mac-address=52:54:00:00:00:01

[ipv4]
method=manual
# main
address1=192.0.2.2/24,192.0.2.1

[ipv6]
method=auto
addr-gen-mode=eui64
`,
    [path]: `# by hand
[connection]
id=Wired
uuid=11111111-1111-1111-1111-111111111111
type=ethernet
interface-name=ens0
master=uuid-bridge
slave-type=bridge

[ethernet]
# the NIC's
mac-address=52:54:00:00:00:01

`,
  });
});

test('NetworkManager with Open vSwitch: bridge, ports and interface are profiles', () => {
  const before = '[connection]\nid=Wired\ntype=ethernet\n\n[ipv4]\nmethod=auto\n';
  const path = '/run/NetworkManager/system-connections/Wired.nmconnection';
  const after = texts(keyfileFiles(site([file(path, before)], { driver: 'openvswitch' })));
  const folder = '/etc/NetworkManager/system-connections';
  assert.deepEqual(Object.keys(after), [
    `${folder}/br-ex.nmconnection`,
    `${folder}/br-ex-port.nmconnection`,
    `${folder}/br-ex-interface.nmconnection`,
    `${folder}/br-ex-ens0.nmconnection`,
    `${folder}/Wired.nmconnection`,
  ]);
  assert.match(
    after[`${folder}/br-ex-interface.nmconnection`] ?? '',
    /type=ovs-interface\n[\s\S]*\[ipv4\]\nmethod=auto/,
  );
  assert.match(after[`${folder}/Wired.nmconnection`] ?? '', /master=uuid-nic-port\nslave-type=ovs-port/);
});
