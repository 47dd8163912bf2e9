/** What every rendering is given and gives. */
import type { HostKey, HostObject } from '../../model/host-objects.ts';
import type { Fact, OvsDatapath } from '../facts.ts';

/** The object of a key, or undefined where it has not arrived (or is gone). */
export type Lookup = <K extends HostKey>(key: K) => HostObject | undefined;

/** By what routers translate addresses. */
export type NatDriver = 'iptables' | 'nftables';

/** The types of networks whose frames travel through tunnels. */
export type TunnelType = 'vxlan' | 'gre' | 'geneve';

/** The options of the Open vSwitch driver; names are Neutron's. */
export interface OvsEnvironment {
  readonly integrationBridge: string;
  readonly tunnelBridge: string;
  /** `[ovs] datapath_type`. */
  readonly datapath: OvsDatapath;
  /** `[agent] tunnel_types`. */
  readonly tunnelTypes: readonly TunnelType[];
  /** `[agent] arp_responder`: requests for ports on other hosts are answered here. */
  readonly arpResponder: boolean;
}

/** What a rendering needs to know of the host itself. */
export interface HostEnvironment {
  /** Where files of daemons live; absolute, without a final slash. */
  readonly stateDir: string;
  /** The address of the host's tunnel endpoint. */
  readonly localIp: string | null;
  /** Physical network → bridge. */
  readonly bridgeMappings: Record<string, string>;
  /** Physical network → interface, for the Linux bridge driver; left out: none. */
  readonly interfaceMappings?: Readonly<Record<string, string>>;
  /** `[vxlan] arp_responder`, for the Linux bridge driver: requests for ports on other hosts are answered here. Default false. */
  readonly arpResponder?: boolean;
  /** Names of the devices that are present in the root namespace, for the taps of instances. */
  readonly links: ReadonlySet<string>;
  readonly driver: 'linuxbridge' | 'openvswitch';
  readonly natDriver: NatDriver;
  /** Seconds between two router advertisements; default 30 to 100. */
  readonly advertisementSeconds?: { readonly min: number; readonly max: number };
  /** How Open vSwitch is used, where it is the driver. */
  readonly ovs?: OvsEnvironment;
  /**
   * The local VLAN of a network on the integration bridge: the same one each time it is asked for. Undefined: all of them are
   * taken. Only with the driver openvswitch.
   */
  readonly localVlan?: (networkId: string) => number | undefined;
  /**
   * The interface that is for a port (`external_ids:iface-id`) on a bridge, left out: on the integration bridge. Only with the driver
   * openvswitch.
   */
  readonly portDevice?: (portId: string, bridge?: string) => string | undefined;
  /** False: the L3 agent has no extension port_forwarding, so forwarded ports are not realised here. Default true. */
  readonly forwardsPorts?: boolean;
  /** False: the largest segment of TCP is left as it is where a router's outside carries less than its inside. Default true. */
  readonly clampsMss?: boolean;
  /** How instances reach the metadata service; left out: not at all. */
  readonly metadata?: MetadataEnvironment;
  /** What the operator told dnsmasq; left out: nothing. */
  readonly dhcp?: DhcpEnvironment;
}

/** By which doors requests for metadata come in. */
export interface MetadataEnvironment {
  /** The port in routers' namespaces that requests are sent on to (`metadata_port`). */
  readonly port: number;
  /** By routers (`enable_metadata_proxy`). */
  readonly routers: boolean;
  /** By the DHCP services of subnets without a router (`enable_isolated_metadata`). */
  readonly isolated: boolean;
  /** By DHCP services always (`force_metadata`). */
  readonly force: boolean;
}

/** Options of dhcp_agent.ini for dnsmasq. */
export interface DhcpEnvironment {
  /** `dnsmasq_config_file`; '': none. */
  readonly configFile: string;
  /** `dnsmasq_dns_servers`: where dnsmasq asks on. */
  readonly dnsServers: readonly string[];
  /** `dnsmasq_local_resolv`: it asks on where the host does. */
  readonly localResolv: boolean;
  /** `dhcp_broadcast_reply`. */
  readonly broadcastReply: boolean;
  /** `dhcp_renewal_time` and `dhcp_rebinding_time`, seconds; 0: dnsmasq's own. */
  readonly renewalSeconds: number;
  readonly rebindingSeconds: number;
  /** `dnsmasq_lease_max`. */
  readonly leaseMax: number;
  /** `dnsmasq_base_log_dir`: a folder for the logs of DHCP and DNS; '': none. */
  readonly logFolder: string;
}

/** What came of rendering an object. */
export interface Rendering {
  readonly facts: Fact[];
  /** Why the object cannot be ACTIVE yet, as a sentence: its tap does not exist, a relative has not arrived. */
  readonly waiting: string | null;
  /** Why the object cannot be realised on this host, as a sentence with what to do. */
  readonly problem: string | null;
}
