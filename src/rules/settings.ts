/** What the operator configured, as far as decisions depend on it. `config/` reads it from Neutron's files; these are its defaults. */
import type { networkTypes } from '../model/resources/network.ts';

export type NetworkType = (typeof networkTypes)[number];

/** What decisions of the Networking service depend on. */
export interface NetworkingSettings {
  /** `[DEFAULT] service_plugins`: router, port_forwarding, segments … */
  readonly servicePlugins: readonly string[];
  /** `[ml2] extension_drivers`. */
  readonly extensionDrivers: readonly string[];
  /** `[ml2] mechanism_drivers`. */
  readonly mechanismDrivers: readonly string[];
  /** `[ml2] type_drivers`. */
  readonly typeDrivers: readonly NetworkType[];
  /** `[ml2] tenant_network_types` (or `project_network_types`). */
  readonly tenantNetworkTypes: readonly NetworkType[];
  /** `[ml2_type_flat] flat_networks`; ['*'] is any. */
  readonly flatNetworks: readonly string[];
  /** `[ml2_type_vlan] network_vlan_ranges`: physical network → ranges of ids (empty: provider networks only). */
  readonly vlanRanges: Readonly<Record<string, readonly NumberRange[]>>;
  /** `[ml2_type_vxlan] vni_ranges`. */
  readonly vxlanRanges: readonly NumberRange[];
  /** `[ml2_type_geneve] vni_ranges`. */
  readonly geneveRanges: readonly NumberRange[];
  /** `[ml2_type_gre] tunnel_id_ranges`. */
  readonly greRanges: readonly NumberRange[];
  readonly mtu: MtuSettings;
  /** `[quotas] quota_*` by resource name; what is not named has the model's default. */
  readonly quotas: Readonly<Record<string, number>>;
  /** `[DEFAULT] dhcp_agents_per_network`. */
  readonly dhcpAgentsPerNetwork: number;
  /** `[DEFAULT] default_availability_zones`: of networks and routers without hints; [] is any. */
  readonly defaultAvailabilityZones: readonly string[];
  /** `[DEFAULT] agent_down_time`, seconds. */
  readonly agentDownTimeSeconds: number;
  /** `[DEFAULT] dhcp_lease_duration`, seconds. */
  readonly dhcpLeaseSeconds: number;
  /** `[DEFAULT] dns_domain`, without a final dot. */
  readonly dnsDomain: string;
  /** `[DEFAULT] base_mac`. */
  readonly baseMac: string;
  /** `[DEFAULT] max_routes`, `max_subnet_host_routes`, `max_dns_nameservers`. */
  readonly maxRoutes: number;
  readonly maxSubnetHostRoutes: number;
  readonly maxDnsNameservers: number;
  /** `[DEFAULT] enable_ndp_proxy_by_default`: of routers whose external network can, where a request does not say. */
  readonly enableNdpProxyByDefault: boolean;
  /** `[DEFAULT] pagination_max_limit`; -1: none. */
  readonly paginationMaxLimit: number;
  /** `[neutrino] metering_metrics`: whether measurements, which anybody may read, tell of the traffic of projects. */
  readonly meteringMetrics: boolean;
}

/** Both ends belong to it. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** All in bytes. */
export interface MtuSettings {
  /** `[DEFAULT] global_physnet_mtu`. */
  readonly globalPhysnetMtu: number;
  /** `[ml2] path_mtu`; 0: not considered. */
  readonly pathMtu: number;
  /** `[ml2] physical_network_mtus`. */
  readonly physicalNetworkMtus: Readonly<Record<string, number>>;
  /** `[ml2] overlay_ip_version`. */
  readonly overlayIpVersion: 4 | 6;
  /** `[ml2_type_geneve] max_header_size`. */
  readonly geneveMaxHeaderSize: number;
  /** Where those of them stand that something else than the default gives. */
  readonly places: Readonly<Partial<Record<MtuOptionName, OptionPlace>>>;
}

/** The options that MTUs follow from, as Neutron's files name them. */
export type MtuOptionName =
  | 'global_physnet_mtu'
  | 'path_mtu'
  | 'physical_network_mtus'
  | 'overlay_ip_version'
  | 'max_header_size';

/** Where an option was given: in a line of a file, or on the command line. */
export type OptionPlace = { readonly file: string; readonly line: number } | { readonly flag: string };

/** The settings of a start with no file at all. */
export const defaultSettings: NetworkingSettings = {
  servicePlugins: [
    'router',
    'port_forwarding',
    'qos',
    'trunk',
    'conntrack_helper',
    'ndp_proxy',
    'metering',
    'local_ip',
  ],
  extensionDrivers: ['port_security'],
  mechanismDrivers: ['linuxbridge'],
  typeDrivers: ['flat', 'vlan', 'vxlan', 'gre', 'geneve', 'local'],
  tenantNetworkTypes: ['vxlan'],
  flatNetworks: ['*'],
  vlanRanges: {},
  vxlanRanges: [{ first: 1, last: 16777215 }],
  geneveRanges: [{ first: 1, last: 16777215 }],
  greRanges: [{ first: 1, last: 1000000 }],
  mtu: {
    globalPhysnetMtu: 1500,
    pathMtu: 0,
    physicalNetworkMtus: {},
    overlayIpVersion: 4,
    geneveMaxHeaderSize: 30,
    places: {},
  },
  quotas: {},
  dhcpAgentsPerNetwork: 1,
  defaultAvailabilityZones: [],
  agentDownTimeSeconds: 75,
  dhcpLeaseSeconds: 86400,
  dnsDomain: 'openstacklocal',
  baseMac: 'fa:16:3e:00:00:00',
  maxRoutes: 30,
  maxSubnetHostRoutes: 20,
  maxDnsNameservers: 5,
  enableNdpProxyByDefault: false,
  paginationMaxLimit: -1,
  meteringMetrics: false,
};
