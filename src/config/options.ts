/** Every option that Neutrino reads, with Neutron's names, meanings and (where nothing else is said) defaults. */
import type { NetworkType } from '../rules/settings.ts';
import { dhcpOptions, metadataOptions } from './dhcp-options.ts';
import { optionsOf } from './option.ts';
import {
  boolean,
  dictionary,
  integer,
  ip,
  ipVersion,
  limit,
  list,
  mac,
  number,
  oneOf,
  ranges,
  text,
  url,
  vlanRanges,
} from './values.ts';

const networkTypes = ['flat', 'vlan', 'vxlan', 'gre', 'geneve', 'local'] as const satisfies readonly NetworkType[];
const names = list(text('a name'), 'a list of names with commas');
const types = list(oneOf(...networkTypes));
const all24 = [{ first: 1, last: 16777215 }];
const big = 2147483647;

const bridgeName = text('the name of a bridge, at most 15 characters');

const main = optionsOf('DEFAULT');
const quotas = optionsOf('quotas');
const quota = integer(-1, big);

const serverOptions = {
  bindHost: main(
    'bind_host',
    text('an address or host name'),
    '127.0.0.1',
    'The address that the API listens on. Neutron has 0.0.0.0; `--listen` goes before it.',
  ),
  bindPort: main(
    'bind_port',
    integer(0, 65535),
    9696,
    'The port of the API; 0: a free one. `--listen` goes before it.',
  ),
  statePath: main(
    'state_path',
    text('a folder'),
    '',
    'The folder for everything that is kept. Empty: /var/lib/neutrino for root, else the XDG state folder; `--state-dir` goes before it.',
  ),
  host: main('host', text('a host name'), '', "What this host is called in bindings. Empty: the machine's name."),
  authStrategy: main(
    'auth_strategy',
    oneOf('keystone', 'noauth'),
    'keystone',
    'How callers are known: by tokens (`keystone`; the embedded Identity gives them out, or where `[keystone_authtoken] auth_url` is set, that Keystone) or not at all (`noauth`: everybody is an administrator, so the API listens on the loopback address only).',
  ),
  debug: main('debug', boolean(), false, 'Log more.'),
  connection: optionsOf('database')(
    'connection',
    text('sqlite:////FILE or postgresql://USER:PASSWORD@HOST/NAME'),
    '',
    'The database: `sqlite:////absolute/path`, or `postgresql://…` (a driver as in `postgresql+psycopg2` is fine). Empty: SQLite in the state folder.',
    { secret: true, deprecated: ['DEFAULT.sql_connection'] },
  ),
};

const authtoken = optionsOf('keystone_authtoken');

/** The Keystone that knows the tokens; names and defaults are keystonemiddleware's and keystoneauth's. */
const keystoneOptions = {
  authUrl: authtoken('auth_url', url(), '', 'A Keystone to ask about tokens. Empty: the embedded Identity answers.'),
  authType: authtoken('auth_type', oneOf('password', 'v3password'), 'password', 'How the service user logs in there.', {
    deprecated: ['auth_plugin'],
  }),
  keystoneUser: authtoken('username', text('a name'), '', 'The service user.', { deprecated: ['user_name'] }),
  keystonePassword: authtoken('password', text('a password'), '', "The service user's password.", { secret: true }),
  keystoneProject: authtoken('project_name', text('a name'), '', "The service user's project.", {
    deprecated: ['tenant_name'],
  }),
  keystoneProjectId: authtoken('project_id', text('an id'), '', 'That project by its id.', {
    deprecated: ['tenant_id'],
  }),
  keystoneUserDomain: authtoken('user_domain_name', text('a name'), 'Default', "The service user's domain."),
  keystoneUserDomainId: authtoken('user_domain_id', text('an id'), '', 'That domain by its id.'),
  keystoneProjectDomain: authtoken('project_domain_name', text('a name'), 'Default', "The project's domain."),
  keystoneProjectDomainId: authtoken('project_domain_id', text('an id'), '', 'That domain by its id.'),
  publicAuthUrl: authtoken('www_authenticate_uri', url(), '', 'Where clients log in; said with each 401.', {
    deprecated: ['auth_uri'],
  }),
  keystoneInterface: authtoken(
    'interface',
    oneOf('public', 'internal', 'admin', 'publicURL', 'internalURL', 'adminURL'),
    'internal',
    'Which endpoint of Keystone in its catalog is asked; where there is none, `auth_url`.',
  ),
  keystoneRegion: authtoken('region_name', text('a name'), '', 'The region of that endpoint. Empty: any.'),
  keystoneCa: authtoken('cafile', text('a file'), '', "PEM certificates to trust instead of the machine's."),
  keystoneInsecure: authtoken('insecure', boolean(), false, 'Take any certificate of Keystone.'),
  tokenCacheTime: authtoken(
    'token_cache_time',
    integer(-1, 86400),
    300,
    'Seconds for which the answer about a token is remembered; a token revoked meanwhile is good until then. -1: not at all.',
  ),
  keystoneTimeout: authtoken('http_connect_timeout', integer(1, 3600), 10, 'Seconds that an answer may take.'),
  keystoneRetries: authtoken(
    'http_request_max_retries',
    integer(0, 10),
    3,
    'How often a failed connection is tried again.',
  ),
  serviceTokenRoles: authtoken(
    'service_token_roles',
    names,
    ['service'],
    'A service with one of these roles (X-Service-Token) vouches for a token that has ended.',
  ),
  serviceTokenRolesRequired: authtoken(
    'service_token_roles_required',
    boolean(),
    true,
    'Refuse a service token without such a role.',
  ),
};

