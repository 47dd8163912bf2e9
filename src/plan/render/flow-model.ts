/**
 * A small switch: carries a packet through flows as Open vSwitch does, as far as the firewall's flows go. For tests, which
 * compare it with a plain reading of the rules on one side, and with `ofproto/trace` of a real switch on the other.
 */
import { cidrContains, parseCidr, parseIp } from '../../lib/ip.ts';

/** A packet by the fields that flows match on; absent ones it does not have. */
export type Packet = Readonly<Record<string, string | number | undefined>>;

/** What conntrack knows of the packet's connection. */
export interface Connection {
  readonly is: 'new' | 'established' | 'reply';
  readonly mark: 0 | 1;
  /** The address that its answers had as their destination before they were translated. */
  readonly asked?: string;
}

/** What became of a packet. */
export interface Fate {
  /** Ports, or NORMAL. */
  readonly outputs: readonly string[];
  /** What conntrack was told: commit, or the mark. */
  readonly committed: readonly ('commit' | 'mark 0' | 'mark 1')[];
  /** The packet as it goes out. */
  readonly packet: Packet;
}

interface Rule {
  readonly priority: number;
  readonly match: readonly string[];
  readonly actions: readonly string[];
}

const kinds: Readonly<Record<string, readonly [type: string, protocol?: number]>> = {
  arp: ['arp'],
  ip: ['ip'],
  ipv6: ['ipv6'],
  tcp: ['ip', 6],
  tcp6: ['ipv6', 6],
  udp: ['ip', 17],
  udp6: ['ipv6', 17],
  sctp: ['ip', 132],
  sctp6: ['ipv6', 132],
  icmp: ['ip', 1],
  icmp6: ['ipv6', 58],
};

/** Splits at commas that stand in no parentheses. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const letter of text) {
    if (letter === '(') depth++;
    if (letter === ')') depth--;
    if (letter === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += letter;
  }
  return [...parts, part];
}

function inPrefix(prefix: string, address: string): boolean {
  const [cidr, ip] = [parseCidr(prefix), parseIp(address)];
  return cidr !== undefined && ip !== undefined && cidr.version === ip.version && cidrContains(cidr, ip);
}

const bits = (mac: string) => BigInt(`0x${mac.replaceAll(':', '')}`);

/** A switch with these flows. */
export class FlowModel {
  readonly #tables = new Map<number, Rule[]>();

  constructor(texts: Iterable<string>) {
    for (const text of texts) {
      const at = text.indexOf(' actions=');
      const fields = text.slice(0, at).split(',');
      const value = (name: string) => Number(fields.find((field) => field.startsWith(`${name}=`))?.split('=')[1]);
      const rules = this.#tables.get(value('table')) ?? [];
      this.#tables.set(value('table'), rules);
      const match = fields.filter((field) => !/^(table|priority)=/.test(field));
      rules.push({ priority: value('priority'), match, actions: split(text.slice(at + ' actions='.length)) });
    }
    for (const rules of this.#tables.values()) rules.sort((a, b) => b.priority - a.priority);
  }

  /** Carries a packet from table 60 on. `connection`: what conntrack says once it is asked. */
  carry(packet: Packet, connection: Connection): Fate {
    const walk = new Walk(this.#tables, packet, connection);
    walk.table(60);
    return { outputs: walk.outputs, committed: walk.committed, packet: walk.packet };
  }
}

class Walk {
  readonly outputs: string[] = [];
  readonly committed: Fate['committed'][number][] = [];
  readonly #tables: ReadonlyMap<number, readonly Rule[]>;
  readonly #packet: Record<string, string | number | undefined>;
  readonly #connection: Connection;
  readonly #registers = new Map<string, bigint>();
  #tracked = false;

  constructor(tables: ReadonlyMap<number, readonly Rule[]>, packet: Packet, connection: Connection) {
    this.#tables = tables;
    this.#packet = { ...packet };
    this.#connection = connection;
  }

  get packet(): Packet {
    return this.#packet;
  }

  table(number: number): void {
    const rule = this.#tables.get(number)?.find(({ match }) => match.every((field) => this.#matches(field)));
    for (const action of rule?.actions ?? []) this.#act(action);
  }

  #register(name: string): bigint {
    return this.#registers.get(name) ?? 0n;
  }

  #matches(field: string): boolean {
    const [name = '', value = ''] = field.split('=');
    const kind = kinds[field];
    if (kind) return this.#packet.type === kind[0] && (kind[1] === undefined || this.#packet.nw_proto === kind[1]);
    if (name === 'ct_state') return this.#isState(value);
    if (name === 'ct_mark') return Number(value) === (this.#tracked ? this.#connection.mark : 0);
    const [wanted = '', mask] = value.split('/');
    if (/^reg\d+$|^metadata$/.test(name)) {
      const all = mask === undefined ? -1n : BigInt(mask);
      return (this.#register(name) & all) === (BigInt(wanted) & all);
    }
    return this.#hasField(name, value, wanted, mask);
  }

  #hasField(name: string, value: string, wanted: string, mask: string | undefined): boolean {
    const has = this.#packet[name];
    if (has === undefined) return false;
    if (/^(nw|ipv6)_(src|dst)$|^arp_.pa$|^nd_/.test(name)) return inPrefix(value, String(has));
    if (name.startsWith('dl_') && mask) return (bits(String(has)) & bits(mask)) === bits(wanted);
    if (mask) return (Number(has) & Number(mask)) === Number(wanted);
    return String(has) === wanted;
  }

  #isState(value: string): boolean {
    const { is } = this.#connection;
    const states: Readonly<Record<string, boolean>> = {
      trk: this.#tracked,
      new: this.#tracked && is === 'new',
      est: this.#tracked && is !== 'new',
      rpl: this.#tracked && is === 'reply',
      rel: false,
      inv: false,
    };
    return [...value.matchAll(/([+-])(\w{3})/g)].every(([, sign, state = '']) => (sign === '+') === states[state]);
  }

