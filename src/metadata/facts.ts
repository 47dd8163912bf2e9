/** What all forms of metadata tell of an instance. */
import { deviceHostname } from '../rules/host-view/hostname.ts';
import type { Instance } from './instances.ts';

/** An instance as its metadata tell of it. */
export interface InstanceFacts {
  readonly id: string;
  readonly projectId: string;
  /** A name for the host, short, and with its domain. */
  readonly name: string;
  readonly fullName: string;
  readonly ipv4: string | undefined;
  readonly keys: readonly { readonly name: string; readonly key: string }[];
  readonly userData: Buffer | undefined;
  /** The availability zone. */
  readonly zone: string;
}

/** A name that a host can have, of what people call it: letters, digits and hyphens, 63 characters at most; '' where none is left. */
export function hostLabel(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 63);
  return plain.replaceAll(/^-+|-+$/g, '');
}

function namesOf({ asking: { port, network } }: Instance): { name: string; fullName: string } {
  const full = port.name.replace(/\.$/, '');
  const label = hostLabel(full.split('.')[0] ?? '') || deviceHostname(port.fixed_ips[0]?.ip ?? port.port_id);
  if (/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$/i.test(full))
    return { name: label, fullName: full.toLowerCase() };
  return { name: label, fullName: network.domain === '' ? label : `${label}.${network.domain}` };
}

/** What is told of an instance in this availability zone. */
export function factsOf(instance: Instance, zone: string): InstanceFacts {
  const { port } = instance.asking;
  const keys = new Map(instance.ports.flatMap((one) => Object.entries(one.port.public_keys ?? {})));
  const data = instance.ports.find((one) => one.port.user_data !== undefined)?.port.user_data;
  return {
    id: instance.id || port.port_id,
    projectId: instance.projectId,
    ...namesOf(instance),
    ipv4: port.fixed_ips.find(({ ip }) => !ip.includes(':'))?.ip,
    keys: [...keys].map(([name, key]) => ({ name, key: key.trim() })),
    userData: data === undefined ? undefined : Buffer.from(data, 'base64'),
    zone,
  };
}