const networkingOptions = {
  servicePlugins: main(
    'service_plugins',
    names,
    ['router', 'port_forwarding', 'qos', 'trunk', 'conntrack_helper', 'ndp_proxy', 'metering', 'local_ip'],
    'What the API offers beside networks, subnets and ports: `router`, `port_forwarding`, `qos`, `trunk`, `conntrack_helper`, `ndp_proxy`, `metering`, `local_ip`. A neutron.conf that leaves it out has routers and no port forwarding.',
  ),
  dhcpAgentsPerNetwork: main(
    'dhcp_agents_per_network',
    integer(1, 100),
    1,
    'How many hosts serve DHCP on one network.',
  ),
  defaultAvailabilityZones: main(
    'default_availability_zones',
    names,
    [],
    'The zones of networks and routers that are created without hints. Empty: any.',
  ),
  agentDownTime: main(
    'agent_down_time',
    integer(1, big),
    75,
    'Seconds without a report after which an agent counts as dead.',
  ),
  dhcpLeaseDuration: main(
    'dhcp_lease_duration',
    integer(-1, big),
    86400,
    'How long a DHCP lease holds, in seconds; -1: for ever.',
  ),
  dnsDomain: main('dns_domain', text('a domain'), 'openstacklocal', 'The domain of the names of instances.'),
  baseMac: main(
    'base_mac',
    mac(),
    'fa:16:3e:00:00:00',
    'What the MAC addresses of ports begin with: its bytes before the first 00 at the end.',
  ),
  maxRoutes: main('max_routes', integer(0, 10000), 30, 'How many routes one router may have.'),
  maxSubnetHostRoutes: main(
    'max_subnet_host_routes',
    integer(0, 10000),
    20,
    'How many host routes one subnet may have.',
  ),
  maxDnsNameservers: main('max_dns_nameservers', integer(0, 1000), 5, 'How many name servers one subnet may have.'),
  enableNdpProxyByDefault: main(
    'enable_ndp_proxy_by_default',
    boolean(),
    false,
    'Whether a router that gets a gateway answers there for inside IPv6 addresses (`enable_ndp_proxy`) where the request does not say, and the external network can.',
  ),
  paginationMaxLimit: main(
    'pagination_max_limit',
    limit(),
    -1,
    'The largest page of a list; -1 or `infinite`: no limit.',
  ),
  meteringMetrics: optionsOf('neutrino')(
    'metering_metrics',
    boolean(),
    false,
    'Whether `/metrics`, which anybody who reaches the API may read, tells what metering labels counted for each project. `neutrino metering show` tells administrators in any case. Neutron has no such option.',
  ),
  globalPhysnetMtu: main(
    'global_physnet_mtu',
    integer(68, 65535),
    1500,
    'The MTU of the physical networks, in bytes.',
    { deprecated: ['segment_mtu'] },
  ),
  ...ml2(),
  defaultQuota: quotas(
    'default_quota',
    quota,
    -1,
    'How many a project may have of what has no option of its own: subnet pools, trunks; -1: no limit.',
  ),
  quotaNetwork: quotas('quota_network', quota, 100, 'How many networks a project may have; -1: no limit.'),
  quotaSubnet: quotas('quota_subnet', quota, 100, 'How many subnets a project may have; -1: no limit.'),
  quotaPort: quotas('quota_port', quota, 500, 'How many ports a project may have; -1: no limit.'),
  quotaRouter: quotas('quota_router', quota, 10, 'How many routers a project may have; -1: no limit.'),
  quotaFloatingip: quotas('quota_floatingip', quota, 50, 'How many floating IPs a project may have; -1: no limit.'),
  quotaRbacPolicy: quotas('quota_rbac_policy', quota, 10, 'How many RBAC policies a project may have; -1: no limit.'),
  quotaSecurityGroup: quotas(
    'quota_security_group',
    quota,
    10,
    'How many security groups a project may have; -1: no limit.',
  ),
  quotaSecurityGroupRule: quotas(
    'quota_security_group_rule',
    quota,
    100,
    'How many security-group rules a project may have; -1: no limit.',
  ),
};

