/**
 * The members of a group where rules on this host refer to it, as flows: in table 83 one of them is found as a packet's source, in
 * table 84 as its destination. A port looks into the sets that its rules refer to before its rules are asked, so that a
 * member costs as much as it costs alone, however many rules and ports refer to its group. (Neutron joins members and rules by
 * conjunctions, whose numbers have to be handed out, and in whose flows an address that is in two groups is one.)
 */
import type { HostAddressSet } from '../../model/host-objects.ts';
import type { IpFamily } from '../facts.ts';
import { type Flow, flowTexts } from '../flow-text.ts';
import type { OvsEnvironment, Rendering } from './language.ts';
import { addressField, addressText } from './ovs-firewall-rules.ts';
import { found, setMatch, tables } from './ovs-tables.ts';

function memberFlows(setId: string, family: IpFamily, addresses: readonly string[]): Flow[] {
  const chosen = setMatch(setId);
  return addresses.flatMap((address) => {
    const text = addressText(address);
    return (['src', 'dst'] as const).map((end) => ({
      table: end === 'src' ? tables.sources : tables.destinations,
      priority: 10,
      match: [
        family === 4 ? 'ip' : 'ipv6',
        ...chosen,
        ...(text === undefined ? [] : [`${addressField(family, end)}=${text}`]),
      ],
      actions: [found],
    }));
  });
}

/** The facts of `address_set/<id>` with Open vSwitch. */
export function renderSwitchedSet(set: HostAddressSet, ovs: OvsEnvironment): Rendering {
  const flows = flowTexts([...memberFlows(set.id, 4, set.ipv4), ...memberFlows(set.id, 6, set.ipv6)]);
  const owner = `address_set/${set.id}`;
  return {
    facts: flows.length > 0 ? [{ fact: 'flows', bridge: ovs.integrationBridge, owner, flows }] : [],
    waiting: null,
    problem: null,
  };
}
