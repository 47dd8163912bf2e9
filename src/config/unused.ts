/** Options of stock Neutron that mean nothing here, with the reason: an operator is told so, instead of wondering. */

const broker = 'there is no message broker';
const processes = 'one process does the work of these';
const metadata = 'the metadata service is not there yet';
const oneDriver = 'the only driver is linuxbridge';
const elsewhere = 'the log goes to stderr';

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
    interface_driver: oneDriver,
    ovs_use_veth: oneDriver,
    dhcp_driver: 'dnsmasq is the only DHCP server',
    enable_isolated_metadata: metadata,
    force_metadata: metadata,
    enable_metadata_network: metadata,
    enable_metadata_proxy: metadata,
    metadata_port: metadata,
    nova_metadata_host: metadata,
    metadata_proxy_shared_secret: metadata,
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
    dnsmasq_dns_servers: 'instances are given the name servers of their subnets',
    dnsmasq_local_resolv: 'instances are given the name servers of their subnets',
    dnsmasq_config_file: 'dnsmasq is told everything on its command line',
    handle_internal_only_routers: 'it is always on',
    vlan_transparent: 'VLAN-transparent networks are not there yet',
  },
  agent: {
    root_helper: 'the agent runs as root',
    root_helper_daemon: 'the agent runs as root',
    tunnel_types: 'tunnels follow the networks',
    polling_interval: 'the kernel tells of changes',
    prevent_arp_spoofing: 'it is always on',
  },
  securitygroup: { '*': 'security groups are always on, by iptables' },
  linux_bridge: { physical_interface_mappings: 'put the interface into a bridge and name that in bridge_mappings' },
  vxlan: { '*': 'tunnels are unicast, on UDP port 4789, with known addresses' },
  ovs: { '*': oneDriver },
  database: { '*': 'the pool has its own size' },
  keystone_authtoken: { '*': 'the embedded Identity is the only one yet' },
  nova: { '*': 'Nova is not told of changes' },
  placement: { '*': 'Placement is not told of resources' },
  experimental: { '*': 'linuxbridge is no experiment here' },
  ha: { '*': 'highly available routers are not there yet' },
  cors: { '*': 'there is no CORS' },
  ssl: { '*': 'TLS is not there yet; put a proxy in front' },
  keystone: { '*': 'the embedded Identity is the only one yet' },
  privsep: { '*': 'the agent runs as root' },
  'oslo_*': { '*': 'it is a setting of a library of stock Neutron' },
};

/** Why an option of stock Neutron has no effect here; undefined for one that is not known. */
export function unusedReason(section: string, name: string): string | undefined {
  const group = reasons[section] ?? reasons[section.startsWith('oslo_') ? 'oslo_*' : ''];
  return group?.[name] ?? group?.['*'];
}
