/** What the files of the program in charge say of addresses and gateways: what a NIC should have when the kernel has lost it. */
import { isMap, parseDocument } from 'yaml';
import { parseCidr, parseIp } from '../../lib/ip.ts';
import type { Manager } from '../types.ts';
import { isIfcfgOf } from './ifcfg.ts';
import { keyOf, sectionsOf } from './ini.ts';
import type { ConfigFile } from './site.ts';

/** Addresses with prefixes, and the gateways of default routes. */
export interface Told {
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  /** The addresses come by DHCP. */
  readonly dhcp: boolean;
}

interface Found {
  addresses: string[];
  gateways: string[];
  dhcp: boolean;
}

function prefixOfMask(mask: string): number | undefined {
  const ip = parseIp(mask);
  if (!ip) return /^\d+$/.test(mask) ? Number(mask) : undefined;
  return ip.value.toString(2).replace(/0+$/, '').length;
}

function addAddress(found: Found, address: string, mask?: string): void {
  const prefix = mask === undefined ? undefined : prefixOfMask(mask);
  const text = address.includes('/') || prefix === undefined ? address : `${address}/${prefix}`;
  if (text.includes('/') && parseCidr(text)) found.addresses.push(text);
}

function addGateway(found: Found, gateway: string): void {
  if (parseIp(gateway)) found.gateways.push(gateway);
}

const on = (value: unknown): boolean => value === true || /^(yes|true|on)$/i.test(String(value));

function byNetplan(found: Found, { text }: ConfigFile, names: readonly string[]): void {
  const document = parseDocument(text);
  if (!isMap(document.contents)) return;
  const network = (document.toJS() as { network?: Record<string, unknown> }).network ?? {};
  for (const kind of ['ethernets', 'bonds', 'vlans', 'bridges'])
    for (const [name, definition] of Object.entries((network[kind] ?? {}) as Record<string, Record<string, unknown>>)) {
      if (!names.includes(name) || !definition) continue;
      for (const address of (definition.addresses ?? []) as unknown[]) addAddress(found, String(address));
      for (const key of ['gateway4', 'gateway6']) if (definition[key]) addGateway(found, String(definition[key]));
      for (const { to, via } of (definition.routes ?? []) as { to?: string; via?: string }[])
        if (/^(default|0\.0\.0\.0\/0|::\/0)$/.test(to ?? '') && via) addGateway(found, via);
      if (on(definition.dhcp4)) found.dhcp = true;
    }
}

function byNetworkd(found: Found, { text }: ConfigFile): void {
  for (const { name, lines } of sectionsOf(text)) {
    const destination = lines.find((line) => keyOf(line) === 'Destination');
    for (const line of lines) {
      const value = line.slice(line.indexOf('=') + 1).trim();
      const key = keyOf(line);
      if (key === 'Address' && (name === 'Network' || name === 'Address')) addAddress(found, value);
      if (key === 'Gateway' && (name === 'Network' || (name === 'Route' && !destination))) addGateway(found, value);
      if (key === 'DHCP' && /^(yes|true|ipv4|both)$/i.test(value)) found.dhcp = true;
    }
  }
}

function byKeyfile(found: Found, { text }: ConfigFile): void {
  for (const { name, lines } of sectionsOf(text))
    for (const line of name === 'ipv4' || name === 'ipv6' ? lines : []) {
      const [address = '', gateway = ''] = line
        .slice(line.indexOf('=') + 1)
        .trim()
        .split(/[,;]/);
      const key = keyOf(line) ?? '';
      if (/^address\d*$/.test(key)) {
        addAddress(found, address);
        addGateway(found, gateway);
      }
      if (key === 'gateway') addGateway(found, address);
      if (key === 'method' && name === 'ipv4' && address === 'auto') found.dhcp = true;
    }
}

function byIfcfg(found: Found, { text }: ConfigFile): void {
  const pairs = text.split('\n').map((line) => /^\s*([A-Z_0-9]+)=["']?([^"'#]*)/.exec(line));
  const values = new Map(pairs.flatMap((match) => (match ? [[match[1] ?? '', (match[2] ?? '').trim()] as const] : [])));
  for (const [key, value] of values) {
    const number = /^IPADDR(\d*)$/.exec(key)?.[1];
    if (number !== undefined) addAddress(found, value, values.get(`PREFIX${number}`) ?? values.get(`NETMASK${number}`));
    if (key === 'IPV6ADDR') addAddress(found, value);
    if (/^(GATEWAY\d*|IPV6_DEFAULTGW)$/.test(key)) addGateway(found, value);
    if (key === 'BOOTPROTO' && value === 'dhcp') found.dhcp = true;
  }
}

function byInterfaces(found: Found, { text }: ConfigFile, names: readonly string[]): void {
  let inside = false;
  let address = '';
  let mask: string | undefined;
  const flush = () => {
    if (address !== '') addAddress(found, address, mask);
    address = '';
    mask = undefined;
  };
  for (const line of text.split('\n')) {
    const [key = '', value = '', , method] = line.trim().split(/\s+/);
    if (/^(iface|auto|allow-.*|source.*|mapping)$/.test(key)) {
      flush();
      inside = key === 'iface' && names.some((name) => value === name || value.startsWith(`${name}:`));
      if (inside && method === 'dhcp') found.dhcp = true;
    } else if (inside && key === 'address') address = value;
    else if (inside && key === 'netmask') mask = value;
    else if (inside && key === 'gateway') addGateway(found, value);
  }
  flush();
}

/** What the files say of the devices of the names. */
export function toldBy(manager: Manager, files: readonly ConfigFile[], names: readonly string[], mac: string): Told {
  const found: Found = { addresses: [], gateways: [], dhcp: false };
  for (const file of files) {
    if (manager === 'netplan') byNetplan(found, file, names);
    if (manager === 'networkd') byNetworkd(found, file);
    if (manager === 'networkmanager') byKeyfile(found, file);
    if (manager === 'ifcfg' && names.some((name) => isIfcfgOf(file, name, mac))) byIfcfg(found, file);
    if (manager === 'ifupdown') byInterfaces(found, file, names);
  }
  return { ...found, addresses: [...new Set(found.addresses)], gateways: [...new Set(found.gateways)] };
}
