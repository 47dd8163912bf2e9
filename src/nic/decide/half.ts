/** A move that was begun by hand and half failed: what is wrong, and what is needed beside what the NIC still carries. */
import type { Told } from '../files/told.ts';
import type { Address, Finding, Move, Persistence, Route, Snapshot, Supplement } from '../types.ts';
import { deviceOf } from './carry.ts';
import { isPort } from './steps.ts';
import { routeDevices } from './words.ts';

const wrong = (code: string, values: Record<string, string>): Finding => ({ level: 'note', code, values });

/** The devices' own addresses: what the kernel makes by itself does not count. */
const lasting = (addresses: readonly Address[] | undefined): Address[] =>
  (addresses ?? []).filter(({ scope }) => scope === 'global');

function addressOf(cidr: string): Address {
  const [local = '', prefix] = cidr.split('/');
  const family = local.includes(':') ? 6 : 4;
  const broadcast = family === 4 && Number(prefix) < 31 ? { broadcast: '+' } : {};
  const forever = { validSeconds: null, preferredSeconds: null };
  return {
    family,
    local,
    prefix: Number(prefix),
    scope: 'global',
    ...broadcast,
    ...forever,
    flags: [],
    kernelFlags: [],
  };
}

function defaultBy(gateway: string, device: string): Route {
  const six = gateway.includes(':');
  return { family: six ? 6 : 4, words: ['unicast', six ? '::/0' : 'default', 'via', gateway, 'dev', device] };
}

const isDefault = ({ words }: Route): boolean => words[1] === 'default' || words[1] === '::/0';

/** What is wrong with a move by hand, and what has to be supplied from the files. Nothing wrong: no finding. */
export function halfDone(
  snapshot: Snapshot,
  move: Move,
  told: Told,
  persistence: Pick<Persistence, 'files'>,
): { readonly findings: Finding[]; readonly supplement: Supplement } {
  const { nic, bridge } = move;
  const [nicDevice, bridgeDevice] = [deviceOf(snapshot, nic), deviceOf(snapshot, bridge)];
  const onNic = lasting(nicDevice?.addresses);
  const onBridge = lasting(bridgeDevice?.addresses);
  const byNic = snapshot.routes.filter(
    (route) => routeDevices(route).includes(nic) && !(route.words[1] ?? '').startsWith('fe80:'),
  );
  const ways = snapshot.routes.filter((route) =>
    routeDevices(route).some((device) => device === nic || device === bridge),
  );
  const has = (cidr: string) => [...onNic, ...onBridge].some(({ local, prefix }) => `${local}/${prefix}` === cidr);
  const lost = told.addresses.filter((cidr) => !has(cidr));
  const noWay = told.gateways.filter((gateway) => {
    const family = gateway.includes(':') ? 6 : 4;
    return !ways.some((route) => isDefault(route) && route.family === family);
  });
  const findings = [
    ...(isPort(snapshot, move) ? [] : [wrong('half-nic-outside', { nic, bridge })]),
    ...(bridgeDevice && !bridgeDevice.up ? [wrong('half-bridge-down', { bridge })] : []),
    ...onNic.map(({ local }) => wrong('half-address-on-nic', { address: local, nic })),
    ...(byNic.length > 0 && onNic.length === 0 ? [wrong('half-routes-by-nic', { nic })] : []),
    ...lost.map((address) => wrong('half-address-lost', { address })),
    ...noWay.map((gateway) => wrong('half-no-default', { gateway })),
    ...(persistence.files.length === 0 ? [] : [wrong('half-files', { nic, bridge })]),
  ];
  const supplement = {
    addresses: lost.map(addressOf),
    routes: noWay.map((gateway) => defaultBy(gateway, bridge)),
  };
  return { findings, supplement };
}
