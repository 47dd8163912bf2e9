/** The rules that hold for a port: those of its groups, whichever driver enforces them. */
import type { HostPort } from '../../model/host-objects.ts';
import type { Lookup } from './language.ts';
import { type GroupRule, remoteSetOf } from './security.ts';

/** The rules of a port. */
export interface PortRules {
  readonly rules: readonly GroupRule[];
  readonly waiting: string | null;
  /** Its connections are not tracked: each direction needs its rule. */
  readonly stateless: boolean;
}

/**
 * The rules of the port's groups that can be written; the others wait for what they refer to, and until then allow nothing. A
 * port is stateless where all its groups are: a stateful one's rules count on tracking. (Neutron asks the first group alone.)
 */
export function rulesOf(port: HostPort, look: Lookup): PortRules {
  const rules: GroupRule[] = [];
  let waiting: string | null = null;
  let stateful = port.security_groups.length === 0;
  for (const id of port.security_groups) {
    const group = look(`security_group/${id}`);
    if (group?.kind !== 'security_group') {
      waiting ??= `security group ${id} has not arrived yet`;
      stateful = true;
      continue;
    }
    stateful ||= group.stateful;
    for (const one of group.rules) {
      const remote = remoteSetOf(one);
      if (remote === null || look(`address_set/${remote}`)) rules.push(one);
      else waiting ??= `the addresses of group ${remote} have not arrived yet`;
    }
  }
  return { rules, waiting, stateless: !stateful };
}
