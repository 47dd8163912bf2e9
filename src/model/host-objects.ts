/**
 * What a host's agent is told: one JSON object for each thing that the host has to realise, by key. The server builds them
 * (rules/host-view), the watch stream carries them, the agent keeps them on disk, the planner renders them into facts.
 *
 * An object is self-sufficient together with the others that it names by key, and has no field whose change would not concern
 * the host: two equal objects mean that nothing is to be done.
 */

/** `network/<id>`: present where the host has a port, a DHCP service or a router on the network. */
export interface HostNetwork {
  readonly kind: 'network';
  readonly id: string;
  readonly network_type: 'flat' | 'vlan' | 'vxlan' | 'gre' | 'geneve' | 'local';
  readonly physical_network: string | null;
  readonly segmentation_id: number | null;
  /** Bytes. */
  readonly mtu: number;
  readonly admin_state_up: boolean;
  /** Ports of the network on other hosts: frames to `mac` go to the tunnel endpoint `vtep`. Sorted by mac. */
  readonly remote_ports: readonly { mac: string; ips: readonly string[]; vtep: string }[];
}

/** A fixed address with the length of its subnet's prefix in bits. */
export interface HostAddress {
  readonly ip: string;
  readonly prefix_length: number;
  readonly subnet_id: string;
}

/** A limit of bandwidth, as a token bucket. */
export interface HostBandwidth {
  /** kbit/s. */
  readonly max_kbps: number;
  /** What may be exceeded for a moment, in kbit; 0: 80 % of the limit. */
  readonly max_burst_kbps: number;
}

/** How fast, and how marked, the traffic of a port is. */
export interface HostQos {
  /** Towards the port; null: as fast as it can. */
  readonly ingress: HostBandwidth | null;
  /** From the port. */
  readonly egress: HostBandwidth | null;
  /** The DSCP mark of what comes from the port; null: its own. */
  readonly dscp_mark: number | null;
}

/** A local IP that leads to a port: what is on the same network and host reaches the port by it. IPv4. */
export interface HostLocalIp {
  readonly ip: string;
  /** The address of the port that packets get. */
  readonly fixed_ip: string;
}

/** `port/<id>`: a port of an instance that is bound to the host. */
export interface HostPort {
  readonly kind: 'port';
  readonly id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly HostAddress[];
  readonly admin_state_up: boolean;
  readonly device_id: string;
  readonly device_owner: string;
  /** Of a subport: the parent port, whose interface carries its frames with this tag. */
  readonly trunk?: { readonly parent_port_id: string; readonly segmentation_id: number };
  readonly port_security_enabled: boolean;
  readonly allowed_address_pairs: readonly { ip_address: string; mac_address?: string }[];
  /** Ids of security groups: `security_group/<id>`. */
  readonly security_groups: readonly string[];
  /** What its QoS policy, or else that of its network, asks for; absent where that is nothing. */
  readonly qos?: HostQos;
  /** Sorted by ip; absent where there is none. */
  readonly local_ips?: readonly HostLocalIp[];
}

/** `security_group/<id>`: present where a port of the host is in it. */
export interface HostSecurityGroup {
  readonly kind: 'security_group';
  readonly id: string;
  readonly stateful: boolean;
  /** Sorted by id. A rule with `remote_group_id` or `remote_address_group_id` refers to `address_set/<id>`. */
  readonly rules: readonly {
    id: string;
    direction: 'ingress' | 'egress';
    ethertype: 'IPv4' | 'IPv6';
    /** A protocol as iptables takes it (a name or a number), or null for any. */
    protocol: string | null;
    port_range_min: number | null;
    port_range_max: number | null;
    remote_ip_prefix: string | null;
    remote_group_id: string | null;
    remote_address_group_id: string | null;
  }[];
}

/**
 * `address_set/<id>` of a security group: the addresses of its members; of an address group: its prefixes. Present where a rule
 * on the host refers to it. Sorted.
 */
