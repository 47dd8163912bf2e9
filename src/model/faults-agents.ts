/** The errors of giving networks and routers to agents (neutron_lib/exceptions/dhcpagentscheduler.py, extensions/l3agentscheduler.py). */
import { fault, lookUp } from './fault.ts';

/** An agent that is not there. */
export const agentNotFound = fault('AgentNotFound', 404, (id: string) => `Agent ${id} could not be found.`, lookUp);
/** An agent that cannot serve DHCP. */
export const invalidDhcpAgent = fault(
  'InvalidDHCPAgent',
  404,
  (id: string) => `Agent ${id} is not a valid DHCP Agent or has been disabled.`,
  'Choose an agent of type DHCP agent whose admin_state_up is true.',
);

/** A network is given to an agent that has it. */
export const networkHostedByDhcpAgent = fault(
  'NetworkHostedByDHCPAgent',
  409,
  (networkId: string, agentId: string) =>
    `The network ${networkId} has been already hosted by the DHCP Agent ${agentId}.`,
  'Nothing is to be done.',
);

/** A network is taken from an agent that does not have it. */
export const networkNotHostedByDhcpAgent = fault(
  'NetworkNotHostedByDhcpAgent',
  409,
  (networkId: string, agentId: string) => `The network ${networkId} is not hosted by the DHCP agent ${agentId}.`,
  'GET /networks/{id}/dhcp-agents lists the agents of the network.',
);

/** An agent that cannot carry routers. */
export const invalidL3Agent = fault(
  'InvalidL3Agent',
  404,
  (id: string) => `Agent ${id} is not a L3 Agent or has been disabled`,
  'Choose an agent of type L3 agent whose admin_state_up is true.',
);

/** A router is given to an agent while another has it. */
export const routerHostedByL3Agent = fault(
  'RouterHostedByL3Agent',
  409,
  (routerId: string, agentId: string) => `The router ${routerId} has been already hosted by the L3 Agent ${agentId}.`,
  'Take the router from that agent first.',
);

/** A hint that names no zone of an agent. */
export const availabilityZoneNotFound = fault(
  'AvailabilityZoneNotFound',
  404,
  (zone: string) => `AvailabilityZone ${zone} could not be found.`,
  'GET /availability_zones lists the zones; an agent is in that of availability_zone in its configuration.',
);
