/**
 * The extensions of the Networking API and what switches each on. An alias stands here only when its behaviour is there; names
 * and dates are those of Neutron's definitions (neutron_lib/api/definitions).
 */
import type { NetworkingSettings } from './settings.ts';

/** One extension, as `GET /v2.0/extensions` shows it. */
export interface Extension {
  readonly alias: string;
  readonly name: string;
  readonly description: string;
  /** When its definition last changed, as Neutron has it. */
  readonly updated: string;
  /** What switches it on, all of it; none: it is always there. */
  readonly needs: readonly Need[];
}

/** `service_plugins` or `extension_drivers` must name it. */
/** The drivers that `extension_drivers` names; everything else is a service plugin. */
export const driverNeeds = [
  'port_security',
  'dns',
  'dns_domain_ports',
  'dns_domain_keywords',
  'subnet_dns_publish_fixed_ip',
  'data_plane_status',
  'uplink_status_propagation',
  'uplink_status_propagation_updatable',
] as const;

/** `service_plugins` or `extension_drivers` must name it. */
export type Need =
  | (typeof driverNeeds)[number]
  | 'router'
  | 'port_forwarding'
  | 'segments'
  | 'network_segment_range'
  | 'qos'
  | 'trunk'
  | 'conntrack_helper'
  | 'ndp_proxy'
  | 'metering'
  | 'local_ip';

// Class paths that Neutron accepts in `service_plugins` beside the short names.
const classPaths: Readonly<Record<string, string>> = {
  'neutron.services.l3_router.l3_router_plugin.L3RouterPlugin': 'router',
  'neutron.services.portforwarding.pf_plugin.PortForwardingPlugin': 'port_forwarding',
  'neutron.services.conntrack_helper.plugin.Plugin': 'conntrack_helper',
  'neutron.services.local_ip.local_ip_plugin.LocalIPPlugin': 'local_ip',
  'neutron.services.ndp_proxy.plugin.NDPProxyPlugin': 'ndp_proxy',
  'neutron.services.metering.metering_plugin.MeteringPlugin': 'metering',
  'neutron.services.qos.qos_plugin.QoSPlugin': 'qos',
  'neutron.services.network_segment_range.plugin.NetworkSegmentRangePlugin': 'network_segment_range',
  'neutron.services.segments.plugin.Plugin': 'segments',
  'neutron.services.trunk.plugin.TrunkPlugin': 'trunk',
};

/** What is of no use without routers. */
const onRouters = ['port_forwarding', 'conntrack_helper', 'ndp_proxy'];

/** The short names of the configured service plugins; those on routers bring the router plugin that they need. */
export function servicePluginNames(settings: Pick<NetworkingSettings, 'servicePlugins'>): ReadonlySet<string> {
  const names = new Set(settings.servicePlugins.map((name) => classPaths[name] ?? name));
  if (onRouters.some((name) => names.has(name))) names.add('router');
  return names;
}

// Drivers that bring what another does, in the order of Neutron's classes.
const broader: readonly (readonly [string, string])[] = [
  ['subnet_dns_publish_fixed_ip', 'dns_domain_keywords'],
  ['dns_domain_keywords', 'dns_domain_ports'],
  ['dns_domain_ports', 'dns'],
  ['uplink_status_propagation_updatable', 'uplink_status_propagation'],
];

/** The configured extension drivers, with those whose work they do too. */
export function extensionDriverNames(settings: Pick<NetworkingSettings, 'extensionDrivers'>): ReadonlySet<string> {
  const names = new Set(settings.extensionDrivers);
  for (const [name, other] of broader) if (names.has(name)) names.add(other);
  return names;
}

const extension = (
  alias: string,
  name: string,
  updated: string,
  description: string,
  ...needs: readonly Need[]
): Extension => ({
  alias,
  name,
  description,
  updated: `${updated}T10:00:00-00:00`,
  needs,
});

