/** Options of stock Neutron that mean nothing here, with the reason: an operator is told so, instead of wondering. */

const broker = 'there is no message broker';
const processes = 'one process does the work of these';
const proxy = 'proxies of metadata run as nobody, and their socket is in the state folder';
const byDriver = 'the driver follows [ml2] mechanism_drivers';
const elsewhere = 'the log goes to stderr';

/** One reason for several names, which stand with blanks between them. */
const same = (reason: string, ...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.flatMap((line) => line.split(' ')).map((name) => [name, reason]));

/** By section; '*' are all options of a section. A section's name may end with `*`. */
const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DEFAULT: {
    core_plugin: 'ml2 is the only core plugin',
    transport_url: broker,
    rpc_backend: broker,
    control_exchange: broker,
    rpc_workers: processes,
    rpc_state_report_workers: processes,
    rpc_response_max_timeout: broker,
    api_workers: processes,
    api_paste_config: 'the API is one piece',
    api_extensions_path: 'the API is one piece',
    allow_overlapping_ips: 'overlapping addresses are always allowed',
    notify_nova_on_port_status_changes: 'Nova is not told of changes',
    notify_nova_on_port_data_changes: 'Nova is not told of changes',
    dhcp_agent_notification: broker,
    interface_driver: byDriver,
    ovs_use_veth: 'ports of routers and of DHCP are always veth pairs',
    dhcp_driver: 'dnsmasq is the only DHCP server',
    enable_metadata_network:
      'a network of 169.254.0.0/16 gets no proxy of its own; set enable_isolated_metadata or force_metadata',
    agent_mode: 'routers are in one place (legacy)',
    router_distributed: 'routers are in one place (legacy)',
    l3_ha: 'highly available routers are not there yet',
    max_l3_agents_per_router: 'highly available routers are not there yet',
    allow_automatic_l3agent_failover: 'routers do not move by themselves yet',
    external_network_bridge: 'it went away in Neutron',
    verbose: 'it went away in Neutron',
    log_file: elsewhere,
    log_dir: elsewhere,
    use_syslog: elsewhere,
    num_sync_threads: processes,
    resync_interval: 'what failed is tried again by itself, at growing distances',
    handle_internal_only_routers: 'it is always on',
    vlan_transparent: 'VLAN-transparent networks are not there yet',
    ...same(
      'it is a setting of a library or a process of stock Neutron',
      'rootwrap_config rpc_response_timeout log_date_format logging_context_format_string logging_default_format_string',
      'logging_exception_prefix logging_debug_format_suffix logging_user_identity_format default_log_levels use_stderr',
      'use_journal watch_log_file fatal_deprecations wsgi_keep_alive wsgi_default_pool_size client_socket_timeout backlog',
      'max_header_line tcp_keepidle retry_until_window use_ssl executor_thread_pool_size periodic_interval',
      'periodic_fuzzy_delay quitting_rpc_timeout setproctitle run_external_periodic_tasks',
    ),
    ...same(proxy, 'metadata_proxy_socket metadata_proxy_user metadata_proxy_group metadata_proxy_socket_mode'),
    ...same('the agent answers instances itself, or asks Nova', 'metadata_workers metadata_backlog'),
    driver: 'what metering labels count is counted by nftables',
    measure_interval: 'the kernel counts; counters are read when they are told, every report_interval',
    granular_traffic_data: 'labels are counted for each router, and told for each project',
    metadata_access_mark: 'the mark is always 0x1',
    ...same(
      'it is not there yet',
      'external_ingress_mark prefix_delegation_driver ipv6_gateway radvd_user pd_confs external_dns_driver ipam_driver',
      'default_availability_zones router_availability_zone_hints network_scheduler_driver router_scheduler_driver',
    ),
    ...same('highly available routers are not there yet', 'ha_confs_path ha_vrrp_auth_type ha_vrrp_auth_password'),
    ...same('highly available routers are not there yet', 'ha_vrrp_advert_int ha_vrrp_health_check_interval'),
    ...same('what failed is tried again by itself, at growing distances', 'resync_throttle bulk_reload_interval'),
    dhcp_confs: 'the files of dnsmasq are in the state folder',
    allow_bulk: 'several objects may always be made by one request',
  },
  quotas: {
    quota_driver: 'there is one driver of quotas',
    track_quota_usage: 'use is always counted',
    default_quota: 'each quota has a default of its own',
  },
  healthcheck: { '*': 'GET /healthz tells how the server is' },
  network_log: { '*': 'packets are not logged' },
  service_providers: { '*': 'there are no service providers' },
  cache: { '*': 'nothing is kept in a cache of others' },
  agent: {
    root_helper: 'the agent runs as root',
    root_helper_daemon: 'the agent runs as root',
    polling_interval: 'the kernel tells of changes',
    ...same('it is a setting of a process of stock Neutron', 'log_agent_heartbeats quitting_rpc_timeout'),
    ...same(
      'tunnels are unicast, on UDP port 4789, with known addresses',
      'l2_population vxlan_udp_port dont_fragment tunnel_csum dscp dscp_inherit',
    ),
    comment_iptables_rules: 'rules have no comments',
    availability_zone: 'availability zones are not there yet',
    prevent_arp_spoofing: 'it is always on',
  },
  securitygroup: { '*': 'security groups are always on, in the way of the driver' },
  ml2_type_vxlan: { vxlan_group: 'tunnels are unicast, on UDP port 4789, with known addresses' },
  vxlan: { '*': 'tunnels are unicast, on UDP port 4789, with known addresses' },
  ovs: {
    ...same('it is a setting of a process of stock Neutron', 'of_connect_timeout of_request_timeout of_interface'),
    ...same('it is a setting of a process of stock Neutron', 'of_listen_address of_listen_port of_inactivity_probe'),
    ...same(
      'it is a setting of a process of stock Neutron',
      'ovsdb_timeout ovsdb_debug ovsdb_interface use_veth_interconnection',
    ),
    ...same('the ends of the patches have the usual names', 'int_peer_patch_port tun_peer_patch_port'),
    ...same('it is not there yet', 'vhostuser_socket_dir resource_provider_bandwidths igmp_snooping_enable'),
    enable_tunneling: 'a host with a local_ip has tunnels',
    tunnel_id_ranges: 'the ranges stand in the sections of [ml2]',
  },
  local_ip: { static_nat: 'addresses are translated by conntrack, with the firewall too' },
  database: { '*': 'the pool has its own size' },
  keystone_authtoken: {
    memcached_servers: 'tokens are remembered in the process',
    memcache_servers: 'tokens are remembered in the process',
    memcache_security_strategy: 'tokens are remembered in the process',
    memcache_secret_key: 'tokens are remembered in the process',
    auth_section: 'the service user stands in [keystone_authtoken] itself',
    certfile: 'there are no certificates of clients',
    keyfile: 'there are no certificates of clients',
    delay_auth_decision: 'who is not known is refused at once',
    '*': 'tokens are checked without it',
  },
  nova: { '*': 'Nova is not told of changes' },
  placement: { '*': 'Placement is not told of resources' },
  experimental: { '*': 'linuxbridge is no experiment here' },
  ha: { '*': 'highly available routers are not there yet' },
  cors: { '*': 'there is no CORS' },
  ssl: { '*': 'TLS is not there yet; put a proxy in front' },
  keystone: { '*': 'nothing there is read' },
  privsep: { '*': 'the agent runs as root' },
  'oslo_*': { '*': 'it is a setting of a library of stock Neutron' },
};

/** Why an option of stock Neutron has no effect here; undefined for one that is not known. */
export function unusedReason(section: string, name: string): string | undefined {
  const group =
    reasons[section === 'DEFAULT' ? section : section.toLowerCase()] ??
    reasons[section.startsWith('oslo_') ? 'oslo_*' : ''];
  return group?.[name] ?? group?.['*'];
}