  #act(action: string): void {
    const [, asked, next] = /^(resubmit\(|ct\((?:commit,)?table=),?(\d+)/.exec(action) ?? [];
    const [, mark] = /^ct\(commit,.*set_field:(\S+)->ct_mark/.exec(action) ?? [];
    if (asked?.startsWith('ct')) this.#track(action);
    if (action === 'ct_clear') this.#tracked = false;
    if (next) this.table(Number(next));
    else if (action.startsWith('ct(commit'))
      this.committed.push(mark ? (mark === '0' ? 'mark 0' : 'mark 1') : 'commit');
    else if (action.startsWith('output:')) this.#output(action.slice('output:'.length));
    else if (action === 'NORMAL' || action === 'IN_PORT') this.#output(action);
    else this.#write(action);
  }

  #track(action: string): void {
    this.#tracked = true;
    const [, address] = /nat\(dst=([^)]*)\)/.exec(action) ?? [];
    if (address !== undefined) this.#packet.nw_dst = address;
    else if (action.endsWith(',nat)') && this.#connection.asked !== undefined)
      this.#packet.nw_src = this.#connection.asked;
  }

  #output(port: string): void {
    // Nothing goes out where it came in.
    if (port !== this.#packet.in_port) this.outputs.push(port);
  }

  #write(action: string): void {
    const [, value = '', field = ''] = /^set_field:(\S+)->(\S+)$/.exec(action) ?? [];
    const [, from = '', to = '', bit] = /^move:NXM_NX_(\w+)\[0\]->NXM_NX_(\w+)\[(\d+)\]$/.exec(action) ?? [];
    if (bit !== undefined) {
      const [place, into] = [BigInt(bit), to.toLowerCase()];
      const cleared = this.#register(into) & ~(1n << place);
      this.#registers.set(into, cleared | ((this.#register(from.toLowerCase()) & 1n) << place));
    } else if (field === 'xxreg2')
      for (const [at, register] of ['reg8', 'reg9', 'reg10', 'reg11'].entries())
        this.#registers.set(register, (BigInt(value) >> BigInt(32 * (3 - at))) & 0xffff_ffffn);
    else if (/^reg\d+$|^metadata$/.test(field)) this.#registers.set(field, BigInt(value));
    else if (action === 'pop_vlan') delete this.#packet.dl_vlan;
    else if (/^eth_(src|dst)$/.test(field)) this.#packet[field.replace('eth', 'dl')] = value;
    // What ARP says is of no matter to where it goes.
    else if (!/^(drop|ct_clear|push_vlan|move:NXM_|load:|set_field:\d+->(vlan_vid|ip_dscp))/.test(action))
      throw new Error(`unknown: ${action}`);
  }
}