function ml2() {
  const group = optionsOf('ml2');
  const inVxlan = optionsOf('ml2_type_vxlan');
  return {
    typeDrivers: group('type_drivers', types, [...networkTypes], 'The types of networks that exist.'),
    tenantNetworkTypes: group(
      'tenant_network_types',
      types,
      ['vxlan'] as readonly NetworkType[],
      'The types that networks of projects are given, in the order in which they are tried. Neutron has `local`.',
      { deprecated: ['project_network_types'] },
    ),
    mechanismDrivers: group(
      'mechanism_drivers',
      names,
      ['linuxbridge'],
      'How networks are made real on a host: `linuxbridge` or `openvswitch`; of both, the agent takes the one that is named first.',
    ),
    extensionDrivers: group(
      'extension_drivers',
      names,
      ['port_security'],
      'What networks and ports have beside the usual: `port_security`.',
    ),
    pathMtu: group(
      'path_mtu',
      integer(0, 65535),
      0,
      'The largest packet between the hosts of overlay networks, in bytes; 0: as the physical networks.',
    ),
    physicalNetworkMtus: group(
      'physical_network_mtus',
      dictionary(integer(68, 65535), 'physnet1:9000,physnet2:1500'),
      {},
      'MTUs of single physical networks, in bytes.',
      { deprecated: ['physnet_mtus'] },
    ),
    overlayIpVersion: group(
      'overlay_ip_version',
      ipVersion(),
      4,
      'The IP version between the endpoints of tunnels: 4 or 6.',
    ),
    flatNetworks: optionsOf('ml2_type_flat')(
      'flat_networks',
      names,
      ['*'],
      'The physical networks that flat networks may be on; `*`: any.',
    ),
    vlanRanges: optionsOf('ml2_type_vlan')(
      'network_vlan_ranges',
      vlanRanges(),
      {},
      'The VLAN ids for the networks of projects, by physical network.',
    ),
    vxlanRanges: inVxlan('vni_ranges', ranges(1, 16777215), all24, 'The VNIs of VXLAN networks.'),
    geneveRanges: optionsOf('ml2_type_geneve')(
      'vni_ranges',
      ranges(1, 16777215),
      all24,
      'The VNIs of Geneve networks.',
    ),
    geneveMaxHeaderSize: optionsOf('ml2_type_geneve')(
      'max_header_size',
      integer(8, 300),
      30,
      'The room for the Geneve header, in bytes.',
    ),
    greRanges: optionsOf('ml2_type_gre')(
      'tunnel_id_ranges',
      ranges(1, 4294967295),
      [{ first: 1, last: 1000000 }],
      'The keys of GRE networks.',
    ),
  };
}

const agentIni = optionsOf('agent');
const linuxBridge = optionsOf('linux_bridge');
const vxlan = optionsOf('vxlan');

