/** Instances: namespaces of an emulated host that stand in for virtual machines, with a real DHCP client. */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plugCommand } from '../host/ovs-plug.ts';
import { deviceSuffix } from '../model/host-objects.ts';
import type { LabDriver } from './ground.ts';
import type { CommandHost } from './host.ts';

/** What a DHCP client was given. */
export interface Lease {
  readonly ip: string;
  /** Prefix length in bits. */
  readonly mask: number;
  readonly router: string | null;
  readonly dns: readonly string[];
  /** Bytes; null: the server said nothing. */
  readonly mtu: number | null;
  /** The server that gave it. */
  readonly server: string;
  /** Option 121, each as `destination gateway`; they stand in place of the router. */
  readonly routes: readonly string[];
}

/** Gives a port to a new namespace of the host: `tap<id>` outside, `eth0` with the port's MAC inside. */
export async function plugInstance(
  host: CommandHost,
  netns: string,
  port: { id: string; mac_address: string },
  options: { mtu?: number; driver?: LabDriver } = {},
): Promise<void> {
  const tap = `tap${deviceSuffix(port.id)}`;
  await host.run(['ip', 'netns', 'add', netns]);
  const lines = [
    `link add ${tap} type veth peer name eth0 netns ${netns}`,
    ...(options.mtu ? [`link set ${tap} mtu ${options.mtu}`] : []),
    `link set ${tap} up`,
  ];
  await host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  const inside = [`link set eth0 address ${port.mac_address}`, 'link set lo up', 'link set eth0 up'];
  await host.run(['ip', '-n', netns, '-batch', '-'], { input: `${inside.join('\n')}\n` });
  if (options.driver !== 'openvswitch') return;
  // A switch outside the kernel sees checksums that the sender left to it.
  await host.run(['ethtool', '-K', 'eth0', 'tx', 'off'], { netns });
  const plug = { bridge: 'br-int', device: tap, portId: port.id, mac: port.mac_address, instance: netns };
  await host.run(plugCommand(plug));
}

// udhcpc calls it for each event; it configures eth0 alone and never the machine's resolv.conf.
const leaseScript = `#!/bin/sh
case "$1" in
bound|renew)
  ip address replace "$ip/$mask" dev "$interface"
  [ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
  if [ -n "$staticroutes" ]; then
    set -- $staticroutes
    while [ $# -ge 2 ]; do
      if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"
      else ip route replace "$1" via "$2" dev "$interface"; fi
      shift 2
    done
  elif [ -n "$router" ]; then ip route replace default via "\${router%% *}" dev "$interface"; fi
  echo "ip=$ip mask=$mask router=$router dns=$dns mtu=$mtu server=$serverid routes=$staticroutes" ;;
esac
`;

/** Gets an address by DHCP with busybox's udhcpc; undefined when no server answered within `seconds`. */
export async function dhcp(host: CommandHost, netns: string, seconds = 10): Promise<Lease | undefined> {
  const script = join(tmpdir(), `neutrino-lease-${process.pid}-${netns}.sh`);
  await writeFile(script, leaseScript, { mode: 0o755 });
  try {
    const options = [
      '-i',
      'eth0',
      '-f',
      '-n',
      '-q',
      '-t',
      String(seconds * 2),
      '-T',
      '1',
      '-A',
      '1',
      '-O',
      'mtu',
      '-O',
      'staticroutes',
      '-s',
      script,
    ];
    const timeoutMs = (seconds + 2) * 1000;
    const outcome = await host.run(['busybox', 'udhcpc', ...options], { netns, timeoutMs, mayFail: true });
    const match = /^ip=(\S+) mask=(\d+) router=(.*?) dns=(.*?) mtu=(\d*) server=(\S*) routes=(.*)$/m.exec(
      outcome.stdout,
    );
    if (!match) return undefined;
    const [, ip = '', mask, router = '', dns = '', mtu, server = '', routes = ''] = match;
    return {
      ip,
      mask: Number(mask),
      router: router.split(' ')[0] || null,
      dns: dns.split(' ').filter(Boolean),
      mtu: mtu ? Number(mtu) : null,
      server,
      routes: routes.match(/\S+ \S+/g) ?? [],
    };
  } finally {
    await rm(script, { force: true });
  }
}
