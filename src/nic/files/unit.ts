/** A unit of our own, for hosts where no program keeps the NIC's configuration: one `ip -batch` at boot. */
import { carry, deviceOf } from '../decide/carry.ts';
import { addressName, addressWords } from '../decide/words.ts';
import type { DhcpClient, FileChange, Move, Snapshot } from '../types.ts';
import { newFile, ownMark } from './site.ts';

/** The name of the unit of a bridge. */
export function unitName(bridge: string): string {
  return `neutrino-nic-${bridge}.service`;
}

function batchText(move: Move, before: Snapshot): string {
  const { nic, bridge, driver } = move;
  const load = carry(before, nic, bridge);
  const device = deviceOf(before, nic);
  const lasting = load.addresses.filter(({ validSeconds, scope }) => validSeconds === null && scope !== 'link');
  const make = `link add ${bridge} address ${device?.mac} mtu ${device?.mtu} type bridge stp_state 0 forward_delay 0`;
  return [
    ...(driver === 'linuxbridge' ? [make, `link set ${nic} master ${bridge}`] : []),
    ...[`link set ${nic} up`, `link set ${bridge} up`],
    ...lasting.map((address) => `address replace ${addressWords(address, bridge, nic, 0).join(' ')}`),
    ...load.routes
      .filter(({ words }) => !words.includes('expires'))
      .map(({ words }) => `route append ${words.join(' ')}`),
    ...lasting.map((address) => `address del ${addressName(address)} dev ${nic}`),
    '',
  ].join('\n');
}

function ruleCommands(move: Move, before: Snapshot): string[] {
  const rules = carry(before, move.nic, move.bridge).rules;
  return rules.map(({ family, words }) => `ExecStart=-/sbin/ip -${family} rule add ${words.join(' ')}`);
}

function clientCommand(client: DhcpClient, { nic, bridge }: Move): string {
  return `ExecStart=-${client.argv.map((word) => (word === nic ? bridge : word)).join(' ')}`;
}

/** The files of the unit; `batch`: where the lines for ip go. */
export function unitFiles(move: Move, before: Snapshot, clients: readonly DhcpClient[]): FileChange[] {
  const batch = `/etc/neutrino/${move.bridge}.batch`;
  const ovs = move.driver === 'openvswitch';
  const text = [
    ownMark,
    '[Unit]',
    `Description=${move.nic} in ${move.bridge}`,
    `After=network-pre.target systemd-udev-settle.service${ovs ? ' ovs-vswitchd.service' : ''}`,
    ...(ovs ? ['Wants=openvswitch-switch.service'] : []),
    'Wants=network-pre.target',
    'Before=network.target network-online.target',
    'DefaultDependencies=no',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    // Lines that are true already fail, and the rest goes on.
    `ExecStart=-/sbin/ip -force -batch ${batch}`,
    ...ruleCommands(move, before),
    ...clients.map((client) => clientCommand(client, move)),
    '',
    '[Install]',
    'WantedBy=multi-user.target network-online.target',
    '',
  ].join('\n');
  return [newFile(batch, batchText(move, before)), newFile(`/etc/systemd/system/${unitName(move.bridge)}`, text)];
}
