/** The errors of port bindings (neutron_lib/exceptions/__init__.py). */
import { fault } from './fault.ts';

export const portBindingNotFound = fault(
  'PortBindingNotFound',
  404,
  (host: string, portId: string) => `Binding for port ${portId} for host ${host} could not be found.`,
  'List the bindings of the port: GET /v2.0/ports/{port_id}/bindings.',
);
export const portBindingAlreadyExists = fault(
  'PortBindingAlreadyExists',
  409,
  (host: string, portId: string) => `Binding for port ${portId} on host ${host} already exists.`,
  'Use that binding, or delete it first.',
);
export const portBindingAlreadyActive = fault(
  'PortBindingAlreadyActive',
  409,
  (host: string, portId: string) => `Binding for port ${portId} on host ${host} is already active.`,
  'Nothing is to be done: the port is on that host.',
);
export const portBindingError = fault(
  'PortBindingError',
  409,
  (host: string, portId: string) => `Binding for port ${portId} on host ${host} could not be created or updated.`,
  'See that the agent of the host is alive, has the physical network of the port, and that the NIC is a normal one.',
);
