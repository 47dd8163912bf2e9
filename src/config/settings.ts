/** What the files say, as the parts of the program take it. */
import type { NetworkingSettings } from '../rules/settings.ts';

/** Where the data lies. `url` holds a password: it goes into no message. */
export type DatabaseSettings =
  | { readonly kind: 'sqlite' /** Empty: the default file in the state folder. */; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** The Keystone that knows the tokens, and the service user that asks it. */
export interface KeystoneSettings {
  readonly authUrl: string;
  readonly username: string;
  /** Goes into no message. */
  readonly password: string;
  /** By name or by id; one of them is ''. */
  readonly project: string;
  readonly projectId: string;
  readonly userDomain: string;
  /** '' where the name counts. */
  readonly userDomainId: string;
  readonly projectDomain: string;
  readonly projectDomainId: string;
  /** Where clients log in; '' where no file says it. */
  readonly publicAuthUrl: string;
  readonly interface: string;
  /** '': any. */
  readonly region: string;
  /** A file of PEM certificates; '': the machine's. */
  readonly caFile: string;
  readonly insecure: boolean;
  /** Seconds; below 0: nothing is remembered. */
  readonly cacheSeconds: number;
  readonly deadlineSeconds: number;
  readonly retries: number;
  readonly serviceRoles: readonly string[];
  readonly serviceRolesRequired: boolean;
}

/** Of the server process. */
export interface ServerSettings {
  readonly bindHost: string;
  readonly bindPort: number;
  readonly authStrategy: 'keystone' | 'noauth';
  /** null: the embedded Identity, or none at all. */
  readonly keystone: KeystoneSettings | null;
  readonly database: DatabaseSettings;
}

/** Of every dnsmasq of a host; '' and 0 are what nobody said. */
export interface DhcpSettings {
  readonly configFile: string;
  readonly dnsServers: readonly string[];
  readonly localResolv: boolean;
  readonly broadcastReply: boolean;
  readonly renewalSeconds: number;
  readonly rebindingSeconds: number;
  readonly leaseMax: number;
  readonly logFolder: string;
}

/** The metadata service of Nova; files are '' where none is named. */
export interface NovaSettings {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly insecure: boolean;
  readonly caFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  /** Goes into no message. */
  readonly sharedSecret: string;
}

/** By which doors instances ask for metadata, and who answers. */
export interface MetadataSettings {
  readonly port: number;
  readonly routers: boolean;
  readonly isolated: boolean;
  readonly force: boolean;
  /** null: the agent itself. */
  readonly nova: NovaSettings | null;
}

/** Of Open vSwitch on a host. */
export interface OvsSettings {
  readonly integrationBridge: string;
  readonly tunnelBridge: string;
  readonly datapath: 'system' | 'netdev';
  /** `unix:PATH` or `tcp:HOST:PORT`; '': the socket in its usual place. */
  readonly connection: string;
  readonly tunnelTypes: readonly ('vxlan' | 'gre' | 'geneve')[];
  readonly arpResponder: boolean;
}

/** Of the agent of a host. */
export interface AgentSettings {
  /** The first of the two that `[ml2] mechanism_drivers` names. */
  readonly driver: 'linuxbridge' | 'openvswitch';
  readonly ovs: OvsSettings;
  readonly dhcp: DhcpSettings;
  readonly metadata: MetadataSettings;
  /** Physical network → bridge. */
  readonly bridgeMappings: Readonly<Record<string, string>>;
  /** Physical network → interface. */
  readonly interfaceMappings: Readonly<Record<string, string>>;
  /** The address of the tunnel endpoint, or null: no tunnels to other hosts. */
  readonly localIp: string | null;
  /** `[vxlan] arp_responder`. */
  readonly arpResponder: boolean;
  /** `[agent] extensions` of the l3_agent.ini; without `port_forwarding` the agent realises no forwarded port. */
  readonly l3Extensions: readonly string[];
  /** `[agent] availability_zone`. */
  readonly availabilityZone: string;
  /** Between two router advertisements. */
  readonly advertisementSeconds: { readonly min: number; readonly max: number };
  /** `[neutrino] resync_interval`. */
  readonly resyncIntervalSeconds: number;
  /** `[neutrino] nat_driver`. */
  readonly natDriver: 'iptables' | 'nftables';
  /** `[neutrino] clamp_mss`. */
  readonly clampsMss: boolean;
  readonly reportIntervalSeconds: number;
  /** `report_interval` of metering_agent.ini. */
  readonly meteringIntervalSeconds: number;
}

/** Everything that the files decide. */
export interface Settings {
  readonly networking: NetworkingSettings;
  readonly server: ServerSettings;
  readonly agent: AgentSettings;
  /** The name of this host; empty: the machine's. */
  readonly host: string;
  /** The state folder; empty: the default. */
  readonly statePath: string;
  readonly debug: boolean;
}
