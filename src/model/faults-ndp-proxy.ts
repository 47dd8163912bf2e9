/** The errors of NDP proxies (neutron/services/ndp_proxy/exceptions.py). */
import { fault, lookUp } from './fault.ts';

export const ndpProxyNotFound = fault(
  'NDPProxyNotFound',
  404,
  (id: string) => `Ndp proxy ${id} could not be found.`,
  lookUp,
);
export const duplicateNdpProxy = fault(
  'NeutronDbObjectDuplicateEntry',
  409,
  (routerId: string, address: string) =>
    `Failed to create a duplicate NDPProxy: for attribute(s) ['router_id', 'ip_address'] with value(s) ${routerId}-${address}`,
  'The router answers for the address already.',
);
export const routerGatewayInUseByNdpProxy = fault(
  'RouterGatewayInUseByNDPProxy',
  409,
  (routerId: string) =>
    `Unable to unset external gateway of router ${routerId}, There are one or more ndp proxies still in use on the router.`,
  'Delete the NDP proxies of the router first.',
);
export const routerInterfaceInUseByNdpProxy = fault(
  'RouterInterfaceInUseByNDPProxy',
  409,
  (routerId: string, subnetId: string) =>
    `Unable to remove subnet ${subnetId} from router ${routerId}, There are one or more ndp proxies still in use on the subnet.`,
  'Delete the NDP proxies of the addresses on the subnet first.',
);
export const addressScopeConflict = fault(
  'AddressScopeConflict',
  409,
  (external: string | null, internal: string | null) =>
    `The IPv6 address scope ${external ?? 'None'} of external network conflict with internal network's IPv6 address scope ${internal ?? 'None'}.`,
  'Take both subnets from subnet pools of one address scope.',
);
export const routerGatewayNotValid = fault(
  'RouterGatewayNotValid',
  409,
  (routerId: string, reason: string) => `Can not enable ndp proxy on router ${routerId}, ${reason}.`,
  'Give the router a gateway with an IPv6 address, of a subnet from a pool that is in an address scope.',
);
export const routerNdpProxyNotEnabled = fault(
  'RouterNDPProxyNotEnable',
  409,
  (routerId: string) =>
    `The enable_ndp_proxy parameter of router ${routerId} must be set as True while create ndp proxy entry on it.`,
  'Set enable_ndp_proxy of the router first.',
);
export const portUnreachableByRouter = fault(
  'PortUnreachableRouter',
  409,
  (portId: string, routerId: string) => `The port ${portId} cannot reach the router ${routerId} by IPv6 subnet.`,
  'Give the router an interface on an IPv6 subnet that the port has an address of.',
);
export const invalidProxyAddress = fault(
  'InvalidAddress',
  400,
  (address: string, reason: string) => `The address ${address} is invalid, reason: ${reason}.`,
  'Name an IPv6 address of the port, on a subnet that the router has an interface on.',
);
export const routerIpv6GatewayInUse = fault(
  'RouterIPv6GatewayInUse',
  409,
  (routerId: string) =>
    `Can't remove the IPv6 subnet from external gateway of router ${routerId}, the IPv6 subnet in use by the router's ndp proxy.`,
  'Keep an IPv6 address of the gateway, or set enable_ndp_proxy of the router to false first.',
);