export interface HostAddressSet {
  readonly kind: 'address_set';
  readonly id: string;
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

/** A subnet as its addresses are told of. */
export interface HostSubnet {
  readonly id: string;
  readonly ip_version: 4 | 6;
  readonly cidr: string;
  readonly gateway_ip: string | null;
  readonly dns_nameservers: readonly string[];
  readonly host_routes: readonly { destination: string; nexthop: string }[];
}

/** Neutron's names of the ways in which IPv6 addresses come about. */
export type Ipv6Mode = 'slaac' | 'dhcpv6-stateful' | 'dhcpv6-stateless';

/** `dhcp/<network id>`: the DHCP service of a network, where the host runs it. */
export interface HostDhcp {
  readonly kind: 'dhcp';
  /** The network's id. */
  readonly id: string;
  readonly port: { readonly id: string; readonly mac_address: string; readonly fixed_ips: readonly HostAddress[] };
  /** Bytes; option 26. */
  readonly mtu: number;
  readonly domain: string;
  readonly lease_seconds: number;
  /** The subnets with DHCP on. Sorted by id. */
  readonly subnets: readonly (HostSubnet & {
    /** Where the addresses of an IPv6 subnet come from; null: from DHCP, as those of IPv4. */
    ipv6_address_mode: Ipv6Mode | null;
    /** A router of ours has the gateway's address: metadata is asked of it, not of the DHCP service. */
    routed: boolean;
    /** The addresses of all DHCP services of the network on it, this one's too. Sorted. */
    dhcp_ips: readonly string[];
  })[];
  /** One entry for each address that may be leased; `client_id` where the client is told by that too. Sorted by ip. */
  readonly hosts: readonly { port_id: string; mac_address: string; ip: string; hostname: string; client_id?: string }[];
  /** Addresses that have a name and no lease: instances make them up from advertisements. Absent where there are none; sorted by ip. */
  readonly names?: readonly { ip: string; hostname: string }[];
  /** Options of single ports, absent where no port has any. Sorted by port_id, ip_version, name. */
  readonly options?: readonly {
    port_id: string;
    mac_address: string;
    ip_version: 4 | 6;
    name: string;
    value: string;
  }[];
}

/** An interface of a router: `qr-` or `qg-`. */
export interface HostRouterInterface {
  readonly port_id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly HostAddress[];
  /** Bytes. */
  readonly mtu: number;
  /** The subnets that the router advertises to the hosts on the link, by cidr; absent where there is none. */
  readonly advertised?: readonly {
    cidr: string;
    mode: 'slaac' | 'dhcpv6-stateless' | 'dhcpv6-stateful';
    dns_nameservers: readonly string[];
  }[];
  /** The address scopes of its subnets; absent where they have none. */
  readonly ipv4_address_scope?: string;
  readonly ipv6_address_scope?: string;
}

/** What a metering label counts of the traffic through a router's gateway. */
export interface HostMetering {
  readonly label_id: string;
  /** Prefixes are of one IP version; null: any address. Addresses are those of the inside. Sorted. */
  readonly rules: readonly {
    direction: 'ingress' | 'egress';
    excluded: boolean;
    source_ip_prefix: string | null;
    destination_ip_prefix: string | null;
  }[];
}

/** `router/<id>`: a router that the host carries. */
export interface HostRouter {
  readonly kind: 'router';
  readonly id: string;
  readonly admin_state_up: boolean;
  /** Sorted by port_id. */
  readonly interfaces: readonly HostRouterInterface[];
  readonly gateway:
    | (HostRouterInterface & { readonly gateway_ips: readonly string[]; readonly enable_snat: boolean })
    | null;
  readonly routes: readonly { destination: string; nexthop: string }[];
  /** Sorted by id. */
  readonly floating_ips: readonly { id: string; floating_ip: string; fixed_ip: string }[];
  /** Sorted by helper, protocol and port; absent where there is none. */
  readonly conntrack_helpers?: readonly { helper: string; protocol: string; port: number }[];
  /**
   * The inside addresses of IPv6 that it answers for outside; what comes from there to others in the address scope is dropped.
   * Sorted. Absent where it answers for none and lets all in.
   */
  readonly ndp_proxies?: readonly string[];
  /** How fast addresses of the router outside may be, as seen from the instances. Sorted by ip; absent where none is limited. */
  readonly limits?: readonly { ip: string; ingress: HostBandwidth | null; egress: HostBandwidth | null }[];
  /** What is counted on it; absent where nothing is. */
  readonly metering?: {
    /** Whose router it is. */
    readonly project_id: string;
    /** Sorted by label_id; not empty. */
    readonly labels: readonly HostMetering[];
  };
  /** Sorted by id. */
  readonly port_forwardings: readonly {
    id: string;
    floatingip_id: string;
    floating_ip: string;
    protocol: string;
    external_first: number;
    external_last: number;
    internal_ip: string;
    internal_first: number;
    internal_last: number;
  }[];
}

/**
 * `metadata/<network id>`: the instances of a network as the metadata service tells them of themselves. Present where their requests
 * come in: where the host has the network's DHCP service or a router with an interface on it.
 */
export interface HostMetadata {
  readonly kind: 'metadata';
  /** The network's id. */
  readonly id: string;
  /** Bytes. */
  readonly mtu: number;
  /** Of the names of instances; '' for none. */
  readonly domain: string;
  /** All subnets. Sorted by id. */
  readonly subnets: readonly (HostSubnet & {
    readonly enable_dhcp: boolean;
    readonly ipv6_address_mode: Ipv6Mode | null;
  })[];
  /** Sorted by port_id. */
  readonly instances: readonly {
    port_id: string;
    /** The instance's id; '' where nobody gave one. */
    device_id: string;
    project_id: string;
    mac_address: string;
    /** The name of the port in DNS, else its own; '' where it has neither. */
    name: string;
    fixed_ips: readonly HostAddress[];
    /** Public SSH keys by name, as `binding:profile` has them; absent where there are none. */
    public_keys?: Readonly<Record<string, string>>;
    /** In base64, as `binding:profile` has it; absent where there is none. */
    user_data?: string;
  }[];
}

/** A port as a trunk carries it. */
export interface HostTrunkPort {
  readonly port_id: string;
  readonly mac_address: string;
}

/** `trunk/<id>`: a trunk whose parent port is an instance's on the host. */
export interface HostTrunk {
  readonly kind: 'trunk';
  readonly id: string;
  readonly parent: HostTrunkPort;
  /** Sorted by port_id. `segmentation_id` is the VLAN tag of a subport's frames within the instance. */
  readonly sub_ports: readonly (HostTrunkPort & { readonly segmentation_id: number })[];
}

export type HostObject =
  | HostNetwork
  | HostPort
  | HostSecurityGroup
  | HostAddressSet
  | HostDhcp
  | HostRouter
  | HostMetadata
  | HostTrunk;
export type HostObjectKind = HostObject['kind'];

const kinds: Readonly<Record<HostObjectKind, true>> = {
  network: true,
  port: true,
  security_group: true,
  address_set: true,
  dhcp: true,
  router: true,
  trunk: true,
  metadata: true,
};
/** The kinds of objects. */
export const hostObjectKinds: ReadonlySet<string> = new Set(Object.keys(kinds));

/** `<kind>/<id>`. */
export type HostKey = `${HostObjectKind}/${string}`;

/** The key of an object. */
export function hostKey(object: { kind: HostObjectKind; id: string }): HostKey {
  return `${object.kind}/${object.id}`;
}

/** One line of `GET /agent/v1/hosts/{host}/watch` (application/x-ndjson). */
export type WatchLine =
  /** What follows, up to the next bookmark, is everything: what is not named is gone. */
  | { readonly type: 'snapshot' }
  | { readonly type: 'object'; readonly object: HostObject }
  | { readonly type: 'gone'; readonly key: HostKey }
  /** All up to revision `rev` has been sent; ask with `since=rev` after a broken connection. Also sent as a sign of life. */
  | { readonly type: 'bookmark'; readonly rev: number };

/** Body of `POST /agent/v1/hosts/{host}` : a sign of life, every `report_interval` seconds and at start. */
export interface AgentReport {
  /** Neutron's names: 'Linux bridge agent', 'L3 agent', 'DHCP agent'. */
  readonly functions: readonly { agent_type: string; binary: string; configurations: Record<string, unknown> }[];
  /** The address of the host's tunnel endpoint, or null where it has none. */
  readonly local_ip: string | null;
  /** The availability zone of the host; left out: nova. */
  readonly availability_zone?: string;
  /** physical network → bridge. */
  readonly bridge_mappings: Readonly<Record<string, string>>;
  /** API time of the process's start. */
  readonly started_at: string;
}

/** Body of `POST /agent/v1/hosts/{host}/status`. */
export interface StatusReport {
  readonly statuses: readonly {
    readonly key: HostKey;
    /** DOWN: not (yet) possible, and why; ERROR: a step failed, and which; GONE: everything of it is removed. */
    readonly state: 'ACTIVE' | 'DOWN' | 'ERROR' | 'GONE';
    readonly reason?: string;
  }[];
}

/** What a counter of a metering label came to on a router. */
export interface MeteringCount {
  readonly router_id: string;
  /** Whose router it is. */
  readonly project_id: string;
  readonly label_id: string;
  readonly direction: 'ingress' | 'egress';
  /** Since the counter was made. */
  readonly packets: number;
  readonly bytes: number;
  /** The counter is no more: one that comes after it begins at 0. */
  readonly ended?: true;
}

/** Body of `POST /agent/v1/hosts/{host}/metering`. */
export interface MeteringReport {
  /** The run of the agent: the number of a report is of one run. */
  readonly run: string;
  /** Rises by 1. A report that comes again, because its answer was lost, is the same one and counts once. */
  readonly number: number;
  /** The run of the host's kernel: with another one all counters began at 0. */
  readonly boot: string;
  /** Those that rose or ended since the last report, in the order in which it came about; at most 1000. */
  readonly counts: readonly MeteringCount[];
}

/** Counts in one report. */
export const meteringCountsLimit = 1000;

/** The first 11 characters of a port's or network's id, as device names carry them. */
export function deviceSuffix(id: string): string {
  return id.slice(0, 11);
}
