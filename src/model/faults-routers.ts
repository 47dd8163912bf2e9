/** The errors of routers, floating IPs and port forwardings (neutron_lib/exceptions/l3.py, extraroute.py; neutron/services/portforwarding). */
import { fault, lookUp } from './fault.ts';

export const routerNotFound = fault('RouterNotFound', 404, (id: string) => `Router ${id} could not be found`, lookUp);
export const floatingIpNotFound = fault(
  'FloatingIPNotFound',
  404,
  (id: string) => `Floating IP ${id} could not be found`,
  lookUp,
);
export const portForwardingNotFound = fault(
  'PortForwardingNotFound',
  404,
  (id: string) => `Port Forwarding ${id} could not be found.`,
  'Check both ids; the forwarding may be of another floating IP.',
);
export const routerInUse = fault(
  'RouterInUse',
  409,
  (id: string, reason: string) => `Router ${id} ${reason}`,
  'Take its interfaces away first: remove_router_interface.',
);
export const routerInterfaceNotFound = fault(
  'RouterInterfaceNotFound',
  404,
  (routerId: string, portId: string) => `Router ${routerId} does not have an interface with id ${portId}`,
  'List the ports with device_id of the router.',
);
export const routerInterfaceNotFoundForSubnet = fault(
  'RouterInterfaceNotFoundForSubnet',
  404,
  (routerId: string, subnetId: string) => `Router ${routerId} has no interface on subnet ${subnetId}`,
  'List the ports with device_id of the router.',
);
export const routerInterfaceInUseByFloatingIp = fault(
  'RouterInterfaceInUseByFloatingIP',
  409,
  (routerId: string, subnetId: string) =>
    `Router interface for subnet ${subnetId} on router ${routerId} cannot be deleted, as it is required by one or more floating IPs.`,
  'Disassociate the floating IPs, and delete the port forwardings, of the ports on the subnet first.',
);
export const routerInterfaceInUseByRoute = fault(
  'RouterInterfaceInUseByRoute',
  409,
  (routerId: string, subnetId: string) =>
    `Router interface for subnet ${subnetId} on router ${routerId} cannot be deleted, as it is required by one or more routes.`,
  'Take the routes whose nexthop is on the subnet from the router first.',
);
export const subnetMismatchForPort = fault(
  'SubnetMismatchForPort',
  400,
  (portId: string, subnetId: string) => `Subnet on port ${portId} does not match the requested subnet ${subnetId}.`,
  'Name the port, or the subnet, but not two that do not belong together.',
);
export const invalidRoutes = fault(
  'InvalidRoutes',
  400,
  (routes: string, reason: string) => `Invalid format for routes: ${routes}, ${reason}`,
  'A nexthop is an address on a subnet that the router has an interface on, and not the own address of the router.',
);
export const routesExhausted = fault(
  'RoutesExhausted',
  400,
  (routerId: string, quota: number) =>
    `Unable to complete operation for ${routerId}. The number of routes exceeds the maximum ${quota}.`,
  'Give fewer, or raise max_routes.',
);
export const routerGatewayInUseByFloatingIp = fault(
  'RouterExternalGatewayInUseByFloatingIp',
  409,
  (routerId: string, networkId: string) =>
    `Gateway cannot be updated for router ${routerId}, since a gateway to external network ${networkId} is required by one or more floating IPs.`,
  'Disassociate the floating IPs of the router, and delete their port forwardings, first.',
);
export const externalIpAddressExhausted = fault(
  'ExternalIpAddressExhausted',
  400,
  (networkId: string) => `Unable to find any IP address on external network ${networkId}.`,
  'Delete unused floating IPs, widen the allocation pools, or add an IPv4 subnet.',
);
export const externalGatewayForFloatingIpNotFound = fault(
  'ExternalGatewayForFloatingIPNotFound',
  404,
  (networkId: string, subnetId: string, portId: string) =>
    `External network ${networkId} is not reachable from subnet ${subnetId}.  Therefore, cannot associate Port ${portId} with a Floating IP.`,
  'Give the subnet an interface of a router whose gateway is on the external network.',
);
export const floatingIpPortAlreadyAssociated = fault(
  'FloatingIPPortAlreadyAssociated',
  409,
  (floatingIp: { address: string; id: string }, portId: string, fixedIp: string, networkId: string) =>
    `Cannot associate floating IP ${floatingIp.address} (${floatingIp.id}) with port ${portId} using fixed IP ${fixedIp}, as that fixed IP already has a floating IP on external network ${networkId}.`,
  'Disassociate the other floating IP first, or choose another fixed IP.',
);
export const fipAssociated = fault(
  'FipAssociated',
  409,
  (portId: string) =>
    `Unable to complete the operation on port ${portId} because the port still has an associated floating IP.`,
  'The floating IP is of another project; ask an administrator to disassociate it.',
);
export const floatingIpInUseByPortForwarding = fault(
  'FipInUseByPortForwarding',
  409,
  (id: string) => `Floating IP ${id} in use by Port Forwarding resources.`,
  'Delete the port forwardings of the floating IP first.',
);
export const portHasBindingFloatingIp = fault(
  'PortHasBindingFloatingIP',
  409,
  (floatingIp: { address: string; id: string }, portId: string, fixedIp: string) =>
    `Cannot create port forwarding to floating IP ${floatingIp.address} (${floatingIp.id}) with port ${portId} using fixed IP ${fixedIp}, as that port already has a binding floating IP.`,
  'Disassociate that floating IP first, or forward to another port.',
);
export const portForwardingFilterNotSupported = fault(
  'PortForwardingNotSupportFilterField',
  400,
  (filter: string) => `Port Forwarding filter ${filter} is not supported.`,
  'Filter by external_port, protocol, internal_port_id, description or external_port_range.',
);
