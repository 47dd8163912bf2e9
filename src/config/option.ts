/** What it takes to declare an option. */
import type { ValueKind } from './values.ts';

/**
 * Which of Neutron's programs a file is written for, by its name: the same option (`[agent] extensions`) means different things
 * to the L3 agent and to the L2 agent, and here one process reads the files of all of them.
 */
export type FileRole = 'server' | 'l2' | 'l3' | 'dhcp' | 'any';

/** One option: where it stands, what it takes, what it means. */
export interface OptionDefinition<T> {
  readonly section: string;
  readonly name: string;
  readonly kind: ValueKind<T>;
  /** Its value where no file names it. */
  readonly default: T;
  /** What it means, one sentence or more; Markdown. */
  readonly doc: string;
  /** Older names of it, in the same section unless they name another: `network_device_mtu`, `DEFAULT.foo`. */
  readonly deprecated: readonly string[];
  /** Only files of this role have it. */
  readonly role?: FileRole;
  /** Its value is kept out of messages and logs. */
  readonly secret: boolean;
}

/** Declares an option; the section is written once for a group of them. */
export function optionsOf(section: string, role?: FileRole) {
  return function option<T>(
    name: string,
    kind: ValueKind<T>,
    fallback: T,
    doc: string,
    more: { deprecated?: readonly string[]; secret?: boolean } = {},
  ): OptionDefinition<T> {
    const { deprecated = [], secret = false } = more;
    return { section, name, kind, default: fallback, doc, deprecated, secret, ...(role ? { role } : {}) };
  };
}

/**
 * Which program a file is for: l3_agent.ini, dhcp_agent.ini, ml2_conf.ini and the files of L2 agents by their names, any other
 * *.conf the server. A file with another name may hold options of all of them.
 */
export function roleOf(file: string): FileRole {
  const name = file.slice(file.lastIndexOf('/') + 1).toLowerCase();
  if (/l3/.test(name)) return 'l3';
  if (/dhcp/.test(name)) return 'dhcp';
  if (/ml2|bridge|openvswitch|ovs|l2/.test(name)) return 'l2';
  return name.endsWith('.conf') ? 'server' : 'any';
}
