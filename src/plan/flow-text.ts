/**
 * Flows as text. The canonical text of a flow is what `ovs-ofctl -O OpenFlow14 --names --no-stats dump-flows` prints of it (so
 * `pop_vlan`, `set_field:4097->vlan_vid`, `set_field:0x64->tun_id`), without its cookie, with table and priority always there,
 * the fields of the match in the order of the alphabet, and no quotes around the names of ports:
 *
 *     table=20,priority=2,dl_dst=fa:16:3e:00:00:01,dl_vlan=1 actions=pop_vlan,set_field:0x64->tun_id,output:vxlan-c0000202
 */
import { digest } from './render/digest.ts';

/** A flow by its parts. */
export interface Flow {
  readonly table: number;
  readonly priority: number;
  /** Fields as OVS prints them: `arp`, `dl_vlan=1`. */
  readonly match?: readonly string[];
  /** Actions as OVS prints them; none: `drop`. */
  readonly actions?: readonly string[];
}

/** The canonical text of a flow. */
export function flowText({ table, priority, match = [], actions = [] }: Flow): string {
  const fields = [`table=${table}`, `priority=${priority}`, ...[...match].sort()];
  return `${fields.join(',')} actions=${actions.length === 0 ? 'drop' : actions.join(',')}`;
}

/** The canonical texts of flows, sorted, each once: what a fact holds. */
export function flowTexts(flows: Iterable<Flow>): string[] {
  return [...new Set(Array.from(flows, flowText))].sort();
}

/** What a line of a dump says. */
export interface DumpedFlow {
  /** `0x…`, without leading zeros. */
  readonly cookie: string;
  readonly text: string;
}

/** Properties of a flow that are no part of its match. */
const asides = /^(hard_timeout|idle_timeout|importance|send_flow_rem|check_overlap|reset_counts)(=|$)/;

/** Reads a line of a dump; undefined where it is no flow. */
export function parseFlow(line: string): DumpedFlow | undefined {
  const [, head, actions] = /^(.*?)\s*actions=(.*)$/.exec(line.trim()) ?? [];
  if (head === undefined || actions === undefined) return undefined;
  const words = head.split(/[,\s]+/).filter(Boolean);
  const value = (name: string, otherwise: string) =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? otherwise;
  const match = words
    .filter((word) => !/^(cookie|table|priority)=/.test(word) && !asides.test(word))
    .map((word) => word.replace(/^in_port="(.*)"$/, 'in_port=$1'));
  const flow = { table: Number(value('table', '0')), priority: Number(value('priority', '32768')), match };
  const text = flowText({ ...flow, actions: [actions.replaceAll('"', '')] });
  return { cookie: value('cookie', '0x0'), text };
}

/** The match of a canonical text, with its table and priority: what identifies a flow on a bridge. */
export function matchOf(text: string): string {
  return text.slice(0, text.indexOf(' actions='));
}

/** What the cookies of all our flows begin with: `Nt`. */
export const cookiePrefix = '0x4e74';

/** The cookie of the flows of an owner: 16 bits that are Neutrino's, 48 of the owner. */
export function cookieOf(owner: string): string {
  return `${cookiePrefix}${digest(owner).slice(-12)}`;
}

/** The cookie of flows that the switch learns itself and forgets again; they are no fact. */
export const learnedCookie = `${cookiePrefix}ffffffffffff`;

/** Puts frames without a tag into a VLAN. */
export const pushVlan = (tag: number): string => `push_vlan:0x8100,${setVlan(tag)}`;

/** Puts frames that have a tag into another VLAN. */
export const setVlan = (tag: number): string => `set_field:${4096 + tag}->vlan_vid`;

/** Goes on in another table. */
export const resubmit = (table: number): string => `resubmit(,${table})`;
