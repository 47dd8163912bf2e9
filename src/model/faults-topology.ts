/** The errors of topologies that the server makes for a project (neutron/services/auto_allocate/exceptions.py). */
import { fault } from './fault.ts';

export const autoAllocationFailure = fault(
  'AutoAllocationFailure',
  409,
  (reason: string) => `Deployment error: ${reason}.`,
  'An administrator provides an external network with is_default and default subnet pools.',
);
export const defaultExternalNetworkExists = fault(
  'DefaultExternalNetworkExists',
  409,
  (id: string) => `A default external network already exists: ${id}.`,
  'Take is_default from that network first.',
);