/** Every extension that there is. */
export const extensions: readonly Extension[] = [
  extension('address-group', 'Address group', '2020-07-15', 'Named sets of prefixes.'),
  extension('address-scope', 'Address scope', '2015-07-26', 'Spaces in which addresses are unique.'),
  extension(
    'aap-reject-multicast',
    'Allowed address pairs reject multicast extension',
    '2026-04-01',
    'Multicast addresses are refused in address pairs.',
  ),
  extension('port-device-profile', 'Port device profile', '2020-12-17', 'The device profile of a port (Cyborg).'),
  extension(
    'port-numa-affinity-policy',
    'Port NUMA affinity policy',
    '2020-07-08',
    'How near to the NUMA node of its device an instance has to be.',
  ),
  extension(
    'port-numa-affinity-policy-socket',
    'Port NUMA affinity policy "socket"',
    '2024-02-09',
    'As near as the same socket.',
  ),
  extension('agent', 'agent', '2013-02-03', 'Lists the agents of the hosts, with their state.'),
  extension(
    'agent-resources-synced',
    "Agent's Resource View Synced to Placement",
    '2018-12-19',
    'Whether the resources of an agent are in Placement.',
  ),
  extension('agent_sort_key', 'Agent sort key', '2024-01-01', 'Agent lists may be sorted.'),
  extension(
    'allowed-address-pairs',
    'Allowed Address Pairs',
    '2013-07-23',
    'Further addresses that a port may send from.',
  ),
  extension(
    'auto-allocated-topology',
    'Auto Allocated Topology Services',
    '2016-01-01',
    'A project gets a network and a router by one call.',
    'router',
  ),
  extension(
    'floatingip-autodelete-internal',
    'Autodelete floating IPs of internal networks',
    '2019-01-24',
    'Unused floating IPs go when their network is no longer external.',
    'router',
  ),
  extension('availability_zone', 'Availability Zone', '2015-01-01', 'The zones that agents are in.'),
  extension('availability_zone_filter', 'Availability Zone Filter Extension', '2018-06-22', 'Filters of zones.'),
  extension('network_availability_zone', 'Network Availability Zone', '2015-01-01', 'Zones of networks.'),
  extension('router_availability_zone', 'Router Availability Zone', '2015-01-01', 'Zones of routers.', 'router'),
  extension('binding', 'Port Binding', '2014-02-03', 'The host of a port and how it is wired there.'),
  extension(
    'binding-extended',
    'Port Bindings Extended',
    '2017-07-17',
    'Several bindings of a port: a host is prepared before an instance moves to it.',
  ),
  extension('dhcp_agent_scheduler', 'DHCP Agent Scheduler', '2013-02-07', 'Gives networks to DHCP agents.'),
  extension('l3_agent_scheduler', 'L3 Agent Scheduler', '2013-02-07', 'Gives routers to L3 agents.', 'router'),
  extension(
    'network-segment-range',
    'Neutron Network Segment Range',
    '2018-11-29',
    'Ranges of VLAN ids, VNIs and keys by API.',
    'network_segment_range',
  ),
  extension('flavors', 'Neutron Service Flavors', '2015-09-17', 'Kinds of services that administrators offer.'),
  extension('service-type', 'Neutron Service Type Management', '2013-01-20', 'Who provides the services.'),
  extension('multi-provider', 'Multi Provider Network', '2013-06-27', 'Networks of several segments.'),
  extension('segment', 'Segment', '2016-02-24', 'The segments of networks, and subnets on them.', 'segments'),
  extension(
    'standard-attr-segment',
    'Standard Attribute Segment Extension',
    '2018-04-09',
    'Times and revisions of segments.',
    'segments',
  ),
  extension(
    'subnet-segmentid-writable',
    'Subnet SegmentID (writable)',
    '2018-03-12',
    'A subnet may come to a segment later.',
    'segments',
  ),
  extension(
    'segments-peer-subnet-host-routes',
    'Segments peer-subnet host routes',
    '2018-06-12',
    'Subnets of a routed network have host routes to each other.',
    'segments',
  ),
  extension(
    'l2_adjacency',
    'L2 Adjacency',
    '2016-04-12',
    'Whether the ports of a network reach each other without a router.',
    'segments',
  ),
  extension(
    'ip_allocation',
    'IP Allocation',
    '2016-06-10',
    'Whether addresses of a port wait for its host.',
    'segments',
  ),
  extension('default-subnetpools', 'Default Subnetpools', '2016-02-18', 'A subnet pool may be the default one.'),
  extension('empty-string-filtering', 'Empty String Filtering Extension', '2018-05-01', 'Filters by the empty string.'),
  extension(
    'expose-l3-conntrack-helper',
    'Expose CT target rules for conntrack helper',
    '2019-04-04',
    'Routers show their conntrack helpers.',
    'conntrack_helper',
  ),
  extension(
    'l3-conntrack-helper',
    'L3 Conntrack helper',
    '2019-04-04',
    'Conntrack helpers on routers, for FTP and its like.',
    'conntrack_helper',
  ),
  extension(
    'l3-ext-ndp-proxy',
    'Router support to enable NDP proxy',
    '2020-08-25',
    'Routers answer for inside IPv6 addresses outside.',
    'ndp_proxy',
  ),
  extension('l3-ndp-proxy', 'L3 NDP Proxy', '2021-06-29', 'The addresses that a router answers for.', 'ndp_proxy'),
  extension('external-net', 'Neutron external network', '2013-01-14', 'Marks networks as external.'),
  extension('filter-validation', 'Filter parameters validation', '2018-03-21', 'Unknown filters are refused.'),
  extension(
    'ip-substring-filtering',
    'IP address substring filtering',
    '2017-11-28',
    'Filters by a part of an address.',
  ),
  extension(
    'local_ip',
    'Local IP',
    '2021-07-26',
    'Addresses that lead, on each host, to a port of that host.',
    'local_ip',
  ),
  extension('metering', 'Neutron Metering', '2013-06-12', 'Labels that count traffic through routers.', 'metering'),
  extension(
    'metering_source_and_destination_fields',
    'Neutron Metering with source and destination filtering',
    '2020-08-21',
    'Rules of labels by source and destination.',
    'metering',
  ),
  extension(
    'project-default-networks',
    'Default network for project',
    '2018-07-03',
    'A mark on the network that a project uses by default.',
  ),
  extension('net-mtu', 'Network MTU', '2015-03-25', 'Shows the MTU of a network.'),
  extension('net-mtu-writable', 'Network MTU (writable)', '2017-07-12', 'The MTU of a network may be set.'),
  extension('pagination', 'Pagination support', '2016-06-12', 'Lists in pages: limit, marker, page_reverse.'),
  extension(
    'port-security-groups-filtering',
    'Port filtering on security groups',
    '2018-01-09',
    'Filters ports by security group.',
  ),
  extension('project-id', 'project_id field enabled', '2016-09-09', 'Bodies have project_id beside tenant_id.'),
  extension('provider', 'Provider Network', '2012-09-07', 'How a network travels: type, physical network, number.'),
  extension('quota-check-limit', 'Quota engine limit check', '2021-08-18', 'A limit below the use is refused.'),
  extension(
    'quota-check-limit-default',
    'Quota engine limit check by default',
    '2024-08-21',
    'It is refused without being asked; force takes it.',
  ),
  extension('quota_details', 'Quota details management support', '2017-02-10', 'Shows limit and usage of each quota.'),
  extension('quotas', 'Quota management support', '2012-07-29', 'Limits for each project.'),
  extension('rbac-policies', 'RBAC Policies', '2015-06-17', 'Shares objects with other projects.'),
  extension(
    'rbac-address-group',
    'Add address_group type to RBAC',
    '2021-01-20',
    'RBAC policies may be about address groups.',
  ),
  extension(
    'rbac-address-scope',
    'Add address_scope type to RBAC',
    '2020-02-12',
    'RBAC policies may be about address scopes.',
  ),
  extension('rbac-subnetpool', 'Add subnetpool type to RBAC', '2020-02-05', 'RBAC policies may be about subnet pools.'),
  extension(
    'rbac-security-groups',
    'Add security_group type to network RBAC',
    '2019-02-14',
    'RBAC policies may be about security groups.',
  ),
  extension(
    'security-groups-shared-filtering',
    'Security group filtering on the shared field',
    '2021-10-05',
    'Security groups show whether they are shared, and may be filtered by it.',
  ),
  extension(
    'revision-if-match',
    'If-Match constraints based on revision_number',
    '2016-12-11',
    'If-Match: revision_number=N.',
  ),
  extension('security-group', 'security-group', '2012-10-05', 'Security groups and their rules.'),
  extension(
    'security-groups-remote-address-group',
    'Remote address group id field for security group rules',
    '2020-08-25',
    'Rules that refer to an address group.',
  ),
  extension(
    'security-groups-default-rules',
    'Default rules for security groups',
    '2022-12-19',
    'The rules that new security groups have.',
  ),
  extension(
    'security-groups-default-statefulness',
    'Security Groups Default Statefulness',
    '2026-04-13',
    'Whether new security groups are stateful, by project.',
  ),
  extension(
    'security-groups-normalized-cidr',
    'Normalized CIDR field for security group rules',
    '2020-07-28',
    'The prefix of a rule with its host bits cleared.',
  ),
  extension(
    'security-groups-rules-belongs-to-default-sg',
    "Security group rule belongs to the project's default security group",
    '2023-05-23',
    'Whether a rule is of a default group.',
  ),
  extension('sort-key-validation', 'Sort key validation', '2018-10-15', 'Unknown sort keys are refused.'),
  extension('sorting', 'Sorting support', '2016-06-12', 'Sorts lists: sort_key, sort_dir.'),
  extension('standard-attr-description', 'standard-attr-description', '2016-02-10', 'A description on everything.'),
  extension(
    'standard-attr-revisions',
    'Resource revision numbers',
    '2016-04-11',
    'A number that rises with every change.',
  ),
  extension(
    'standard-attr-tag',
    'Tag support for resources with standard attribute',
    '2017-01-01',
    'Tags on everything.',
  ),
  extension('tag-creation', 'Tag creation extension', '2024-07-23', 'Adds several tags in one request.'),
  extension(
    'tag-ports-during-bulk-creation',
    'Tag Ports During Bulk Creation',
    '2019-12-29',
    'Ports are created with their tags.',
  ),
  extension('standard-attr-timestamp', 'Resource timestamps', '2016-09-12', 'Times of creation and last change.'),
  extension('stateful-security-group', 'Stateful security group', '2019-11-26', 'A group may be stateless.'),
  extension(
    'network-ip-availability',
    'Network IP Availability',
    '2015-09-24',
    'How many addresses of networks and subnets are in use.',
  ),
  extension(
    'network-ip-availability-details',
    'Network IP Availability Details Extension',
    '2025-10-31',
    'Addresses in use by prefix and by allocation pool.',
  ),
  extension('subnet_allocation', 'Subnet Allocation', '2015-03-30', 'Subnets from subnet pools.'),
  extension(
    'subnet-external-network',
    'Subnet belongs to an external network',
    '2024-02-05',
    'Subnets show whether their network is external.',
  ),
  extension('subnet_onboard', 'Subnet Onboard', '2018-12-18', 'Takes subnets that are there into a subnet pool.'),
  extension('subnet-service-types', 'Subnet service types', '2016-03-15', 'Subnets for the ports of some devices.'),
  extension(
    'subnetpool-prefix-ops',
    'Subnet Pool Prefix Operations',
    '2019-02-08',
    'Adds prefixes to a subnet pool and removes them.',
  ),
  extension('port-security', 'Port Security', '2012-07-23', 'Anti-spoofing may be switched off.', 'port_security'),
  extension('router', 'Neutron L3 Router', '2012-07-20', 'Routers between networks, and floating IPs.', 'router'),
  extension(
    'extraroute-atomic',
    'Atomically add/remove extra routes',
    '2019-07-10',
    'Static routes that come and go one by one.',
    'router',
  ),
  extension(
    'l3-flavors',
    'Router Flavor Extension',
    '2016-05-17',
    'The flavor of a router says who provides it.',
    'router',
  ),
  extension(
    'l3-port-ip-change-not-allowed',
    'Prevent L3 router ports IP address change extension',
    '2018-10-09',
    'IPv4 addresses of router interfaces do not change by their ports.',
    'router',
  ),
  extension(
    'floatingip-pools',
    'Floating IP Pools Extension',
    '2018-03-21',
    'The subnets that floating IPs come from.',
    'router',
  ),
  extension(
    'router-enable-snat',
    'Exposes the router "enable_snat" read-only configuration flag',
    '2025-09-18',
    'Routers show whether they hide the inside addresses.',
    'router',
  ),
  extension(
    'port-mac-address-regenerate',
    'Network port MAC address regenerate',
    '2018-05-03',
    'A port gets a new MAC address for null.',
  ),
  extension('extra_dhcp_opt', 'Neutron Extra DHCP options', '2013-03-17', 'DHCP options of single ports.'),
  extension(
    'dns-integration',
    'DNS Integration',
    '2015-08-15',
    'Names of ports, floating IPs and networks in DNS.',
    'dns',
  ),
  extension('dns-domain-ports', 'dns_domain for ports', '2017-04-24', 'Domains of single ports.', 'dns_domain_ports'),
  extension(
    'dns-integration-domain-keywords',
    'DNS domain names with keywords allowed',
    '2020-06-15',
    'Domains with words that stand for the project or the user.',
    'dns_domain_keywords',
  ),
  extension(
    'subnet-dns-publish-fixed-ip',
    'Subnet DNS publish fixed IP',
    '2019-05-24',
    'Whether names of the addresses of a subnet are for an external DNS service.',
    'subnet_dns_publish_fixed_ip',
  ),
  extension(
    'data-plane-status',
    'Port data plane status extension',
    '2017-01-24',
    'What watches the wires says of a port.',
    'data_plane_status',
  ),
  extension(
    'uplink-status-propagation',
    'Uplink status propagation extension',
    '2018-05-31',
    'Whether a virtual function follows its uplink.',
    'uplink_status_propagation',
  ),
  extension(
    'uplink-status-propagation-updatable',
    'Uplink status propagation updatable extension',
    '2024-09-03',
    'The same, changeable.',
    'uplink_status_propagation_updatable',
  ),
  extension(
    'ext-gw-mode',
    'Neutron L3 Configurable external gateway mode',
    '2013-03-28',
    'SNAT may be switched off.',
    'router',
  ),
  extension('extraroute', 'Neutron Extra Route', '2013-02-01', 'Static routes on routers.', 'router'),
  extension(
    'fip-port-details',
    'Floating IP Port Details Extension',
    '2018-04-09',
    'The port of a floating IP, in short.',
    'router',
  ),
  extension(
    'floating-ip-port-forwarding',
    'Floating IP Port Forwarding',
    '2018-02-10',
    'Forwards ports of a floating IP to inside addresses.',
    'port_forwarding',
  ),
  extension(
    'floating-ip-port-forwarding-description',
    'Floating IP Port Forwarding new attribute: description',
    '2021-09-02',
    'A description on port forwardings.',
    'port_forwarding',
  ),
  extension(
    'floating-ip-port-forwarding-detail',
    'Floating IP Port Forwarding Detail',
    '2022-06-22',
    'The list in a floating IP has id and internal port of each forwarding.',
    'port_forwarding',
  ),
  extension(
    'floating-ip-port-forwarding-port-ranges',
    'Floating IP Port Forwarding support Port Ranges',
    '2021-09-02',
    'Forwards ranges of ports.',
    'port_forwarding',
  ),
  extension(
    'expose-port-forwarding-in-fip',
    'Expose Port Forwarding in Floating IP',
    '2019-02-26',
    'Floating IPs show their port forwardings.',
    'port_forwarding',
  ),
  extension('qos', 'Quality of Service', '2015-06-08', 'QoS policies with rules on bandwidth and marks.', 'qos'),
  extension(
    'qos-bw-limit-direction',
    'Direction for QoS bandwidth limit rule',
    '2017-04-10',
    'Bandwidth limits for either direction.',
    'qos',
  ),
  extension(
    'qos-bw-minimum-ingress',
    'Ingress direction for QoS minimum bandwidth rule',
    '2018-07-09',
    'Minimum bandwidths for either direction.',
    'qos',
  ),
  extension(
    'qos-default',
    'QoS default policy',
    '2017-04-06',
    'New networks of a project have its default policy.',
    'qos',
  ),
  extension('qos-fip', 'Floating IP QoS', '2017-07-20', 'A floating IP may have a QoS policy.', 'qos', 'router'),
  extension(
    'qos-fip-network-policy',
    'QoS floating IP network policy ID',
    '2021-11-15',
    'A floating IP shows the QoS policy of its network.',
    'qos',
    'router',
  ),
  extension(
    'qos-gateway-ip',
    'Router gateway IP QoS',
    '2018-02-24',
    'A gateway may have a QoS policy.',
    'qos',
    'router',
  ),
  extension(
    'qos-port-network-policy',
    'QoS port network policy ID',
    '2019-11-01',
    'A port shows the QoS policy of its network.',
    'qos',
  ),
  extension('qos-pps', 'QoS Rule Type Packet per Second Extension', '2021-05-12', 'Limits of packet rates.', 'qos'),
  extension('qos-pps-minimum', 'QoS minimum packet rate rule', '2021-07-14', 'Minimum packet rates.', 'qos'),
  extension(
    'qos-pps-minimum-rule-alias',
    'QoS minimum packet rate rule alias',
    '2021-10-22',
    'Minimum packet rates without naming their policy.',
    'qos',
  ),
  extension(
    'qos-rule-type-details',
    'Details of QoS rule types',
    '2017-06-22',
    'What each driver can do of a type of rules.',
    'qos',
  ),
  extension(
    'qos-rule-type-filter',
    'Allow to filter the list of QoS rule types',
    '2022-02-02',
    'Rule types of all drivers, of any, or of none: all_supported, all_rules.',
    'qos',
  ),
  extension(
    'qos-rules-alias',
    'Quality of Service rules alias API',
    '2018-10-07',
    'Rules without naming their policy.',
    'qos',
  ),
  extension(
    'trunk',
    'Trunk Extension',
    '2016-01-01',
    'Ports that carry the frames of other ports, with tags.',
    'trunk',
  ),
  extension('trunk-details', 'Trunk port details', '2016-01-01', 'The parent port shows its trunk.', 'trunk'),
];

// What every server has; Neutron does not list these either.
const core = ['network', 'subnet', 'port', 'subnetpool'];

/** The extensions that these settings switch on, in the order of their aliases. */
export function publishedExtensions(
  settings: Pick<NetworkingSettings, 'servicePlugins' | 'extensionDrivers'>,
): readonly Extension[] {
  const plugins = servicePluginNames(settings);
  const drivers = extensionDriverNames(settings);
  const isOn = (need: Need) =>
    (driverNeeds as readonly string[]).includes(need) ? drivers.has(need) : plugins.has(need);
  return extensions.filter((e) => e.needs.every(isOn)).sort((a, b) => (a.alias < b.alias ? -1 : 1));
}

/** The aliases whose fields and resources exist under these settings: the published ones, and the core. */
export function publishedAliases(
  settings: Pick<NetworkingSettings, 'servicePlugins' | 'extensionDrivers'>,
): ReadonlySet<string> {
  return new Set([...core, ...publishedExtensions(settings).map((e) => e.alias)]);
}