const agentOptions = {
  meteringReportInterval: main(
    'report_interval',
    number(1),
    300,
    'In a metering_agent.ini: how often the counters of metering labels are read, and told to the server, seconds.',
  ),
  reportInterval: agentIni(
    'report_interval',
    number(1),
    30,
    'Seconds between two reports of an agent; less than half of agent_down_time.',
  ),
  availabilityZone: agentIni(
    'availability_zone',
    text('the name of a zone'),
    'nova',
    "The availability zone of this host's L3 and DHCP agents.",
  ),
  l2Extensions: optionsOf('agent', 'l2')(
    'extensions',
    names,
    [],
    'Extensions of the L2 agent. Those that there are need no naming: QoS, and local IPs with Open vSwitch.',
  ),
  l3Extensions: optionsOf('agent', 'l3')(
    'extensions',
    names,
    ['port_forwarding'],
    'Extensions of the L3 agent: `port_forwarding`; an l3_agent.ini that leaves it out switches it off on the host. What `conntrack_helper` and `ndp_proxy` do is always on.',
  ),
  bridgeMappings: linuxBridge(
    'bridge_mappings',
    dictionary(text('a name'), 'physnet1:br-ex'),
    { public: 'br-ex' },
    'The bridge of each physical network; `[ovs] bridge_mappings` is the same. A bridge that is missing is made.',
    { deprecated: ['ovs.bridge_mappings'] },
  ),
  interfaceMappings: linuxBridge(
    'physical_interface_mappings',
    dictionary(text('a name'), 'physnet1:eth1'),
    {},
    'The interface of each physical network, where bridge_mappings has no bridge for it. A VLAN network gets a device `eth1.ID`; a flat network takes the interface into its bridge, unless the interface has addresses.',
  ),
  localIp: vxlan(
    'local_ip',
    ip(),
    '',
    "The address of this host's tunnel endpoint; `[ovs] local_ip` is the same. Empty: this host has no tunnels to others.",
    { deprecated: ['ovs.local_ip'] },
  ),
  vxlanArpResponder: vxlan(
    'arp_responder',
    boolean(),
    false,
    'Answer ARP requests for ports on other hosts here, with Linux bridges. What is not known here is asked of the other hosts. Gratuitous ARP no longer reaches them: leave it off where addresses move between instances by it (VRRP without a MAC address of its own).',
  ),
  minAdvertisementSeconds: main(
    'min_rtr_adv_interval',
    integer(3, 1350),
    30,
    'The least number of seconds between two router advertisements; at most three quarters of the greatest.',
  ),
  maxAdvertisementSeconds: main(
    'max_rtr_adv_interval',
    integer(4, 1800),
    100,
    'The greatest number of seconds between two router advertisements.',
  ),
  resyncInterval: optionsOf('neutrino')(
    'resync_interval',
    number(1),
    60,
    'Seconds in which the agent looks at everything on the host once, a few objects at a time, and repairs what somebody changed by hand. `neutrino agent sync` does so at once. Neutron has no such option.',
  ),
  natDriver: optionsOf('neutrino')(
    'nat_driver',
    oneOf('iptables', 'nftables'),
    'iptables',
    'By what routers translate addresses: chains of iptables with the names that Neutron gives them, or one table of nftables in which finding one forwarded port among thousands costs what finding one among ten costs. Changing it on a host with routers cuts no connection. Neutron has no such option.',
  ),
  clampsMss: optionsOf('neutrino')(
    'clamp_mss',
    boolean(),
    true,
    'Whether a router whose external network carries smaller packets than an inner one lowers the largest segment that TCP connections agree on to what passes. Neutron has no such option, and leaves it to ICMP.',
  ),
};

const ovs = optionsOf('ovs');

/** The options of the Open vSwitch driver. */
const ovsOptions = {
  integrationBridge: ovs('integration_bridge', bridgeName, 'br-int', 'The bridge that all ports are plugged into.', {
    deprecated: ['DEFAULT.ovs_integration_bridge'],
  }),
  tunnelBridge: ovs('tunnel_bridge', bridgeName, 'br-tun', 'The bridge of the tunnels to other hosts.'),
  datapathType: ovs(
    'datapath_type',
    oneOf('system', 'netdev'),
    'system',
    'Who switches frames: the module of the kernel (`system`), or ovs-vswitchd itself (`netdev`).',
  ),
  ovsdbConnection: ovs(
    'ovsdb_connection',
    text('unix:PATH or tcp:HOST:PORT'),
    '',
    'Where the database of Open vSwitch answers. Empty: its socket on this host. Neutron has `tcp:127.0.0.1:6640`.',
  ),
  tunnelTypes: agentIni(
    'tunnel_types',
    list(oneOf('vxlan', 'gre', 'geneve')),
    ['vxlan', 'gre', 'geneve'] as readonly ('vxlan' | 'gre' | 'geneve')[],
    'The types of tunnels that this host has to others, with Open vSwitch; none without a `local_ip`. Neutron has none.',
  ),
  arpResponder: agentIni(
    'arp_responder',
    boolean(),
    true,
    'Answer ARP requests for ports on other hosts here, with Open vSwitch. Neutron does not.',
  ),
};

/** The options by what the code calls them. */
export const options = {
  ...serverOptions,
  ...keystoneOptions,
  ...networkingOptions,
  ...agentOptions,
  ...dhcpOptions,
  ...metadataOptions,
  ...ovsOptions,
};
