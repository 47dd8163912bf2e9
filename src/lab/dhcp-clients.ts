/** Further DHCP clients of instances: dhclient for DHCPv6, and single packets where a client's timing would take hours. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabHost } from './host.ts';

/** What a DHCPv6 client was given. */
export interface Lease6 {
  /** null: only options were asked for. */
  readonly ip: string | null;
  readonly dns: readonly string[];
  readonly search: readonly string[];
  readonly bootfileUrl: string | null;
}

// dhclient calls it for each event; it configures the device alone and never the machine's resolv.conf.
const script = `#!/bin/sh
case "$reason" in
BOUND6|RENEW6|REBIND6) [ -n "$new_ip6_address" ] && ip -6 address replace "$new_ip6_address/$new_ip6_prefixlen" dev "$interface" ;;
esac
case "$reason" in
BOUND6|RENEW6|REBIND6)
  echo "lease ip=$new_ip6_address dns=$new_dhcp6_name_servers search=$new_dhcp6_domain_search boot=$new_dhcp6_bootfile_url" >> RESULT ;;
esac
exit 0
`;

/**
 * Asks by DHCPv6 with dhclient: for an address, or (`informationOnly`) for options beside one that it has. undefined when no server
 * answered within `seconds`. It leaves no process, and releases nothing.
 */
export async function dhcp6(
  host: LabHost,
  netns: string,
  { informationOnly = false, seconds = 15 }: { informationOnly?: boolean; seconds?: number } = {},
): Promise<Lease6 | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-dhcp6-'));
  const file = (name: string) => join(folder, name);
  try {
    await writeFile(file('script'), script.replaceAll('RESULT', file('result')), { mode: 0o755 });
    await writeFile(file('conf'), 'request dhcp6.name-servers, dhcp6.domain-search, dhcp6.bootfile-url;\n');
    await writeFile(file('result'), '');
    const files = ['-cf', file('conf'), '-sf', file('script'), '-lf', file('leases'), '-pf', file('pid')];
    // No address may be had before the device's own is known to be its alone.
    const ready = 'while ip address show dev eth0 | grep -q tentative; do sleep 0.1; done';
    const ask = `timeout ${seconds} dhclient -6 ${informationOnly ? '-S ' : ''}-1 ${files.join(' ')} eth0`;
    const end = `[ -s ${file('pid')} ] && kill $(cat ${file('pid')})`;
    const { stdout } = await host.run(['sh', '-c', `${ready}; ${ask} >&2; cat ${file('result')}; ${end}; :`], {
      netns,
      timeoutMs: (seconds + 10) * 1000,
      mayFail: true,
    });
    const match = /^lease ip=(\S*) dns=(.*?) search=(.*?) boot=(.*)$/m.exec(stdout);
    if (!match) return undefined;
    const words = (text = '') => text.split(' ').filter(Boolean);
    const [, ip = '', dns, search, boot = ''] = match;
    return { ip: ip || null, dns: words(dns), search: words(search), bootfileUrl: boot || null };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const requestScript = `
const [ip, mac, ms] = process.argv.slice(1);
const bytes = mac.split(':').map((one) => parseInt(one, 16));
const packet = Buffer.alloc(300);
packet.set([1, 1, 6, 0, 1, 2, 3, 4]);
packet.set(ip.split('.').map(Number), 12);
packet.set(bytes, 28);
packet.set([0x63, 0x82, 0x53, 0x63, 53, 1, 3, 255], 236);
const socket = require('dgram').createSocket({ type: 'udp4', reuseAddr: true });
const end = (text) => { process.stdout.write(text); process.exit(0); };
setTimeout(() => end('none'), Number(ms));
socket.on('message', (d) => {
  if (d[0] !== 2 || d.readUInt32BE(4) !== 0x01020304) return;
  let kind = 0;
  let server = '';
  for (let at = 240; at < d.length && d[at] !== 255; at += d[at] === 0 ? 1 : 2 + d[at + 1]) {
    if (d[at] === 53) kind = d[at + 2];
    if (d[at] === 54) server = [...d.subarray(at + 2, at + 6)].join('.');
  }
  if (kind === 5) end('ack ' + server);
  if (kind === 6) end('nak ' + server);
});
socket.bind(68, () => { socket.setBroadcast(true); socket.send(packet, 67, '255.255.255.255'); });
`;

/**
 * What servers say to a client that rebinds: that asks all of them by broadcast to prolong the lease of an address that it has, since
 * its own server is silent. `ack` or `nak` with the server's address, or `none` within `ms`.
 */
export async function rebind(
  host: LabHost,
  netns: string,
  client: { readonly ip: string; readonly mac: string },
  ms = 2000,
): Promise<string> {
  const argv = [process.execPath, '-e', requestScript, client.ip, client.mac, String(ms)];
  return (await host.run(argv, { netns, timeoutMs: ms + 5000 })).stdout;
}
