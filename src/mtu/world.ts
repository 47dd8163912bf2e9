/** What a probe knows before it sends anything: the network as the server tells of it, the devices as this host shows them. Bytes. */

/** A network device of this host or of one of its named namespaces. */
export interface Device {
  /** '' is the host's own. */
  readonly namespace: string;
  readonly name: string;
  readonly index: number;
  readonly mtu: number;
  /** The index of the other end of a pair, in its namespace. */
  readonly peerIndex?: number;
  readonly master?: string;
  readonly alias?: string;
  readonly addresses: readonly string[];
}

/** A port of the network. */
export interface ProbePort {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly deviceOwner: string;
  /** Of a router's port: the router. */
  readonly deviceId: string;
  readonly ips: readonly string[];
}

/** A router with an interface on the network. */
export interface ProbeRouter {
  readonly id: string;
  readonly name: string;
  /** Its way out, where it has one. */
  readonly outside: {
    readonly portId: string;
    readonly networkId: string;
    /** The MTU of the external network. */
    readonly mtu: number;
    /** The next hops there. */
    readonly gatewayIps: readonly string[];
  } | null;
}

/** The network and what is on it. */
export interface ProbeWorld {
  /** What this host is called in bindings. */
  readonly host: string;
  readonly network: { readonly id: string; readonly name: string; readonly mtu: number };
  /** Where its frames travel in tunnels between hosts; null: they do not. */
  readonly tunnel: {
    /** The VXLAN device of Linux bridge, where there is one. */
    readonly device: string | null;
    /** What the tunnel adds to an inner IP packet. */
    readonly headers: number;
    /** host → the address of its end. */
    readonly endpoints: ReadonlyMap<string, string>;
  } | null;
  readonly ports: readonly ProbePort[];
  readonly routers: readonly ProbeRouter[];
}

/** A place on this host that packets can be sent from. */
export interface Station {
  readonly kind: 'instance' | 'dhcp' | 'router';
  readonly port: ProbePort;
  readonly device: Device;
}

/** What is sent to. */
export interface Target {
  readonly kind: 'port' | 'gateway' | 'outside' | 'address';
  readonly ip: string;
  /** Where the address is a port's. */
  readonly port?: ProbePort;
  /** Of `outside` and of an address that is no port's: the router that leads there. */
  readonly router?: ProbeRouter;
}

/** One way to probe. */
export interface ProbePath {
  readonly from: Station;
  readonly to: Target;
}

/** What became of one packet that must not be fragmented. */
export type Sent =
  | { readonly outcome: 'passed' }
  /** Somebody said that it is too large; `by` null: the sender's own kernel. */
  | { readonly outcome: 'refused'; readonly mtu: number; readonly by: string | null }
  /** No answer, no error. */
  | { readonly outcome: 'lost' }
  /** It could not be sent at all, for another reason than its size. */
  | { readonly outcome: 'unsendable'; readonly why: string };
