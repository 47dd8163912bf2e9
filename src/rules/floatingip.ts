/** Which inside address a floating IP stands for (neutron/db/l3_db.py). */
import { badRequest } from '../model/faults.ts';
import type { FixedIp } from './port-forwarding.ts';

/** The inside port, as far as the choice depends on it. */
export interface InsidePort {
  readonly id: string;
  readonly project_id: string;
  readonly device_owner: string;
  readonly fixed_ips: readonly FixedIp[];
}

/**
 * The IPv4 address of `port` that a floating IP of project `owner` stands for: the one asked for, or the only one. `asAdmin`
 * lifts the demand that port and floating IP belong to one project. Throws Neutron's 400s.
 */
export function associatedAddress(
  port: InsidePort,
  asked: string | null | undefined,
  owner: string,
  asAdmin: boolean,
): { ip: string; subnetId: string } {
  if (port.project_id !== owner && !asAdmin) {
    throw badRequest(
      'floatingip',
      `Cannot process floating IP association with Port ${port.id}, since that port is owned by a different project`,
    );
  }
  if (port.device_owner === 'network:dhcp') {
    throw badRequest('floatingip', `Port ${port.id} is unable to be assigned a floating IP`);
  }
  return asked === null || asked === undefined ? onlyAddress(port) : askedAddress(port, asked);
}

function askedAddress(port: InsidePort, asked: string): { ip: string; subnetId: string } {
  if (asked.includes(':')) {
    throw badRequest(
      'floatingip',
      `Cannot process floating IP association with ${asked}, since that is not an IPv4 address`,
    );
  }
  const fixed = port.fixed_ips.find((candidate) => candidate.ip_address === asked);
  if (fixed?.subnet_id === undefined) {
    throw badRequest('floatingip', `Port ${port.id} does not have fixed ip ${asked}`);
  }
  return { ip: asked, subnetId: fixed.subnet_id };
}

function onlyAddress(port: InsidePort): { ip: string; subnetId: string } {
  const v4 = port.fixed_ips.filter((fixed) => fixed.ip_address !== undefined && !fixed.ip_address.includes(':'));
  const [only] = v4;
  if (only?.ip_address === undefined || only.subnet_id === undefined) {
    throw badRequest('floatingip', `Cannot add floating IP to port ${port.id} that has no fixed IPv4 addresses`);
  }
  if (v4.length > 1) {
    throw badRequest(
      'floatingip',
      `Port ${port.id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP`,
    );
  }
  return { ip: only.ip_address, subnetId: only.subnet_id };
}

/** An interface on the inside subnet, of a router whose gateway is on the floating IP's network. */
export interface RouterCandidate {
  readonly routerId: string;
  readonly interfaceIp: string;
}

/**
 * The router that translates: the one whose interface has the subnet's gateway address, or else the first (by id, so that the
 * choice is the same every time).
 */
export function chooseRouter(candidates: readonly RouterCandidate[], gatewayIp: string | null): string | undefined {
  const preferred = candidates.find((candidate) => candidate.interfaceIp === gatewayIp);
  if (preferred) return preferred.routerId;
  return candidates.map((candidate) => candidate.routerId).sort()[0];
}
