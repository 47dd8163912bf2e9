/** The members of a security group as ipsets, where rules on this host refer to the group. */
import type { HostAddressSet } from '../../model/host-objects.ts';
import type { SetFact } from '../facts.ts';
import type { Rendering } from './language.ts';
import { setName } from './names.ts';

/** hash:net takes no prefix of length 0: two halves instead, as Neutron's `_sanitize_addresses`. */
function elements(addresses: readonly string[]): string[] {
  const all = new Set<string>();
  for (const address of addresses) {
    if (address === '0.0.0.0/0') for (const half of ['0.0.0.0/1', '128.0.0.0/1']) all.add(half);
    else if (address === '::/0') for (const half of ['::/1', '8000::/1']) all.add(half);
    else all.add(address.replace(/\/(32|128)$/, (length) => (length === '/32' && address.includes(':') ? length : '')));
  }
  return [...all].sort();
}

/** The facts of `address_set/<id>`. */
export function renderAddressSet(set: HostAddressSet): Rendering {
  const fact = (family: 4 | 6, addresses: readonly string[]): SetFact => {
    return { fact: 'set', namespace: '', name: setName(set.id, family), family, elements: elements(addresses) };
  };
  return { facts: [fact(4, set.ipv4), fact(6, set.ipv6)], waiting: null, problem: null };
}
