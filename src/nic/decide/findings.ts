/** What speaks against a move, and what a person should know of it. Pure: what was seen comes in, findings go out. */
import type { Checks, Finding, Journal, Manager, Move, NicDevice, Snapshot } from '../types.ts';
import { deviceOf } from './carry.ts';
import { isPort } from './steps.ts';

/** What was seen beside the snapshot. */
export interface Surroundings {
  readonly isRoot: boolean;
  readonly isWireless: boolean;
  /** Whether systemd runs: what a loss of power leaves in OVSDB is then put right at boot. */
  readonly hasSystemd: boolean;
  readonly pending?: Journal;
  /** Addresses of the NIC that another machine answers for. */
  readonly answeredElsewhere: readonly string[];
  /** Lines of the firewall that name the NIC. */
  readonly firewall: readonly string[];
  /** Programs with sockets bound to the NIC. */
  readonly bound: readonly string[];
  readonly manager: Manager;
}

const refusal = (code: string, values: Record<string, string> = {}): Finding => ({ level: 'refusal', code, values });
const danger = (code: string, values: Record<string, string> = {}): Finding => ({ level: 'danger', code, values });
const note = (code: string, values: Record<string, string> = {}): Finding => ({ level: 'note', code, values });

/** Kinds of device that no bridge takes, or that would loop. */
const unbridgeable = new Set(['bridge', 'openvswitch', 'macvlan', 'ipvlan', 'wireguard', 'ipip', 'sit', 'gre', 'ppp']);
/** Devices on top of a NIC that take its frames themselves, as a bridge does. */
const takers = new Set(['macvlan', 'macvtap', 'ipvlan', 'ipvtap']);
/** Names of devices as the kernel takes them. */
const deviceName = /^[^\s/:]{1,15}$/;

/** The bridge or bond that has the NIC; undefined: none. */
export function holderOf(snapshot: Snapshot, nic: string): string | undefined {
  const inOvs = Object.entries(snapshot.ovs?.bridges ?? {}).find(([, { ports }]) => ports.includes(nic));
  return inOvs?.[0] ?? deviceOf(snapshot, nic)?.master;
}

function nicRefusals(snapshot: Snapshot, move: Move, device: NicDevice, { isWireless }: Surroundings): Finding[] {
  const { nic } = move;
  const found: Finding[] = [];
  if (isWireless) found.push(refusal('nic-wireless', { nic }));
  if (device.linkType !== 'ether' || unbridgeable.has(device.kind ?? ''))
    found.push(refusal('nic-not-bridgeable', { nic, kind: device.kind ?? device.linkType }));
  const holder = holderOf(snapshot, nic);
  if (holder !== undefined && !(move.kind === 'release' && holder === move.bridge))
    found.push(refusal('nic-taken', { nic, holder }));
  const above = snapshot.devices.filter(({ lower, kind }) => lower === nic && takers.has(kind ?? ''));
  if (above.length > 0)
    found.push(refusal('nic-has-macvlan', { nic, devices: above.map(({ name }) => name).join(', ') }));
  return found;
}

function bridgeRefusals(snapshot: Snapshot, { bridge, driver, nic }: Move): Finding[] {
  if (!deviceName.test(bridge) || bridge === nic) return [refusal('bridge-name', { bridge })];
  const device = deviceOf(snapshot, bridge);
  const inOvs = snapshot.ovs?.bridges[bridge] !== undefined;
  if (driver === 'openvswitch') {
    if (snapshot.ovs?.problem !== undefined) return [refusal('ovs-silent', { problem: snapshot.ovs.problem })];
    return device && !inOvs ? [refusal('bridge-name-taken', { bridge, kind: device.kind ?? device.linkType })] : [];
  }
  if (!device || (device.kind === 'bridge' && !inOvs)) return [];
  return [refusal('bridge-name-taken', { bridge, kind: device.kind ?? device.linkType })];
}

function addressRefusals(snapshot: Snapshot, device: NicDevice, around: Surroundings): Finding[] {
  const others = snapshot.devices.filter(({ name }) => name !== device.name);
  const double = device.addresses.flatMap(({ local, scope }) =>
    scope === 'link'
      ? []
      : others.filter(({ addresses }) => addresses.some((a) => a.local === local)).map(({ name }) => ({ local, name })),
  );
  return [
    ...double.map(({ local, name }) => refusal('address-twice', { address: local, device: name })),
    ...around.answeredElsewhere.map((address) => refusal('address-conflict', { address })),
  ];
}

