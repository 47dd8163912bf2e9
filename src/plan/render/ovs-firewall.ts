/**
 * What a port on the integration bridge may send and receive, as flows: tables 24 and 25 (spoofing), 71 to 73 and 91, 93, 94
 * (sent), 81, 82 and 92 (received), after Neutron's openvswitch firewall driver. Frames come in by table 60.
 */
import type { HostNetwork, HostPort } from '../../model/host-objects.ts';
import type { Flow } from '../flow-text.ts';
import type { HostEnvironment, Lookup } from './language.ts';

/** A port of an instance as the integration bridge has it. */
export interface SwitchedPort {
  readonly port: HostPort;
  readonly network: HostNetwork;
  /** The interface on the integration bridge. */
  readonly device: string;
  /** The local VLAN of its network. */
  readonly tag: number;
}

/** Flows, and what they still wait for. */
export interface Filtering {
  readonly flows: readonly Flow[];
  readonly waiting: string | null;
}

/** The flows that all ports share: what happens to frames that no port's flow takes. Table 60 is not among them. */
export function firewallBaseFlows(_env: HostEnvironment): Flow[] {
  return [];
}

/** The flows of one port, in table 60 too; none: all it sends and receives is switched as it is. */
export function portFirewallFlows(_at: SwitchedPort, _look: Lookup, _env: HostEnvironment): Filtering {
  return { flows: [], waiting: null };
}
