/** The data of the one-NIC move: what was seen, what is to be done, what the journal keeps. All of it is JSON. */

/** 4 or 6. */
export type Family = 4 | 6;

/** The switch that the bridge belongs to. */
export type NicDriver = 'linuxbridge' | 'openvswitch';

/** An address of a device. */
export interface Address {
  readonly family: Family;
  readonly local: string;
  readonly prefix: number;
  /** The other end of a point-to-point address. */
  readonly peer?: string;
  readonly broadcast?: string;
  readonly scope: string;
  /** IPv4: the alias, `ens0:1`. */
  readonly label?: string;
  /** Seconds that were left when it was seen; null: for ever. */
  readonly validSeconds: number | null;
  readonly preferredSeconds: number | null;
  /** Flags that can be given with the address: noprefixroute, mngtmpaddr, home, nodad, autojoin. */
  readonly flags: readonly string[];
  /** What the kernel alone gives: temporary, stable-privacy, tentative, dadfailed. */
  readonly kernelFlags: readonly string[];
  /** Metric of the route that comes with it. */
  readonly metric?: number;
  readonly protocol?: string;
}

/** A route, as the words that `ip route add` takes: type first, `default` written out for IPv6. */
export interface Route {
  readonly family: Family;
  readonly words: readonly string[];
}

/** A policy rule, as the words that `ip rule add` takes. */
export interface Rule {
  readonly family: Family;
  readonly words: readonly string[];
}

/** A neighbour entry worth keeping. */
export interface Neighbour {
  readonly dst: string;
  /** Absent: an entry of the proxy table. */
  readonly mac?: string;
  readonly permanent: boolean;
}

/** A device with its addresses. */
export interface NicDevice {
  readonly name: string;
  readonly index: number;
  /** `link/ether`, `link/loopback`, …, as `ip` calls it. */
  readonly linkType: string;
  /** veth, bridge, bond, vlan, …; absent for hardware. */
  readonly kind?: string;
  /** The kind that the device has as a port of its master. */
  readonly portKind?: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly master?: string;
  /** The device that this one is made on (a VLAN, a macvlan). */
  readonly lower?: string;
  readonly addresses: readonly Address[];
}

/** What OVSDB says, as far as the move needs it. */
export interface OvsView {
  /** Why it cannot be used; absent: ovsdb-server and ovs-vswitchd answer. */
  readonly problem?: string;
  /** Ports by bridge, without the bridge's own. */
  readonly bridges: Readonly<Record<string, { readonly datapath: string; readonly ports: readonly string[] }>>;
}

/** What systemd-resolved knows by a device. */
export interface LinkDns {
  readonly servers: readonly string[];
  /** Search and routing domains, `~.` among them. */
  readonly domains: readonly string[];
}

/** The state of the host's network around a NIC. */
export interface Snapshot {
  /** Seconds since boot when it was taken, and which boot that was. */
  readonly at: number;
  readonly bootId: string;
  readonly devices: readonly NicDevice[];
  /** All unicast routes of all tables. */
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  /** By device, those of the NIC and the bridge. */
  readonly neighbours: Readonly<Record<string, readonly Neighbour[]>>;
  /** Multicast groups that programs joined, by device. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Settings under /proc/sys/net of the NIC and the bridge, by device; `DEV` stands for the name. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly ovs?: OvsView;
  /** By device; absent where systemd-resolved does not run. */
  readonly dns?: Readonly<Record<string, LinkDns>>;
}

/** A file to write; null content: it is not there. */
export interface FileChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly mode: number;
}

/** Which program keeps the configuration of the NIC across boots. */
export type Manager = 'netplan' | 'networkmanager' | 'ifcfg' | 'networkd' | 'ifupdown' | 'unit' | 'none';

/** What keeps a manager's hands off the NIC for a while: files below /run, and the commands that make it look, before and after. */
export interface Hold {
  readonly files: readonly FileChange[];
  readonly apply: readonly (readonly string[])[];
  readonly lift: readonly (readonly string[])[];
}

/** How the new state is made to last. */
export interface Persistence {
  readonly manager: Manager;
  readonly files: readonly FileChange[];
  /** Commands that check the written files, that have the manager follow them, and that have it follow the old ones again. */
  readonly check: readonly (readonly string[])[];
  readonly apply: readonly (readonly string[])[];
  readonly revert: readonly (readonly string[])[];
  /** What keeps the manager from undoing the switch during the trial; gone with a boot. */
  readonly hold?: Hold;
}

/** A DHCP client that runs on the device that addresses leave. */
export interface DhcpClient {
  readonly program: 'dhclient' | 'udhcpc';
  readonly pid: number;
  readonly started: string;
  readonly argv: readonly string[];
}

/** Something that the person has to know. A `refusal` stops; a `danger` is not confirmed without a person; a `note` is told. */
export interface Finding {
  readonly level: 'refusal' | 'danger' | 'note';
  readonly code: string;
  readonly values: Readonly<Record<string, string>>;
}

/** What is checked after the move, found out before it. */
export interface Checks {
  /** Gateways that answered: by ARP or neighbour discovery, and by ping. */
  readonly gateways: readonly { readonly address: string; readonly ping: boolean }[];
  readonly tcp: readonly string[];
}

/** What is moved: addresses and routes go from one device to another, while the NIC enters or leaves the bridge. */
export interface Move {
  readonly kind: 'adopt' | 'release';
  readonly nic: string;
  readonly bridge: string;
  readonly driver: NicDriver;
  /** Open vSwitch: `system` or `netdev`. */
  readonly datapath?: string;
  /** The bridge is made by the move (adopt), or goes with it (release). */
  readonly ownBridge: boolean;
}

/** What the bridge gets beside what the NIC carries: what a move by hand lost, and the files still know. */
export interface Supplement {
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
}

/** Where a move stands. */
export type Phase = 'planned' | 'switching' | 'trial' | 'confirming' | 'confirmed' | 'undoing' | 'undone';

/** The journal of a move: all that is needed to finish it or to take it back. */
export interface Journal {
  readonly version: 1;
  readonly id: string;
  readonly phase: Phase;
  readonly move: Move;
  readonly before: Snapshot;
  readonly persistence: Persistence;
  readonly clients: readonly DhcpClient[];
  readonly supplement?: Supplement;
  readonly checks: Checks;
  readonly findings: readonly Finding[];
  readonly timeoutSeconds: number;
  readonly autoConfirm: boolean;
  /** Seconds since boot at which the trial ends; set when it begins. */
  readonly deadline?: number;
  /** The checks after the switch passed. */
  readonly checked?: boolean;
  /** The process that acts. */
  readonly guard?: { readonly pid: number; readonly started: string };
  /** What could not be put back; for a person to look at. */
  readonly left?: readonly string[];
  /** Why it was taken back, as a code with values. */
  readonly reason?: { readonly code: string; readonly values: Readonly<Record<string, string>> };
}