/** Why a move is not done. `repair`: what a move by hand left is no reason. */
export function refusals(snapshot: Snapshot, move: Move, around: Surroundings, repair = false): Finding[] {
  if (!around.isRoot) return [refusal('not-root')];
  if (around.pending) return [refusal('pending', { bridge: around.pending.move.bridge, phase: around.pending.phase })];
  const device = deviceOf(snapshot, move.nic);
  if (!device && move.kind === 'release') return [refusal('nothing-to-release', { bridge: move.bridge })];
  if (!device) {
    const known = snapshot.devices.filter(({ linkType }) => linkType === 'ether').map(({ name }) => name);
    return [refusal('nic-absent', { nic: move.nic, known: known.join(', ') })];
  }
  const source = move.kind === 'adopt' ? device : deviceOf(snapshot, move.bridge);
  return [
    ...nicRefusals(snapshot, move, device, around).filter(
      ({ code, values }) => !(repair && code === 'nic-taken' && values.holder === move.bridge),
    ),
    ...(move.kind === 'adopt' ? bridgeRefusals(snapshot, move) : releaseRefusals(snapshot, move)),
    ...(source
      ? addressRefusals(snapshot, source, around).filter(({ values }) => !repair || values.device !== move.bridge)
      : []),
  ];
}

/** Ports of the bridge other than the NIC. */
function otherPorts(snapshot: Snapshot, { bridge, nic, driver }: Move): string[] {
  if (driver === 'openvswitch') return (snapshot.ovs?.bridges[bridge]?.ports ?? []).filter((port) => port !== nic);
  return snapshot.devices.filter(({ name, master }) => master === bridge && name !== nic).map(({ name }) => name);
}

function releaseRefusals(snapshot: Snapshot, move: Move): Finding[] {
  const ports = otherPorts(snapshot, move);
  if (ports.length > 0) return [refusal('bridge-in-use', { bridge: move.bridge, ports: ports.join(', ') })];
  return isPort(snapshot, move) ? [] : [refusal('not-adopted', { nic: move.nic, bridge: move.bridge })];
}

/** What a person should know of the checks. */
export function checkFindings(checks: Checks, gateways: readonly string[]): Finding[] {
  const silent = gateways.filter((address) => !checks.gateways.some((known) => known.address === address));
  const nothing = checks.gateways.length === 0 && checks.tcp.length === 0;
  return [
    ...silent.map((address) => note('gateway-silent-before', { address })),
    ...(nothing ? [danger('nothing-to-check')] : []),
  ];
}

/** What a person should know of a move. */
export function warnings(snapshot: Snapshot, move: Move, around: Surroundings): Finding[] {
  const from = move.kind === 'adopt' ? move.nic : move.bridge;
  const device = deviceOf(snapshot, from);
  const { nic } = move;
  const temporary = device?.addresses.filter(({ kernelFlags }) => kernelFlags.includes('temporary')) ?? [];
  const children = snapshot.devices.filter(({ lower, kind }) => lower === from && !takers.has(kind ?? ''));
  const groups = snapshot.groups[from] ?? [];
  return [
    ...(around.firewall.length > 0
      ? [danger('firewall-names-nic', { nic: from, rules: around.firewall.join('\n') })]
      : []),
    ...(around.bound.length > 0 ? [note('bound-sockets', { nic: from, programs: around.bound.join(', ') })] : []),
    ...(device && device.addresses.length === 0 ? [note('no-address', { nic: from })] : []),
    ...(device && !device.carrier ? [danger('no-carrier', { nic })] : []),
    ...temporary.map(({ local }) => note('temporary-address', { address: local })),
    ...(children.length > 0
      ? [note('children-stay', { nic: from, devices: children.map(({ name }) => name).join(', ') })]
      : []),
    ...(groups.length > 0 ? [note('groups-joined', { groups: groups.join(', ') })] : []),
    ...(!around.hasSystemd && move.driver === 'openvswitch' ? [note('no-boot-hook')] : []),
    ...(move.datapath === 'netdev' && move.kind === 'adopt' ? [note('netdev-shield', { nic })] : []),
    ...(around.manager === 'none' && move.kind === 'adopt' ? [note('not-kept')] : []),
  ];
}
